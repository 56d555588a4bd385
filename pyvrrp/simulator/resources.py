"""What runs on one simulated machine beside the daemon: resources, their commands, the guardian.

A resource outlives the daemon. Its commands take a random part of a second and do what they are
asked to, unless the scenario has broken them.
"""

from collections.abc import Callable
from functools import partial
from random import Random

from pyvrrp.ports import Command, CommandResult, Commands, Heir, Legacy
from pyvrrp.simulator.engine import Engine
from pyvrrp.simulator.process import Life, Process
from pyvrrp.units import MILLISECOND, Nanoseconds

QUICKEST = Nanoseconds(20 * MILLISECOND)
SLOWEST = Nanoseconds(800 * MILLISECOND)


class Machine:
    """The resources of one node that run now, and those whose commands are broken."""

    def __init__(self, engine: Engine, random: Random) -> None:
        self.running: set[str] = set()
        self.broken: dict[tuple[str, str], bool] = {}  # (resource, action): whether it hangs
        self.legacies: list[Legacy] = []
        self._engine = engine
        self._random = random
        self.changed: Callable[[str, bool], None] = lambda _resource, _runs: None

    def takes(self) -> Nanoseconds:
        """Return how long the next command takes."""
        return Nanoseconds(QUICKEST + int(self._random.random() * (SLOWEST - QUICKEST)))

    def act(self, resource: str, action: str) -> CommandResult:
        """Do what a command does at its end."""
        if (resource, action) in self.broken:
            return CommandResult(1, "", "broken")
        runs = resource in self.running
        if action == "monitor":
            return CommandResult(0 if runs else 7)
        if action == "start":
            self.running.add(resource)
        else:
            self.running.discard(resource)
        if runs is not (action == "start"):
            self.changed(resource, action == "start")
        return CommandResult(0)

    def hangs(self, resource: str, action: str) -> bool:
        """Return whether a command does not end before its deadline."""
        return self.broken.get((resource, action), False)

    def inherit_all(self) -> None:
        """Guardian: the daemon is dead; stop what it ran, in reverse, one after the other."""
        if not self.legacies:
            return
        legacy = self.legacies.pop()
        self._engine.at(self._engine.now + self.takes(), partial(self._stop, legacy))

    def _stop(self, legacy: Legacy) -> None:
        if self.act(legacy.resource, "stop").status != 0:
            self.legacies.append(legacy)
        self.inherit_all()


class _Running:
    """A command under way; `done` is called once."""

    def __init__(self, commands: "ProcessCommands", resource: str, action: str) -> None:
        self._commands = commands
        self.resource = resource
        self.action = action
        self.ended = False

    def end_within(self, time: Nanoseconds) -> None:
        """Have it ended *time* from now."""
        self._commands.kill_after(self, time)


class ProcessCommands(Commands):
    """The commands port of one process."""

    def __init__(self, process: Process, engine: Engine, machine: Machine) -> None:
        self._process = process
        self._engine = engine
        self._machine = machine
        self._waiting: dict[_Running, Callable[[CommandResult], None]] = {}

    def run(
        self, command: Command, timeout: Nanoseconds, done: Callable[[CommandResult], None]
    ) -> _Running:
        """Run one command: its last word is the action, the resource is in its environment."""
        resource = dict(command.environment)["PYVRRP_RESOURCE"]
        running = _Running(self, resource, command.words[-1])
        self._waiting[running] = done
        if not self._machine.hangs(resource, running.action):
            at = self._engine.now + self._machine.takes()
            self._engine.at(at, partial(self._end, running))
        self.kill_after(running, timeout)
        return running

    def kill_after(self, running: _Running, time: Nanoseconds) -> None:
        """Have it killed *time* from now unless it has ended."""
        self._engine.at(self._engine.now + time, partial(self._kill, running))

    def _end(self, running: _Running) -> None:
        # The guardian of a dead daemon kills its commands too.
        if not running.ended and self._process.life is not Life.DEAD:
            self._tell(running, self._machine.act(running.resource, running.action))

    def _kill(self, running: _Running) -> None:
        if not running.ended:
            self._tell(running, CommandResult(None, "killed"))

    def _tell(self, running: _Running, result: CommandResult) -> None:
        running.ended = True
        done = self._waiting.pop(running)
        self._process.io(partial(done, result))


class ProcessHeir(Heir):
    """The guardian as one process sees it."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine

    def inherit(self, legacy: Legacy) -> None:
        """Know of a resource that is about to be started."""
        self._machine.legacies.append(legacy)

    def disinherit(self, router: str, resource: str) -> None:
        """Forget a resource: it has stopped."""
        self._machine.legacies = [
            one
            for one in self._machine.legacies
            if (one.router, one.resource) != (router, resource)
        ]

    def acting(self) -> bool:
        """Whether an earlier life's guardian is still at work."""
        return False

    def interventions(self) -> int:
        """How often it has stopped everything."""
        return 0
