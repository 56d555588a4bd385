"""Fake commands and a fake guardian: resources that start, stop, fail and hang as a test says."""

from collections.abc import Callable
from dataclasses import dataclass, field

from pyvrrp.config.model.resources import ResourceConfig
from pyvrrp.ports import Command, CommandResult, HandoverOrder, StopOrder
from pyvrrp.units import SECOND, Nanoseconds
from tests.support.clock import FakeClock


@dataclass
class Behaviour:
    """How one action of one resource ends, and when; None: never by itself."""

    status: int = 0
    after: float | None = 0.5
    output: str = ""


@dataclass
class FakeCommand:
    clock: FakeClock
    end: Callable[[], None]
    ended: bool = False

    def end_within(self, time: Nanoseconds) -> None:
        self.clock.call_at(Nanoseconds(self.clock.now() + time), self.end)


@dataclass
class FakeMachine:
    """Commands and Guardian of one host. ``/r/NAME ACTION`` acts on the resource NAME."""

    clock: FakeClock
    running: list[str] = field(default_factory=list)
    behaviours: dict[tuple[str, str], Behaviour] = field(default_factory=dict)
    calls: list[tuple[float, str]] = field(default_factory=list)
    environments: dict[str, dict[str, str]] = field(default_factory=dict)
    under_way: int = 0
    most_under_way: int = 0
    registered: list[StopOrder] = field(default_factory=list)
    guardian_acts: bool = False
    guardian_acted: int = 0
    guardian_removes: bool = False
    handovers: dict[str, HandoverOrder] = field(default_factory=dict)
    handed_over_until: dict[str, Nanoseconds | None] = field(default_factory=dict)

    def behave(
        self, resource: str, action: str, status: int = 0, after: float | None = 0.5, says: str = ""
    ) -> None:
        """Have *action* end so from now on."""
        self.behaviours[resource, action] = Behaviour(status, after, says)

    def done(self) -> list[str]:
        """Return what was started and stopped, monitors aside."""
        return [what for _, what in self.calls if not what.endswith(" monitor")]

    # --- ports ---

    def run(
        self, command: Command, timeout: Nanoseconds, done: Callable[[CommandResult], None]
    ) -> FakeCommand:
        resource, action = command.words[0].removeprefix("/r/"), command.words[-1]
        self.calls.append((round(self.clock.now() / SECOND, 6), f"{resource} {action}"))
        self.environments[f"{resource} {action}"] = dict(command.environment)
        behaviour = self.behaviours.get((resource, action), Behaviour())
        if action == "monitor" and (resource, action) not in self.behaviours:
            behaviour = Behaviour(0 if resource in self.running else 7, 0.05)
        if action != "monitor":
            self.under_way += 1
            self.most_under_way = max(self.most_under_way, self.under_way)

        def end(result: CommandResult) -> None:
            if running.ended:
                return
            running.ended = True
            if action != "monitor":
                self.under_way -= 1
            if action == "start" and result.status == 0 and resource not in self.running:
                self.running.append(resource)
            if action == "stop" and result.status == 0 and resource in self.running:
                self.running.remove(resource)
            done(result)

        killed = CommandResult(None, "killed", behaviour.output)
        running = FakeCommand(self.clock, lambda: end(killed))
        if behaviour.after is not None:
            at = Nanoseconds(self.clock.now() + round(behaviour.after * SECOND))
            result = CommandResult(behaviour.status, "", behaviour.output)
            self.clock.call_at(at, lambda: end(result))
        running.end_within(timeout)
        return running

    def prepare_handover(self, order: HandoverOrder) -> None:
        self.handovers[order.router] = order

    def may_hand_over(self, router: str, until: Nanoseconds | None) -> None:
        self.handed_over_until[router] = until

    def removing(self) -> bool:
        return self.guardian_removes

    def register(self, order: StopOrder) -> None:
        self.registered.append(order)

    def withdraw(self, router: str, resource: str) -> None:
        self.registered = [
            one for one in self.registered if (one.router, one.resource) != (router, resource)
        ]

    def acting(self) -> bool:
        return self.guardian_acts

    def interventions(self) -> int:
        return self.guardian_acted


def resource(name: str, **changes: object) -> ResourceConfig:
    """Return a resource whose commands the fake machine knows."""
    words = {action: (f"/r/{name}", action) for action in ("start", "stop", "monitor")}
    return ResourceConfig(name, **(words | changes))  # type: ignore[arg-type] # a test's shorthand
