"""The resources of a machine as one process reaches them: its commands and its guardian."""

from collections.abc import Callable

from pyvrrp.ports import Command, CommandResult, Commands, Guardian, RunningCommand, StopOrder
from pyvrrp.simulator.world.engine import Engine
from pyvrrp.simulator.world.machine.process import SimulatedProcess
from pyvrrp.simulator.world.machine.resources import ResourceHost, SimulatedCommand
from pyvrrp.units import Nanoseconds


class _RunningCommand(RunningCommand):
    """A command under way, as the daemon sees it."""

    def __init__(self, engine: Engine, resources: ResourceHost, command: SimulatedCommand) -> None:
        self._engine = engine
        self._resources = resources
        self._command = command

    def end_within(self, time: Nanoseconds) -> None:
        """End it *time* from now."""
        self._engine.after(time, self._resources.kill, self._command)


class ProcessCommands(Commands):
    """The commands port of one process."""

    def __init__(self, process: SimulatedProcess, engine: Engine, resources: ResourceHost) -> None:
        self._process = process
        self._engine = engine
        self._resources = resources

    def run(
        self, command: Command, timeout: Nanoseconds, done: Callable[[CommandResult], None]
    ) -> RunningCommand:
        """Run one command: the resource and the action are in its environment."""
        environment = dict(command.environment)
        resource, action = environment["PYVRRP_RESOURCE"], environment["PYVRRP_ACTION"]
        started = SimulatedCommand(resource, action, self._process, done)
        running = _RunningCommand(self._engine, self._resources, started)
        running.end_within(timeout)
        self._resources.begin(started)
        return running


class ProcessGuardian(Guardian):
    """The guardian as one process sees it."""

    def __init__(self, process: SimulatedProcess, engine: Engine, resources: ResourceHost) -> None:
        self._process = process
        self._engine = engine
        self._resources = resources

    def register(self, order: StopOrder) -> None:
        """Know of a resource that is about to be started."""
        self.withdraw(order.router, order.resource)
        self._resources.stop_orders.append(order)
        self.acting()
        self._resources.watch()

    def withdraw(self, router: str, resource: str) -> None:
        """Forget a resource: it has stopped."""
        key = (router, resource)
        self._resources.stop_orders = [
            one for one in self._resources.stop_orders if (one.router, one.resource) != key
        ]

    def acting(self) -> bool:
        """Whether a guardian stops resources now, this one or that of an earlier process."""
        if self._process.running:
            self._resources.life_seen_at = self._engine.now
        return self._resources.acting > 0

    def interventions(self) -> int:
        """Return how often it has stopped everything."""
        return self._resources.interventions
