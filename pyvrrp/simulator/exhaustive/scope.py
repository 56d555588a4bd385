"""What one exhaustive search looks at: the routers, the times and the faults."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TypeAlias

from pyvrrp.identity import Version
from pyvrrp.units import MILLISECOND, SECOND, Nanoseconds
from pyvrrp.virtual_router.actions import Step
from pyvrrp.virtual_router.events import Event
from pyvrrp.virtual_router.parameters import Parameters
from pyvrrp.virtual_router.states import State

StepFunction: TypeAlias = Callable[[State, Event, Parameters, Nanoseconds], Step]

# How long a predecessor waits for a successor that does not announce, beyond its linger. Written
# again, so that it can disagree.
SUCCESSOR_WAIT = Nanoseconds(450 * MILLISECOND)
# How long after the end of a lease a router counts the addresses as gone: docs/lease.md. Again so.
LEASE_END = Nanoseconds(1500 * MILLISECOND)


class SearchedFault(StrEnum):
    """What can go wrong. Each occurrence counts as one fault of the scope, its repair does not."""

    LOSE = "lose"  # one advertisement on its way to one receiver
    DELAY = "delay"  # the same, but it arrives later than it may
    DUPLICATE = "duplicate"  # it arrives twice
    CUT = "cut"  # one direction between two nodes, or all of one node, until healed
    FENCE = "fence"  # a fence closes, until it opens
    CRASH = "crash"  # a process dies, until it is started again
    STALL = "stall"  # a process stands still, until it goes on
    SLOW_KERNEL = "slow kernel"  # one removal of addresses takes long
    REFUSED_ADDITION = "refused addition"  # the kernel refuses to add the addresses, once
    REFUSED_REMOVAL = "refused removal"  # it refuses to remove them, until their lease is over


REFUSALS = frozenset({SearchedFault.REFUSED_ADDITION, SearchedFault.REFUSED_REMOVAL})
# The kinds of most configurations. Those with a kernel that refuses have fewer of the others.
USUAL_KINDS = frozenset(SearchedFault) - REFUSALS


class SearchStart(StrEnum):
    """Where all histories of a scope begin."""

    COLD = "cold"  # no process runs; each may be started at any time
    SETTLED = "settled"  # all run, the best is master, and nothing has happened for long


@dataclass(frozen=True, slots=True)
class Scope:
    """One search. Router *i* is node *i + 1* in every text; all times are nanoseconds.

    ``delay`` and ``removal`` are the longest that an advertisement and the removal of addresses
    take without a fault, ``late`` and ``slow`` the longest with one; ``lease`` is how long the
    addresses of a dead or standing process last; ``quantum`` is how far time may pass at once.
    ``addition`` is the longest until a new master has its addresses and announces them.
    """

    name: str
    routers: tuple[Parameters, ...]
    faults: int = 1
    kinds: frozenset[SearchedFault] = USUAL_KINDS
    start: SearchStart = SearchStart.COLD
    delay: Nanoseconds = Nanoseconds(250 * MILLISECOND)
    removal: Nanoseconds = Nanoseconds(250 * MILLISECOND)
    late: Nanoseconds = Nanoseconds(2 * SECOND)
    slow: Nanoseconds = Nanoseconds(2 * SECOND)
    lease: Nanoseconds = Nanoseconds(2 * SECOND)
    quantum: Nanoseconds = Nanoseconds(250 * MILLISECOND)
    addition: Nanoseconds = Nanoseconds(0)
    handovers: int = 0  # by an operator, besides
    answered: bool = False  # whether a node must have the addresses all the time

    def patience(self, router: Parameters) -> Nanoseconds:
        """How long a router that hands over waits for a successor."""
        interval = router.advertisement_interval
        slowest = replace(router, priority=1)
        return Nanoseconds(expected_skew(slowest, interval) + interval)

    @property
    def linger(self) -> Nanoseconds:
        """The longest that a router keeps its addresses after it was followed."""
        linger = max(router.linger for router in self.routers)
        return Nanoseconds(linger + SUCCESSOR_WAIT) if self.handovers else linger

    @property
    def refused(self) -> Nanoseconds:
        """How long a kernel that refuses to remove addresses has them; 0 if it never refuses."""
        refuses = self.faults and SearchedFault.REFUSED_REMOVAL in self.kinds
        return self.lease if refuses else Nanoseconds(0)

    @property
    def certainly_gone(self) -> Nanoseconds:
        """How long after that a router may count its addresses as gone; 0 likewise."""
        return Nanoseconds(self.refused + LEASE_END) if self.refused else Nanoseconds(0)

    @property
    def longest_interval(self) -> Nanoseconds:
        """The longest advertisement interval of all routers."""
        return max(router.advertisement_interval for router in self.routers)

    @property
    def longest_wait(self) -> Nanoseconds:
        """The longest Master_Down_Interval that any router can come to."""
        return max(expected_wait(router, self.longest_interval) for router in self.routers)

    @property
    def clean_overlap(self) -> Nanoseconds:
        """How long two may be master when no message of the change was lost.

        One delay for the loser to hear the winner; with more nodes, another may claim meanwhile.
        """
        return Nanoseconds((len(self.routers) - 1) * self.delay)

    @property
    def overlap(self) -> Nanoseconds:
        """How long two may be master once messages are delivered in time again."""
        return Nanoseconds(self.longest_interval + self.clean_overlap)

    @property
    def vacancy(self) -> Nanoseconds:
        """How long there may be no master although a node could be it, when nothing is lost."""
        removal = max(self.removal, self.certainly_gone)
        return Nanoseconds(self.longest_wait + self.delay + removal)

    @property
    def settling(self) -> Nanoseconds:
        """How long after the last fault the right router must be the only master."""
        patience = max(router.preempt_delay for router in self.routers)
        return Nanoseconds(self.vacancy + self.longest_interval + self.delay + patience)


def expected_skew(router: Parameters, interval: Nanoseconds) -> Nanoseconds:
    """Skew_Time by the letter of the RFCs, written again so that it can disagree."""
    unit = 1_000_000_000 if router.version is Version.V2 else interval
    return Nanoseconds(unit * (256 - router.priority) // 256)


def expected_wait(router: Parameters, interval: Nanoseconds) -> Nanoseconds:
    """Master_Down_Interval by the letter of the RFCs, written again so that it can disagree."""
    return Nanoseconds(3 * interval + expected_skew(router, interval))
