"""What one search of hosts looks at: the virtual routers, the rules, the times and the faults."""

from dataclasses import dataclass
from enum import StrEnum

from pyvrrp.simulator.exhaustive.scope import SearchStart, expected_wait
from pyvrrp.units import MILLISECOND, SECOND, Nanoseconds
from pyvrrp.virtual_router.parameters import Parameters


class HostFault(StrEnum):
    """What can happen to a host or a segment; each costs one fault, its repair nothing."""

    CRASH = "crash"  # the process dies, until it is started again; its addresses are removed
    FENCE = "fence"  # the fence of one virtual router closes, until it opens
    LINK = "link"  # the link of one virtual router goes down, until it is up
    CUT = "cut"  # nothing gets through one segment, until it is healed
    LOSE = "lose"  # one advertisement is lost
    DRAIN = "drain"  # the operator drains one virtual router, until it is undone
    RESIGN = "resign"  # the operator has the masters of one group resign


DEFAULT_HOST_FAULTS = frozenset(
    {HostFault.CRASH, HostFault.FENCE, HostFault.LINK, HostFault.CUT, HostFault.LOSE}
)


@dataclass(frozen=True, slots=True)
class HostScope:
    """One search of hosts that have the same virtual routers, each on a segment of its own.

    ``hosts`` has the parameters of every virtual router of every host. ``starts_fenced``: all
    fences are closed at the beginning. ``is_group``: all virtual routers of a host are one group;
    otherwise each is alone. ``is_exclusive``: no two hosts may
    have the addresses at once. ``max_held`` and ``last_resort`` are those of the configuration.
    ``delay`` and ``removal`` are the longest that an advertisement and the removal of addresses
    take; ``quantum`` is how far time may pass at once.
    """

    name: str
    hosts: tuple[tuple[Parameters, ...], ...]
    faults: int = 1
    kinds: frozenset[HostFault] = DEFAULT_HOST_FAULTS
    start: SearchStart = SearchStart.SETTLED
    starts_fenced: bool = False
    is_group: bool = False
    is_exclusive: bool = False
    max_held: int | None = None
    last_resort: bool = False
    delay: Nanoseconds = Nanoseconds(0)
    removal: Nanoseconds = Nanoseconds(250 * MILLISECOND)
    quantum: Nanoseconds = Nanoseconds(250 * MILLISECOND)

    @property
    def segments(self) -> int:
        """How many virtual routers each host has, and segments there are."""
        return len(self.hosts[0])

    @property
    def groups(self) -> tuple[tuple[int, ...], ...]:
        """The numbers of the virtual routers that move together."""
        numbers = tuple(range(self.segments))
        return (numbers,) if self.is_group else tuple((number,) for number in numbers)

    @property
    def remembers(self) -> bool:
        """Whether a rule asks when another router was heard."""
        return self.last_resort or self.max_held is not None

    @property
    def longest_wait(self) -> Nanoseconds:
        """The longest Master_Down_Interval of any virtual router."""
        waits = [expected_wait(one, self.longest_interval) for host in self.hosts for one in host]
        return max(waits)

    @property
    def longest_interval(self) -> Nanoseconds:
        """The longest advertisement interval of all virtual routers."""
        return max(one.advertisement_interval for host in self.hosts for one in host)

    @property
    def vacancy(self) -> Nanoseconds:
        """How long nobody may be MASTER although a host could, after the last fault.

        One handover for which nobody comes may be under way; a crowded host leaves a claim to
        others twice.
        """
        handover = 2 * self.longest_interval
        crowded = 0 if self.max_held is None else 2 * self.longest_wait
        moves = handover + self.longest_wait + crowded
        return Nanoseconds(moves + self.delay + self.removal)

    @property
    def giving_way(self) -> Nanoseconds:
        """How long a last resort may be MASTER beside a healthy BACKUP that hears it.

        The BACKUP waits for a better master that may be about to advertise: up to one of three
        intervals of its Master_Down_Interval. One interval passes until it hears the last resort.
        """
        patience = self.longest_wait - 2 * self.longest_interval
        return Nanoseconds(patience + self.longest_interval + 2 * self.delay)

    @property
    def settling(self) -> Nanoseconds:
        """How long after the last fault everything must be at rest."""
        rest = self.vacancy + self.longest_interval + self.delay
        if not self.last_resort:
            return Nanoseconds(rest)
        # Four times Master_Down_Interval of silence, and its own wait at priority 1.
        return Nanoseconds(rest + 5 * (3 * self.longest_interval + SECOND))
