"""What a node may do, worked out again from the outside: from what reached it, not from its mind.

Written from the text of the RFCs and of the design, and on purpose not with the code under test.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address

from pyvrrp.config.model.configuration import CheckConfig, VirtualRouterConfig
from pyvrrp.fencing.policy import GRACE, HoldDown
from pyvrrp.identity import Address, Version
from pyvrrp.simulator.judges.bounds import believed_interval, master_down, skew
from pyvrrp.units import CENTISECOND, SECOND

IPV4_OCTETS, IPV6_OCTETS = 20, 40
_LAST_RESORT, _OWNER = 1, 255


@dataclass(frozen=True, slots=True)
class SeenAdvertisement:
    """The fields of a valid advertisement, read without the decoder under test."""

    sender: Address
    version: int
    vrid: int
    priority: int
    interval: int


def seen_in(packet: bytes) -> SeenAdvertisement:
    """Read a packet that is known to be valid."""
    if packet[0] >> 4 == 4:  # noqa: PLR2004 - IPv4
        sender: Address = IPv4Address(packet[12:16])
        message = packet[IPV4_OCTETS:]
    else:
        sender = IPv6Address(packet[8:24])
        message = packet[IPV6_OCTETS:]
    version = message[0] >> 4
    field_ = int.from_bytes(message[4:6])
    interval = (field_ & 0xFF) * SECOND if version == Version.V2 else (field_ & 0xFFF) * CENTISECOND
    return SeenAdvertisement(sender, version, message[1], message[2], interval)


@dataclass(slots=True)
class TakeoverTime:
    """When a backup may take over, by its own clock, from what has come to its socket.

    It is entered with the wait of a new backup; each advertisement moves it. The socket is looked
    at when a packet arrives there, which is never later than when the daemon reads it: so what
    the daemon waits for is at least this.
    """

    config: VirtualRouterConfig
    earliest: int = 0
    preempt_at: int | None = None
    learned: int = 0
    priority: int = 0  # in force
    master: Address | None = None  # whom it waits for
    lower: SeenAdvertisement | None = None  # a master that it will preempt
    holds_until: int = 0
    defers: bool = False

    def begin(self, now: int, interval: int | None = None) -> None:
        """A backup begins to wait: with its own interval, or with that of a better master."""
        own = int(self.config.advertisement_interval)
        self.learned = own if interval is None else believed_interval(self.config, interval)
        self.earliest = now + master_down(self.config.version, self.priority, self.learned)
        self.preempt_at = self.lower = self.master = None

    def knows(self, sender: Address) -> bool:
        """Whether it has listened to this master."""
        return sender == self.master or (self.lower is not None and self.lower.sender == sender)

    def stand(self, priority: int, now: int) -> None:
        """The priority in force is another one: the skew is, and a lower master may be none."""
        version = self.config.version
        before, self.priority = self.priority, priority
        if self.lower is not None and self.lower.priority >= priority:
            self.earliest = now + master_down(version, priority, self.learned)
            self.preempt_at = self.lower = None
            return
        self.earliest += skew(version, priority, self.learned)
        self.earliest -= skew(version, before, self.learned)

    def hear(self, seen: SeenAdvertisement, now: int) -> None:
        """One more advertisement of another router is in the socket."""
        config = self.config
        if seen.priority == 0:
            self.earliest = now + skew(config.version, self.priority, self.learned)
            if self.lower is not None and self.lower.sender == seen.sender:
                self.lower = None
            self.master = seen.sender
        elif seen.priority == _LAST_RESORT < self.priority:
            missed_at = self.earliest - 2 * self.learned
            at = max(now + skew(config.version, self.priority, self.learned), missed_at)
            at = min(at, self.earliest)  # a claim that waits for its gates is due already
            self.preempt_at = at if self.preempt_at is None else min(self.preempt_at, at)
        elif self.must_believe(seen):
            self.begin(now, seen.interval)
            self.master = seen.sender
        elif config.preempt_delay:
            if self.preempt_at is None:
                self.preempt_at = now + config.preempt_delay
            before = self.preempt_at
            self.begin(now, seen.interval)
            self.preempt_at, self.lower, self.master = before, seen, seen.sender
        else:
            self.lower = seen

    def must_believe(self, seen: SeenAdvertisement) -> bool:
        """Whether a backup accepts this master. One that resigned accepts everybody."""
        if self.defers:
            return True
        preempts = self.config.preempt or self.priority == _OWNER
        return not preempts or seen.priority >= self.priority

    def due(self) -> int:
        """Return when a takeover is due, should nothing more be heard.

        While it still answers for its successor it claims nothing.
        """
        due = self.earliest if self.preempt_at is None else min(self.earliest, self.preempt_at)
        return max(due, self.holds_until)

    def too_early(self, now: int) -> int:
        """Return by how much a takeover at *now* comes too early; 0 or less: it is due."""
        return self.due() - now


@dataclass(slots=True)
class CheckRecord:
    """One check of one life of a daemon: what it has been told, counted from the outside.

    ``passing`` is what rise and fall make of it; times are of the node's clock.
    """

    check: CheckConfig
    passing: bool = False
    row: int = 0
    last_at: int | None = None
    last_pass_at: int | None = None
    turned_at: int = 0

    def told(self, now: int, *, passed: bool) -> None:
        """One more result."""
        policy = self.check.policy
        if self.silent(now):
            self.passing, self.row = False, 0
        if passed is self.passing:
            self.row = 0
        else:
            self.row += 1
            if self.row >= (policy.rise if passed else policy.fall):
                self.passing, self.row = passed, 0
                self.turned_at = now
        self.last_at = now
        if passed:
            self.last_pass_at = now

    def silent(self, now: int) -> bool:
        """Whether the last result is too old to mean anything."""
        policy = self.check.policy
        limit = policy.interval + policy.timeout + GRACE
        return self.last_at is not None and now - self.last_at >= limit

    def open(self, now: int) -> bool:
        """Whether this check lets its virtual routers stand."""
        return self.passing and not self.silent(now)

    def closed_for(self, now: int) -> int | None:
        """How long this check has kept its virtual routers from standing; None: it does not."""
        if self.open(now):
            return None
        policy = self.check.policy
        if self.passing and self.last_at is not None:
            return now - (self.last_at + policy.interval + policy.timeout + GRACE)
        return now - self.turned_at

    def fresh(self, now: int) -> bool:
        """Whether a claim may rest on its last pass."""
        return (
            self.last_pass_at is not None and now - self.last_pass_at <= self.check.policy.max_age
        )


def priority_in_force(
    config: VirtualRouterConfig, operator: int | None, passing: Collection[str]
) -> int:
    """Return what an operator and the checks of a weight make of the configured priority."""
    if config.priority == _OWNER:
        return _OWNER
    points = 0
    for weight in config.weights:
        if (weight.points > 0) is (weight.check in passing):
            points += weight.points
    base = config.priority if operator is None else operator
    return max(1, min(254, base + points))


@dataclass(slots=True)
class FenceClosings:
    """The closings of one fence, and how long it has to stay closed after the last."""

    policy: HoldDown
    instants: list[int] = field(default_factory=list)

    def opens_at(self) -> int | None:
        """Return when the hold-down ends; None: there is none."""
        if not self.instants:
            return None
        doubled = int(self.policy.initial) << (self._in_a_row() - 1)
        return self.instants[-1] + min(int(self.policy.ceiling), doubled)

    def _in_a_row(self) -> int:
        row = 1
        for later, earlier in zip(self.instants[:0:-1], self.instants[-2::-1], strict=True):
            if later - earlier > self.policy.window:
                break
            row += 1
        return min(row, 64)


def higher(seen: SeenAdvertisement, priority: int, own: Sequence[Address]) -> bool:
    """Whether a master of this priority must give way to what it sees."""
    if seen.priority != priority:
        return seen.priority > priority
    return any(int(seen.sender) > int(address) for address in own)
