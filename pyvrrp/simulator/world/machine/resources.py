"""What runs on one simulated machine beside the daemon: resources, their commands, the guardian.

A resource outlives the daemon. Each command takes a random part of a second. On some machines
commands fail or hang now and then, and resources die by themselves.
"""

from collections.abc import Callable
from random import Random

from pyvrrp.ports import CommandResult, StopOrder
from pyvrrp.simulator.world.engine import Engine
from pyvrrp.simulator.world.machine.process import SimulatedProcess
from pyvrrp.simulator.world.trace import Trace
from pyvrrp.units import MILLISECOND, SECOND, Nanoseconds

QUICKEST = Nanoseconds(20 * MILLISECOND)
SLOWEST = Nanoseconds(800 * MILLISECOND)
LOOK = Nanoseconds(100 * MILLISECOND)  # how often the guardian looks whether the daemon is alive
TRIES = 3  # how often the guardian tries to stop one resource
_LIFE = Nanoseconds(40 * SECOND)  # about how long a resource runs that dies by itself
_HANGS = 0.2  # the part of the failing commands that hang


class ResourceObserver:
    """Is told which resources really run, and ignores it."""

    def resource_changed(self, node: str, resource: str, *, runs: bool) -> None:
        """A resource has been started or stopped."""

    def resource_died(self, node: str, resource: str) -> None:
        """A resource has ended by itself."""

    def resource_stopping(self, node: str, resource: str) -> None:
        """The daemon has begun to stop a resource."""

    def command_failed(self, node: str) -> None:
        """A command of a resource has failed, or hangs."""


class SimulatedCommand:
    """A command of a resource that is running."""

    def __init__(
        self,
        resource: str,
        action: str,
        process: SimulatedProcess,
        done: Callable[[CommandResult], None],
    ) -> None:
        self.resource = resource
        self.action = action
        self._process = process
        self._done = done

    def tell(self, result: CommandResult) -> None:
        """Tell the daemon how it has ended."""
        self._process.io(self._done, result)


class ResourceHost:
    """The resources of one node that run now, their commands, and its guardian."""

    def __init__(
        self,
        node: str,
        engine: Engine,
        random: Random,
        suspended: Callable[[], bool],
        remove_addresses: Callable[[], None],
        trace: Trace,
        observer: ResourceObserver,
    ) -> None:
        self.observer = observer
        self.running: set[str] = set()
        self.stop_orders: list[StopOrder] = []
        self.acting = 0  # guardians at work
        self.interventions = 0
        self.life_seen_at = 0
        self._node = node
        self._engine = engine
        self._random = random
        self._suspended = suspended
        self._remove_addresses = remove_addresses
        self._trace = trace
        self._odds = random.choice((0.0, 0.0, 0.04, 0.15))
        self._mortal = random.random() < 0.3  # noqa: PLR2004 - a chance
        self._commands: set[SimulatedCommand] = set()
        self._watching = False

    # Commands.

    def begin(self, running: SimulatedCommand) -> None:
        """Start a command; it ends by itself unless it hangs."""
        self._commands.add(running)
        if running.action == "stop":
            self.observer.resource_stopping(self._node, running.resource)
        wrong = running.action != "monitor" and self._random.random() < self._odds
        if wrong and self._random.random() < _HANGS:
            self.observer.command_failed(self._node)
            return
        takes = QUICKEST + int(self._random.random() * (SLOWEST - QUICKEST))
        self._engine.after(takes, self._end, running, wrong)

    def kill(self, running: SimulatedCommand) -> None:
        """End a command that takes too long."""
        if running in self._commands:
            self._commands.discard(running)
            self.observer.command_failed(self._node)
            running.tell(CommandResult(None, "killed"))

    def _end(self, running: SimulatedCommand, wrong: bool) -> None:  # noqa: FBT001 - an argument of a job
        if running not in self._commands:
            return
        self._commands.discard(running)
        if wrong:
            self.observer.command_failed(self._node)
            running.tell(CommandResult(1, "", "went wrong"))
            return
        running.tell(self._act(running.resource, running.action))

    def _act(self, resource: str, action: str) -> CommandResult:
        runs = resource in self.running
        if action == "monitor":
            return CommandResult(0 if runs else 7)
        if action == "start" and not runs:
            self.running.add(resource)
            self._trace.note(self._node, "resource", f"starts {resource}")
            self.observer.resource_changed(self._node, resource, runs=True)
            if self._mortal:
                lives = int(self._random.expovariate(1) * _LIFE)
                self._engine.after(lives, self._die, resource)
        elif action == "stop" and runs:
            self.running.discard(resource)
            self._trace.note(self._node, "resource", f"stops {resource}")
            self.observer.resource_changed(self._node, resource, runs=False)
        return CommandResult(0)

    def _die(self, resource: str) -> None:
        if resource in self.running:
            self.running.discard(resource)
            self._trace.note(self._node, "resource", f"{resource} dies")
            self.observer.resource_died(self._node, resource)

    # The guardian.

    def watch(self) -> None:
        """Look for signs of life as long as something exclusive runs."""
        if not self._watching and any(order.watchdog for order in self.stop_orders):
            self._watching = True
            self._engine.after(LOOK, self._look)

    def _look(self) -> None:
        self._watching = False
        watchdog = min((one.watchdog for one in self.stop_orders if one.watchdog), default=None)
        if watchdog is None or self.acting:
            return
        silent = self._engine.now - self.life_seen_at
        if silent > watchdog and not self._suspended():
            self._intervene()
            return
        self.watch()

    def daemon_died(self, *, guarded: bool) -> None:
        """End the commands of a daemon that has died; the next one has to wait."""
        if not guarded:
            self.stop_orders.clear()
            return
        self.acting += 1
        self._kill_all()

    def stop_all(self) -> None:
        """Stop what a dead daemon ran, in reverse, one after the other."""
        self._stop_next(list(reversed(self.stop_orders)), TRIES, False)

    def _intervene(self) -> None:
        self.acting += 1
        self._remove_addresses()
        self._kill_all()
        orders = [one for one in self.stop_orders if one.watchdog]
        self._stop_next(list(reversed(orders)), TRIES, True)

    def _kill_all(self) -> None:
        for running in tuple(self._commands):
            self.kill(running)

    def _stop_next(self, orders: list[StopOrder], tries: int, intervenes: bool) -> None:  # noqa: FBT001 - an argument of a job
        if self._suspended():
            self._engine.after(LOOK, self._stop_next, orders, tries, intervenes)
        elif not orders or not tries:
            self.acting -= 1
            self.interventions += intervenes
            self.watch()
        else:
            takes = QUICKEST + int(self._random.random() * (SLOWEST - QUICKEST))
            self._engine.after(takes, self._stop, orders, tries, intervenes)

    def _stop(self, orders: list[StopOrder], tries: int, intervenes: bool) -> None:  # noqa: FBT001 - an argument of a job
        if self._random.random() < self._odds:
            self.observer.command_failed(self._node)
            self._stop_next(orders, tries - 1, intervenes)
            return
        order, *rest = orders
        self._act(order.resource, "stop")
        self.stop_orders = [one for one in self.stop_orders if one is not order]
        self._stop_next(rest, TRIES, intervenes)
