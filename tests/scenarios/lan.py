"""Several routers on one in-memory LAN; time is moved by hand and a frame takes 100 microseconds.

The machines are the real ones. What the runtime adds is played in its simplest honest form:
addresses are gone a moment after RemoveAddresses, and then the machine is told.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from ipaddress import IPv4Address
from typing import TypeAlias

from pyvrrp.identity import Version
from pyvrrp.units import MICROSECOND, MILLISECOND, SECOND, Nanoseconds
from pyvrrp.virtual_router.actions import (
    Action,
    AddAddresses,
    RemoveAddresses,
    SendAdvertisement,
)
from pyvrrp.virtual_router.events import (
    AddressesGone,
    AdvertisementReceived,
    Event,
    Shutdown,
    Startup,
    TimerFired,
)
from pyvrrp.virtual_router.parameters import Parameters
from pyvrrp.virtual_router.states import Init, Master, State, deadline
from pyvrrp.virtual_router.transitions import step

LATENCY = Nanoseconds(100 * MICROSECOND)
KERNEL = Nanoseconds(1 * MILLISECOND)  # what removing addresses takes


@dataclass(eq=False)
class Router:
    """One node: the machine, whether it runs at all, and whether it holds the addresses."""

    name: str
    parameters: Parameters
    state: State = field(default_factory=lambda: Init("starting"))
    running: bool = True
    holds: bool = False
    log: list[tuple[Nanoseconds, Action]] = field(default_factory=list)

    def when(self, kind: type[Action]) -> list[Nanoseconds]:
        """Return the instants at which this kind of action was asked for."""
        return [instant for instant, action in self.log if isinstance(action, kind)]

    def sent(self, priority: int) -> list[Nanoseconds]:
        """Return the instants at which this priority was advertised."""
        wanted = SendAdvertisement(priority)
        return [instant for instant, action in self.log if action == wanted]


@dataclass(frozen=True)
class Pending:
    at: Nanoseconds
    order: int
    router: Router
    event: Event


Loses: TypeAlias = Callable[[Router, Router, Nanoseconds], bool]


def _nothing(_sender: Router, _receiver: Router, _now: Nanoseconds) -> bool:
    return False


@dataclass
class Lan:
    routers: list[Router]
    now: Nanoseconds = Nanoseconds(0)
    loses: Loses = _nothing
    frames: int = 0
    overlap: Nanoseconds = Nanoseconds(0)
    _pending: list[Pending] = field(default_factory=list)

    def __getitem__(self, name: str) -> Router:
        return next(router for router in self.routers if router.name == name)

    def start(self, *names: str) -> None:
        """Let these routers (all, if none is named) take part."""
        for router in self.routers:
            if not names or router.name in names:
                self.tell(router, Startup())

    def stop(self, name: str, reason: str = "stopping") -> None:
        """Have this router leave the election."""
        self.tell(self[name], Shutdown(reason))

    def kill(self, name: str) -> None:
        """Power the node off: it says nothing and holds nothing."""
        router = self[name]
        router.running = False
        router.holds = False

    def boot(self, name: str) -> None:
        """Power the node on again: it knows nothing of its earlier life."""
        router = self[name]
        self._pending = [event for event in self._pending if event.router is not router]
        router.running = True
        router.state = Init("starting")
        self.tell(router, Startup())

    def pause(self, name: str) -> None:
        """Stop the process; its addresses stay and what arrives is queued."""
        self[name].running = False

    def resume(self, name: str) -> None:
        """Go on: what is queued is read before the timer is believed."""
        self[name].running = True

    def tell(self, router: Router, event: Event) -> None:
        """Let an event happen now."""
        router.state, actions = step(router.state, event, router.parameters, self.now)
        for action in actions:
            router.log.append((self.now, action))
            self._perform(router, action)

    def run(self, until: float) -> None:
        """Move time on to *until* seconds; everything due on the way happens in order."""
        end = Nanoseconds(round(until * SECOND))
        for _ in range(1_000_000):
            due = self._next()
            if due is None or due.at > end:
                break
            if sum(router.holds for router in self.routers) > 1:
                self.overlap = Nanoseconds(self.overlap + max(due.at, self.now) - self.now)
            self.now = max(self.now, due.at)
            if due in self._pending:
                self._pending.remove(due)
            self.tell(due.router, due.event)
        else:
            raise AssertionError("a storm: a million events")
        self.now = end

    def masters(self) -> list[str]:
        """Return who believes to be master, powered nodes only."""
        return [r.name for r in self.routers if isinstance(r.state, Master) and r.running]

    def holders(self) -> list[str]:
        """Return on whose interfaces the addresses are."""
        return [router.name for router in self.routers if router.holds]

    def _next(self) -> Pending | None:
        running = [event for event in self._pending if event.router.running]
        # A timer is believed after what arrived at the same instant was read.
        timers = [
            Pending(due, 1 << 60, router, TimerFired())
            for router in self.routers
            if router.running and (due := deadline(router.state)) is not None
        ]
        return min(
            [*running, *timers],
            key=lambda event: (max(event.at, self.now), event.order),
            default=None,
        )

    def _later(self, delay: Nanoseconds, router: Router, event: Event) -> None:
        self.frames += 1
        self._pending.append(Pending(Nanoseconds(self.now + delay), self.frames, router, event))

    def _perform(self, router: Router, action: Action) -> None:
        match action:
            case SendAdvertisement(priority=priority):
                own = router.parameters
                for peer in self.routers:
                    if peer is not router and not self.loses(router, peer, self.now):
                        self._later(
                            LATENCY,
                            peer,
                            AdvertisementReceived(
                                own.primary_address, priority, own.advertisement_interval
                            ),
                        )
            case AddAddresses():
                router.holds = True
            case RemoveAddresses():
                router.holds = False
                self._later(KERNEL, router, AddressesGone())
            case _:
                pass  # what is only told is in the log


def lan(version: Version, **priorities: int) -> Lan:
    """Make a LAN of routers; the first has the lowest address."""
    return Lan(
        [
            Router(name, Parameters(version, priority, SECOND, IPv4Address(f"192.0.2.{n}")))
            for n, (name, priority) in enumerate(priorities.items(), start=1)
        ]
    )
