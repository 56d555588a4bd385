"""What must hold in every simulated world: each with a name, a sentence and its origin.

The bounds are computed from the parameters of a scenario in `bounds`, and ``docs/simulator.md``
gives the reasons. A scenario that breaks one has found a defect, in pyvrrp or in the reasoning.
"""

from dataclasses import dataclass
from enum import StrEnum

from pyvrrp.units import SECOND, Nanoseconds


class InvariantName(StrEnum):
    """The invariants, by the names that reports use."""

    ONE_HOLDER = "one-holder"
    LEASE = "lease-runs-out"
    NEVER_TWO = "never-two-with-a-lease-in-etcd"
    FENCED = "fenced-holds-nothing"
    SERVED = "somebody-holds"
    NOT_BEFORE_OPEN = "nothing-before-the-fence-opens"
    HOLD_DOWN = "hold-down-is-kept"
    REMOVED_FIRST = "removed-before-release"
    RELEASE_SENT = "release-is-sent"
    TAKEOVER = "takeover-is-due"
    NOT_LATE = "takeover-is-not-late"
    GATE = "claim-needs-a-fresh-pass"
    NEIGHBOUR = "no-claim-against-a-living-neighbour"
    YIELD = "yields-only-to-better"
    QUIET = "quiet-world-stays-quiet"
    ANNOUNCED = "announced-at-once"
    REANNOUNCED = "announced-after-a-rival"
    INVALID = "invalid-changes-nothing"
    PACE = "master-advertises-on-time"
    HEARD = "a-master-is-heard"
    STALE_CLAIM = "no-claim-after-a-stall"
    ANSWERS = "answers-a-losing-master"
    STOPPED = "stop-leaves-nothing"
    ONLY_MASTER = "only-a-master-holds"
    PUT_BACK = "put-back-at-once"
    STATUS = "status-tells-the-truth"
    PLACEMENT = "the-right-one-holds"
    CLIENTS = "clients-reach-the-holder"
    RUNAWAY = "time-goes-on"
    HANDOVER = "handover-ends"
    NO_GAP = "handover-without-a-gap"
    ONLY_MASTER_SPEAKS = "only-a-master-announces"
    DRAINED = "drained-stays-out"
    IN_ORDER = "resources-in-order"
    ADDRESS_LAST = "addresses-stand-on-resources"
    RELEASED_LAST = "stopped-before-release"
    EXCLUSIVE = "never-on-two-nodes"
    GROUP = "members-agree"
    LAST_RESORT = "last-resort-is-the-last"
    STANDING = "stands-with-the-right-priority"
    NO_ERROR = "nothing-raises"


@dataclass(frozen=True, slots=True)
class Invariant:
    """One invariant. *origin* names its form in the list it was derived from."""

    name: InvariantName
    origin: str
    statement: str


INVARIANTS: tuple[Invariant, ...] = (
    Invariant(
        InvariantName.ONE_HOLDER,
        "INV1",
        "Two running nodes that hear each other do not both hold an address for longer than one "
        "advertisement interval plus 50 ms and the delays of the network and of the kernel; after "
        "an order to hand over, 500 ms if the successor does not announce.",
    ),
    Invariant(
        InvariantName.LEASE,
        "INV1b",
        "A node whose daemon is dead, stopped or unable to send does not hold an address after "
        "its lease; after a kill with a guardian not for more than milliseconds.",
    ),
    Invariant(
        InvariantName.NEVER_TWO,
        "INV1, INV6",
        "With a lease in etcd no two running machines have an address at any instant, whether they "
        "hear each other or not; one that was suspended may, until it has run.",
    ),
    Invariant(
        InvariantName.FENCED,
        "INV2",
        "A node whose check has failed without a break does not hold the address after "
        "fall x interval + timeout; one whose check is silent, after its last verdict's age; where "
        "its daemon or its kernel does not work, after the address lease.",
    ),
    Invariant(
        InvariantName.SERVED,
        "INV3",
        "Where a node is healthy and hears the others, a node holds the address within the time "
        "the checks, the waiver of the hold-down and the election take, whatever ails the others.",
    ),
    Invariant(
        InvariantName.NOT_BEFORE_OPEN,
        "INV4",
        "No fence opens, no advertisement of positive priority leaves and no address is there "
        "before every check has passed rise times in a row, nor after fall failures in a row.",
    ),
    Invariant(
        InvariantName.HOLD_DOWN,
        "INV4",
        "A fence that closed opens again only after its hold-down, or when no router was heard "
        "for two Master_Down_Intervals.",
    ),
    Invariant(
        InvariantName.REMOVED_FIRST,
        "INV5",
        "When an advertisement of priority 0 leaves, the kernel holds none of the addresses, "
        "unless an operator asked for the move at this instant.",
    ),
    Invariant(
        InvariantName.RELEASE_SENT,
        "INV5",
        "A master that leaves the election while it can send says so with priority 0.",
    ),
    Invariant(
        InvariantName.TAKEOVER,
        "INV7, INV15",
        "A backup takes over only when Master_Down_Interval has passed since the last "
        "advertisement in its socket that it must believe, or Skew_Time since a release.",
    ),
    Invariant(
        InvariantName.NOT_LATE,
        "INV3, INV15",
        "A healthy backup takes over as soon as Master_Down_Interval, or Skew_Time after a "
        "release, has passed, and no other node has the key in etcd, if there is one: no interval "
        "is believed beyond its limit.",
    ),
    Invariant(
        InvariantName.NEIGHBOUR,
        "decision 16",
        "A backup does not take the addresses while it hears a router in another version that "
        "advertises them, nor for Master_Down_Interval of that router afterwards.",
    ),
    Invariant(
        InvariantName.GATE,
        "INV4",
        "A node claims an address only with a pass of every check that is not older than max_age.",
    ),
    Invariant(
        InvariantName.YIELD,
        "INV7",
        "A master gives way only to an advertisement of higher rank, to its fence or after a "
        "stall. During a handover it gives way to any router that has taken over.",
    ),
    Invariant(
        InvariantName.QUIET,
        "INV8",
        "When nothing happens for longer than every timer, no state changes any more.",
    ),
    Invariant(
        InvariantName.ANNOUNCED,
        "INV9",
        "Each address is announced within 10 ms of the kernel's acknowledgement.",
    ),
    Invariant(
        InvariantName.REANNOUNCED,
        "INV9",
        "A master that hears a rival announces its addresses at once, at most once an interval, "
        "and again after the rival has stopped.",
    ),
    Invariant(
        InvariantName.INVALID,
        "INV10",
        "An invalid packet, or an own one, changes no state and no timer, and causes nothing to "
        "be sent.",
    ),
    Invariant(
        InvariantName.PACE,
        "3.1",
        "A master that runs sends an advertisement in every one of its own intervals.",
    ),
    Invariant(
        InvariantName.HEARD,
        "own",
        "A master whose advertisements do not leave is none after Master_Down_Interval.",
    ),
    Invariant(
        InvariantName.STALE_CLAIM,
        "A6",
        "A master that was silent for longer than Master_Down_Interval does not advertise again "
        "before it has been a backup.",
    ),
    Invariant(
        InvariantName.ANSWERS,
        "RFC 9568 6.4.3",
        "A master answers a losing advertisement (version 3) unless it answered one within "
        "Skew_Time or 10 ms.",
    ),
    Invariant(
        InvariantName.STOPPED,
        "INV13",
        "A daemon that was stopped in order leaves none of its addresses behind.",
    ),
    Invariant(
        InvariantName.ONLY_MASTER,
        "INV13",
        "A running node that is not master holds no address for longer than the kernel takes; "
        "after a handover, for 50 ms more.",
    ),
    Invariant(
        InvariantName.PUT_BACK,
        "6",
        "An address that was deleted from a master by hand is back as soon as the kernel allows.",
    ),
    Invariant(
        InvariantName.STATUS,
        "INV14",
        "What status says of the addresses is true within 100 ms.",
    ),
    Invariant(
        InvariantName.PLACEMENT,
        "INV16, 1.3",
        "After the timers of preemption have run out, no eligible node that may preempt has a "
        "higher priority than the holder.",
    ),
    Invariant(
        InvariantName.CLIENTS,
        "INV3",
        "A client that is connected to all nodes reaches the only holder within the time the "
        "announcements take; one that was cut off, within the age of its neighbour entry.",
    ),
    Invariant(
        InvariantName.HANDOVER,
        "8, decision 6",
        "A master that hands over waits for a successor for Skew_Time of priority 1 and one "
        "interval. It advertises again then and not before, and only if it was asked to resign.",
    ),
    Invariant(
        InvariantName.NO_GAP,
        "8, decision 6",
        "Where nothing happens but orders of operators, an address always has a holder while a "
        "healthy backup can take over, and every client gets an answer.",
    ),
    Invariant(
        InvariantName.ONLY_MASTER_SPEAKS,
        "8, decision 6",
        "A node that is not master announces no address, even while it still has it.",
    ),
    Invariant(
        InvariantName.DRAINED,
        "8",
        "A drained node is neither backup nor master until it is undrained.",
    ),
    Invariant(
        InvariantName.GROUP,
        "INV12",
        "The virtual routers of one group on one node are MASTER together or not at all, except "
        "for two delays of the network, or while the members hand over one after the other.",
    ),
    Invariant(
        InvariantName.LAST_RESORT,
        "7",
        "A fenced node serves only where the configuration says so, and no router was heard for "
        "four Master_Down_Intervals; with priority 1, until it hears one or its checks pass.",
    ),
    Invariant(
        InvariantName.STANDING,
        "INV7",
        "A node advertises the priority that follows from its file, its operator and its checks "
        "with a weight.",
    ),
    Invariant(InvariantName.RUNAWAY, "-", "The program lets time pass."),
    Invariant(
        InvariantName.IN_ORDER,
        "INV5",
        "A resource is started while those before it run, and stopped when those after it do not.",
    ),
    Invariant(
        InvariantName.ADDRESS_LAST,
        "INV5",
        "An address comes when all resources of its virtual router run, and is gone before the "
        "first of them is stopped.",
    ),
    Invariant(
        InvariantName.RELEASED_LAST,
        "INV5",
        "When an advertisement of priority 0 leaves, none of the resources runs there.",
    ),
    Invariant(
        InvariantName.EXCLUSIVE,
        "INV6",
        "With a lease in etcd no resource of a chain ever runs on two nodes, whatever is cut, "
        "killed, stopped or slow.",
    ),
    Invariant(InvariantName.NO_ERROR, "INV10", "Nothing that happens makes the program raise."),
)


@dataclass(frozen=True, slots=True)
class Violation:
    """An invariant that did not hold: when, on which node, and the numbers that show it."""

    at: Nanoseconds
    invariant: InvariantName
    who: str
    what: str

    def __str__(self) -> str:
        return f"{self.at / SECOND:.6f} s  {self.invariant}  {self.who}: {self.what}"
