"""One resource: its start, its stop and its monitor, one command at a time.

The chain decides when. A method calls its callback at the end. The next method may be called only
after that, except for `shorten_start` and `unwatch`.
"""

from collections.abc import Callable
from enum import StrEnum
from typing import TypeAlias

from pyvrrp.config.model.resources import AgentClass, ResourceConfig
from pyvrrp.ports import Command, CommandResult, Ports, RunningCommand
from pyvrrp.runtime.base.deadline_timer import DeadlineTimer
from pyvrrp.runtime.resources.exit_status import (
    CommandOutcome,
    Kind,
    after_monitor,
    after_start,
    after_stop,
)
from pyvrrp.units import MILLISECOND, Nanoseconds, in_words

READY_LOOK = Nanoseconds(200 * MILLISECOND)  # between two looks at what is being started
OnOutcome: TypeAlias = Callable[[CommandOutcome], None]


class ResourceState(StrEnum):
    """What is known of a resource."""

    UNKNOWN = "unknown"  # an earlier process may have left it running
    STOPPED = "stopped"
    STARTING = "starting"
    STARTED = "started"
    FAILED = "failed"  # its start or its monitor failed; parts of it may run
    STOPPING = "stopping"
    STUCK = "stuck"  # it did not stop


class Resource:
    """One resource. *describe* gives the environment of an action, such as ``start``."""

    def __init__(
        self,
        config: ResourceConfig,
        ports: Ports,
        netns: str,
        describe: Callable[[str], tuple[tuple[str, str], ...]],
    ) -> None:
        self.config = config
        self.state = ResourceState.UNKNOWN
        self.why = ""  # the last thing that went wrong; empty after a good start
        self.touched = False  # whether this process has started it, or has seen it run
        self.restarts: list[Nanoseconds] = []
        self._ports = ports
        self._clock = ports.clock
        self._netns = netns
        self._describe = describe
        self._running: RunningCommand | None = None
        self._deadline = Nanoseconds(0)
        self._again: Callable[[], None] | None = None
        self._ready_look = DeadlineTimer(ports.clock, self._look_again)
        self._monitor = DeadlineTimer(ports.clock, self._look)
        self._watcher: OnOutcome | None = None
        self._watch = 0  # a number for each period of watching: late results are of an older one

    def command(self, action: str) -> Command:
        """Return the command of *action* with its environment."""
        words = {
            "start": self.config.start,
            "stop": self.config.stop,
            "monitor": self.config.monitor,
        }[action]
        extra: tuple[tuple[str, str], ...] = ()
        if self.config.agent_class is AgentClass.OCF:
            milliseconds = self._timeout(action) // MILLISECOND
            extra = (("OCF_RESKEY_CRM_meta_timeout", str(milliseconds)),)
        return Command(words, (*self.environment(action), *extra), self._netns)

    def environment(self, action: str) -> tuple[tuple[str, str], ...]:
        """Return the environment of a command for this resource."""
        own = ("PYVRRP_RESOURCE", self.config.name)
        return (*self.config.environment, own, *self._describe(action))

    def start(self, done: OnOutcome) -> None:
        """Start it and wait until it runs: GOOD, or why it does not run in time."""
        self.state, self.touched = ResourceState.STARTING, True
        self._deadline = Nanoseconds(self._clock.now() + self.config.start_timeout)

        def ended(result: CommandResult) -> None:
            outcome = after_start(self.config, result)
            if outcome.kind is Kind.GOOD and self.config.monitor:
                self._look_whether_ready(done)
                return
            self._end_start(outcome, done)

        self._run("start", self.config.start_timeout, ended)

    def shorten_start(self) -> None:
        """Limit a start that is no longer wanted to the time of a stop."""
        if self.state is not ResourceState.STARTING:
            return
        left = self.config.stop_timeout
        self._deadline = min(self._deadline, Nanoseconds(self._clock.now() + left))
        if self._running is not None:
            self._running.end_within(left)

    def stop(self, done: OnOutcome) -> None:
        """Stop it, unless it is known to be stopped: STOPPED, or why that is not sure."""
        if self.state is ResourceState.UNKNOWN and self.config.monitor:
            self._look_before_stopping(done)
            return
        self._stop(done)

    def watch(self, failed: OnOutcome) -> None:
        """Run the monitor at its interval from now on. *failed* gets the first failure."""
        self._watcher = failed
        self._watch += 1
        if self.config.monitor:
            self._monitor.set(Nanoseconds(self._clock.now() + self.config.monitor_interval))

    def unwatch(self) -> None:
        """Stop the monitor, and ignore the one that is under way."""
        if self._watcher is not None and self._running is not None:
            self._running.end_within(Nanoseconds(0))
            self._running = None
        self._watcher = None
        self._watch += 1
        self._monitor.set(None)

    # --- starting ---

    def _look_whether_ready(self, done: OnOutcome) -> None:
        def ended(result: CommandResult) -> None:
            outcome = after_monitor(self.config, result)
            if outcome.kind in {Kind.GOOD, Kind.HOPELESS}:
                self._end_start(outcome, done)
            elif self._clock.now() + READY_LOOK >= self._deadline:
                within = in_words(self.config.start_timeout)
                why = f"does not run {within} after it was started: {outcome.why}"
                self._end_start(CommandOutcome(Kind.FAILED, why, outcome.output), done)
            else:
                self._again = lambda: self._look_whether_ready(done)
                self._ready_look.set(Nanoseconds(self._clock.now() + READY_LOOK))

        left = max(Nanoseconds(self._deadline - self._clock.now()), MILLISECOND)
        self._run("monitor", min(self.config.monitor_timeout, left), ended)

    def _look_again(self) -> None:
        again, self._again = self._again, None
        if again is not None:
            again()

    def _end_start(self, outcome: CommandOutcome, done: OnOutcome) -> None:
        good = outcome.kind is Kind.GOOD
        self.state = ResourceState.STARTED if good else ResourceState.FAILED
        self.why = "" if good else outcome.why
        done(outcome)

    # --- stopping ---

    def _look_before_stopping(self, done: OnOutcome) -> None:
        def ended(result: CommandResult) -> None:
            outcome = after_monitor(self.config, result)
            if outcome.kind is Kind.STOPPED:
                self._end_stop(outcome, done)
                return
            self.touched = self.touched or outcome.kind is Kind.GOOD
            self._stop(done)

        self._run("monitor", self.config.monitor_timeout, ended)

    def _stop(self, done: OnOutcome) -> None:
        self.state = ResourceState.STOPPING

        def ended(result: CommandResult) -> None:
            outcome = after_stop(self.config, result)
            if outcome.kind is not Kind.STOPPED and self.config.monitor:
                self._look_whether_stopped(outcome, done)
                return
            self._end_stop(outcome, done)

        self._run("stop", self.config.stop_timeout, ended)

    def _look_whether_stopped(self, stop: CommandOutcome, done: OnOutcome) -> None:
        def ended(result: CommandResult) -> None:
            outcome = after_monitor(self.config, result)
            if outcome.kind is Kind.STOPPED:
                self._end_stop(outcome, done)
                return
            why = f"{stop.why}; it still runs" if outcome.kind is Kind.GOOD else stop.why
            self._end_stop(CommandOutcome(Kind.FAILED, why, stop.output), done)

        self._run("monitor", self.config.monitor_timeout, ended)

    def _end_stop(self, outcome: CommandOutcome, done: OnOutcome) -> None:
        if outcome.kind is Kind.STOPPED:
            self.state = ResourceState.STOPPED
        else:
            self.state, self.why = ResourceState.STUCK, outcome.why
        done(outcome)

    # --- the monitor while it runs ---

    def _look(self) -> None:
        watch = self._watch

        def ended(result: CommandResult) -> None:
            if watch != self._watch or self._watcher is None:
                return
            outcome = after_monitor(self.config, result)
            if outcome.kind is Kind.GOOD:
                self._monitor.set(Nanoseconds(self._clock.now() + self.config.monitor_interval))
                return
            self.state, self.why = ResourceState.FAILED, outcome.why
            self._watcher(outcome)

        if self._watcher is not None:
            self._run("monitor", self.config.monitor_timeout, ended)

    def _run(
        self, action: str, timeout: Nanoseconds, ended: Callable[[CommandResult], None]
    ) -> None:
        running: RunningCommand

        def finish(result: CommandResult) -> None:
            if self._running is running:
                self._running = None
            ended(result)

        running = self._ports.commands.run(self.command(action), timeout, finish)
        self._running = running

    def _timeout(self, action: str) -> Nanoseconds:
        return {
            "start": self.config.start_timeout,
            "stop": self.config.stop_timeout,
            "monitor": self.config.monitor_timeout,
        }[action]
