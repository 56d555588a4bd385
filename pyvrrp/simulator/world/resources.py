"""What runs on one simulated machine beside the daemon: resources, their commands, the guardian.

A resource outlives the daemon. Its commands take a random part of a second; on some machines they
fail now and then, or hang, and resources die by themselves.
"""

from collections.abc import Callable
from functools import partial
from random import Random
from typing import Protocol

from pyvrrp.ports import Command, CommandResult, Commands, Heir, Legacy
from pyvrrp.simulator.world.engine import Engine
from pyvrrp.simulator.world.process import ProcessLife, SimulatedProcess
from pyvrrp.units import MILLISECOND, SECOND, Nanoseconds

QUICKEST = Nanoseconds(20 * MILLISECOND)
SLOWEST = Nanoseconds(800 * MILLISECOND)
LOOK = Nanoseconds(100 * MILLISECOND)  # of the guardian, for a sign of life
TRIES = 3  # of the guardian, to stop one resource
_LIFE = Nanoseconds(40 * SECOND)  # of a resource that dies by itself, about
_HANGS = 0.2  # of the commands that go wrong


class ResourceObserver(Protocol):
    """Whoever wants to know what really runs."""

    def resource_changed(self, node: str, resource: str, *, runs: bool) -> None:
        """A resource has been started or stopped, by whomever."""

    def resource_died(self, node: str, resource: str) -> None:
        """A resource has ended by itself."""

    def resource_stopping(self, node: str, resource: str) -> None:
        """The daemon has begun to stop a resource."""


class ResourceHost:
    """The resources of one node that run now, their commands, and its guardian."""

    def __init__(
        self,
        node: str,
        engine: Engine,
        random: Random,
        suspended: Callable[[], bool],
    ) -> None:
        self.remove: Callable[[], None] = lambda: None  # all addresses, at once
        self.observer: ResourceObserver
        self.running: set[str] = set()
        self.legacies: list[Legacy] = []
        self.acting = 0  # guardians at work
        self.interventions = 0
        self.life_seen_at = Nanoseconds(0)
        self._node = node
        self._engine = engine
        self._random = random
        self._suspended = suspended
        self._odds = random.choice((0.0, 0.0, 0.04, 0.15))
        self._mortal = random.random() < 0.3  # noqa: PLR2004 - a chance
        self._commands: set[_Running] = set()
        self._watching = False

    # Commands.

    def begin(self, running: "_Running") -> None:
        """Have a command under way; it ends by itself unless it hangs."""
        self._commands.add(running)
        if running.action == "stop":
            self.observer.resource_stopping(self._node, running.resource)
        wrong = running.action != "monitor" and self._random.random() < self._odds
        if wrong and self._random.random() < _HANGS:
            return
        takes = QUICKEST + int(self._random.random() * (SLOWEST - QUICKEST))
        self._engine.at(self._engine.now + takes, partial(self._end, running, wrong=wrong))

    def kill(self, running: "_Running") -> None:
        """End a command that takes too long."""
        if running in self._commands:
            self._commands.discard(running)
            running.tell(CommandResult(None, "killed"))

    def _end(self, running: "_Running", *, wrong: bool) -> None:
        if running not in self._commands:
            return
        self._commands.discard(running)
        if wrong:
            running.tell(CommandResult(1, "", "went wrong"))
            return
        running.tell(self._act(running.resource, running.action))

    def _act(self, resource: str, action: str) -> CommandResult:
        runs = resource in self.running
        if action == "monitor":
            return CommandResult(0 if runs else 7)
        if action == "start" and not runs:
            self.running.add(resource)
            self.observer.resource_changed(self._node, resource, runs=True)
            if self._mortal:
                lives = int(self._random.expovariate(1) * _LIFE)
                self._engine.at(self._engine.now + lives, partial(self._die, resource))
        elif action == "stop" and runs:
            self.running.discard(resource)
            self.observer.resource_changed(self._node, resource, runs=False)
        return CommandResult(0)

    def _die(self, resource: str) -> None:
        if resource in self.running:
            self.running.discard(resource)
            self.observer.resource_died(self._node, resource)

    # The guardian.

    def watch(self) -> None:
        """Look for signs of life as long as something exclusive runs."""
        if not self._watching and any(legacy.watchdog for legacy in self.legacies):
            self._watching = True
            self._engine.at(self._engine.now + LOOK, self._look)

    def _look(self) -> None:
        self._watching = False
        watchdog = min((one.watchdog for one in self.legacies if one.watchdog), default=None)
        if watchdog is None or self.acting:
            return
        silent = self._engine.now - self.life_seen_at
        if silent > watchdog and not self._suspended():
            self._intervene()
            return
        self.watch()

    def daemon_died(self, *, guarded: bool) -> None:
        """Take note of it: its commands die too, and the next daemon has to wait."""
        if not guarded:
            self.legacies.clear()
            return
        self.acting += 1
        self._kill_all()

    def stop_all(self) -> None:
        """Stop what a dead daemon ran, in reverse, one after the other."""
        self._stop_next(list(reversed(self.legacies)), TRIES, intervenes=False)

    def _intervene(self) -> None:
        self.acting += 1
        self.remove()
        self._kill_all()
        wills = [one for one in self.legacies if one.watchdog]
        self._stop_next(list(reversed(wills)), TRIES, intervenes=True)

    def _kill_all(self) -> None:
        for running in tuple(self._commands):
            self.kill(running)

    def _stop_next(self, wills: list[Legacy], tries: int, *, intervenes: bool) -> None:
        if self._suspended():
            again = partial(self._stop_next, wills, tries, intervenes=intervenes)
            self._engine.at(self._engine.now + LOOK, again)
        elif not wills or not tries:
            self.acting -= 1
            self.interventions += intervenes
            self.watch()
        else:
            takes = QUICKEST + int(self._random.random() * (SLOWEST - QUICKEST))
            stop = partial(self._stop, wills, tries, intervenes=intervenes)
            self._engine.at(self._engine.now + takes, stop)

    def _stop(self, wills: list[Legacy], tries: int, *, intervenes: bool) -> None:
        if self._random.random() < self._odds:
            self._stop_next(wills, tries - 1, intervenes=intervenes)
            return
        will, *rest = wills
        self._act(will.resource, "stop")
        self.legacies = [one for one in self.legacies if one is not will]
        self._stop_next(rest, TRIES, intervenes=intervenes)


class _Running:
    """A command under way."""

    def __init__(
        self,
        machine: ResourceHost,
        process: SimulatedProcess,
        engine: Engine,
        what: tuple[str, str],
        done: Callable[[CommandResult], None],
    ) -> None:
        self.resource, self.action = what
        self._machine = machine
        self._process = process
        self._engine = engine
        self._done = done

    def end_within(self, time: Nanoseconds) -> None:
        """Have it ended *time* from now."""
        self._engine.at(self._engine.now + time, partial(self._machine.kill, self))

    def tell(self, result: CommandResult) -> None:
        """It has ended."""
        self._process.io(partial(self._done, result))


class ProcessCommands(Commands):
    """The commands port of one process."""

    def __init__(self, process: SimulatedProcess, engine: Engine, machine: ResourceHost) -> None:
        self._process = process
        self._engine = engine
        self._machine = machine

    def run(
        self, command: Command, timeout: Nanoseconds, done: Callable[[CommandResult], None]
    ) -> _Running:
        """Run one command: the resource and the action are in its environment."""
        environment = dict(command.environment)
        what = (environment["PYVRRP_RESOURCE"], environment["PYVRRP_ACTION"])
        running = _Running(self._machine, self._process, self._engine, what, done)
        running.end_within(timeout)
        self._machine.begin(running)
        return running


class ProcessGuardian(Heir):
    """The guardian as one process sees it."""

    def __init__(self, process: SimulatedProcess, engine: Engine, machine: ResourceHost) -> None:
        self._process = process
        self._engine = engine
        self._machine = machine

    def inherit(self, legacy: Legacy) -> None:
        """Know of a resource that is about to be started."""
        self.disinherit(legacy.router, legacy.resource)
        self._machine.legacies.append(legacy)
        self.acting()
        self._machine.watch()

    def disinherit(self, router: str, resource: str) -> None:
        """Forget a resource: it has stopped."""
        key = (router, resource)
        self._machine.legacies = [
            one for one in self._machine.legacies if (one.router, one.resource) != key
        ]

    def acting(self) -> bool:
        """Whether a guardian acts, this one or an earlier life's."""
        if self._process.life is ProcessLife.RUNNING:
            self._machine.life_seen_at = self._engine.now
        return self._machine.acting > 0

    def interventions(self) -> int:
        """How often it has stopped everything."""
        return self._machine.interventions
