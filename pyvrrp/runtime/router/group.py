"""The virtual routers of one ``group``: collect their facts, and deliver what the rules say.

The rules are in `pyvrrp.virtual_router.rules.group`. A virtual router without a group is a group of
its own.
"""

from collections.abc import Sequence
from typing import Protocol

from pyvrrp.config.model.configuration import VirtualRouterConfig
from pyvrrp.ports import Clock
from pyvrrp.units import Nanoseconds
from pyvrrp.virtual_router.events import AdvertisementReceived, Event, TimerFired
from pyvrrp.virtual_router.rules import group as rules
from pyvrrp.virtual_router.states import Master, State

MOST_ROUNDS = 100  # of facts and consequences; more are a defect, and must not hang the daemon


class GroupMember(Protocol):
    """A virtual router as its group sees it."""

    config: VirtualRouterConfig

    @property
    def state(self) -> State:
        """The state of its election."""

    @property
    def waits_for_concern(self) -> str:
        """What a concern of its own keeps a due claim waiting for; empty: none does."""

    def facts(self) -> rules.Member:
        """Return what the rules rest on."""

    def take(self, event: Event) -> None:
        """Take one step of the election."""

    def read_links(self) -> None:
        """Take at once what is queued on its links, and what time alone has changed."""

    def ask_concerns(self) -> bool:
        """Ask the concerns whether the addresses may be claimed, up to the first that says no."""

    def claim_is_over(self, *, gone: bool) -> None:
        """Forget a claim that waits; *gone*: no member has an address either."""

    def may_hold_until(self) -> Nanoseconds | None:
        """Return from when on the addresses may not be here any more; None: there is no limit."""

    def end_expired_hold(self) -> None:
        """Have each concern name its obstacle whose limit for holding the addresses has passed."""

    def announce(self) -> None:
        """Tell the neighbours once more where its addresses are."""

    def resign_alone(self) -> None:
        """Step down once, as one member of a group that does."""

    def undo_resign_alone(self) -> None:
        """Take part as configured again, as one member of a group that does."""

    def priority_from(self, *, operator: int | None) -> None:
        """Stand with the operator's priority; None: with the configured one."""


class Group:
    """The virtual routers of one ``group``, in the order of the configuration."""

    def __init__(self, clock: Clock, name: str = "") -> None:
        self.name = name
        self.claiming = False  # concerns have been asked, and the claim is still due
        self._clock = clock
        self._members: tuple[GroupMember, ...] = ()
        self._considering = False
        self._changed = False
        self._announced_at: Nanoseconds | None = None
        self._limited: tuple[GroupMember, ...] = ()  # those with a concern that limits holding
        self._lingers_after_death: bool | None = None  # None: not asked yet

    def join(self, member: GroupMember) -> None:
        """Add *member* after those that joined before."""
        self._members = (*self._members, member)
        self._lingers_after_death = None

    def part_from(self, member: GroupMember) -> None:
        """Go on without *member*."""
        self._members = tuple(one for one in self._members if one is not member)
        self._limited = tuple(one for one in self._limited if one is not member)
        self._lingers_after_death = None
        if self.claiming:
            self.claim_ended()  # those that are due ask anew
        if self._members:
            self.consider()

    def limited_by(self, member: GroupMember) -> None:
        """Take note that a concern of *member* limits how long addresses may be held."""
        if member not in self._limited:
            self._limited = (*self._limited, member)
            self._lingers_after_death = None

    @property
    def members(self) -> Sequence[GroupMember]:
        """All members, in the order of the configuration."""
        return self._members

    @property
    def lingers(self) -> bool:
        """Whether addresses may be here and at the successor for a moment."""
        return rules.lingers(self._facts())

    @property
    def lingers_after_death(self) -> bool:
        """Whether that is so if this process dies, and no concern limits the time."""
        if self._lingers_after_death is None:
            self._lingers_after_death = self.lingers and not self._limited
        return self._lingers_after_death

    def consider(self) -> None:
        """Deliver what follows from the facts of the members, until nothing follows any more."""
        if self._considering:
            self._changed = True
            return
        self._considering = True
        try:
            for _ in range(MOST_ROUNDS):
                self._changed = False
                told = rules.consequences(self._facts(), self.name)
                self._deliver(told)
                if not told and not self._changed:
                    return
        finally:
            self._considering = False

    def claim(self) -> None:
        """Have all members become MASTER now, or none: a deadline may have come."""
        for member in self._members:
            # The proof that a master is alive may already be in a socket.
            member.read_links()
        if not rules.is_claim_due(self._facts(), self._clock.now()):
            return
        self.claiming = True
        # Each member is asked, even after a no, so that all of them find out at the same time.
        answers = [member.ask_concerns() for member in self._members]
        if not all(answers):
            return
        self.claiming = False
        self._together([(number, TimerFired()) for number in range(len(self._members))])

    def claim_ended(self) -> None:
        """Take note that a member is not due any more, so no member claims."""
        self.claiming = False
        gone = all(facts.addresses_gone for facts in self._facts())
        for member in self._members:
            member.claim_is_over(gone=gone)

    def addresses_gone(self) -> None:
        """Take note that a member's addresses are off its interface."""
        if all(facts.addresses_gone for facts in self._facts()):
            self.claim_ended()
        self.consider()

    def release_heard(
        self, member: GroupMember, heard: AdvertisementReceived, before: State
    ) -> None:
        """Take note that *member*, in the state *before*, heard a master send priority 0."""
        number = self._members.index(member)
        self._together(rules.release_heard(self._facts(), number, heard, before))

    def may_hold_until(self) -> Nanoseconds | None:
        """Return from when on no member may have its addresses any more; None: no limit."""
        if not self._limited:
            return None
        limits = [member.may_hold_until() for member in self._limited]
        return min((limit for limit in limits if limit is not None), default=None)

    def end_expired_holds(self) -> None:
        """Have every member leave whose right to its addresses has run out."""
        if self._limited:
            for member in self._members:
                member.end_expired_hold()

    def waits_for(self, member: GroupMember) -> str:
        """Return what alone keeps *member* from claiming; empty if it is not due."""
        now = self._clock.now()
        facts = dict(zip(self._members, self._facts(), strict=True))
        if member.waits_for_concern or not rules.is_claim_due([facts[member]], now):
            return member.waits_for_concern
        for other in self._members:
            if not rules.is_claim_due([facts[other]], now):
                return f"{other.config.name} to hear no master either"
            if other.waits_for_concern:
                return f"{other.config.name}: {other.waits_for_concern}"
        return ""

    def announced(self, member: GroupMember) -> None:
        """Have the others announce too, now and then: *member* met a rival and announced again."""
        now = self._clock.now()
        pause = member.config.advertisement_interval
        if self._announced_at is not None and now - self._announced_at < pause:
            return
        self._announced_at = now
        for other in self._members:
            if other is not member and isinstance(other.state, Master):
                other.announce()

    def _facts(self) -> list[rules.Member]:
        return [member.facts() for member in self._members]

    def _together(self, told: Sequence[rules.Told]) -> None:
        """Let the members change one after the other, and only then compare them."""
        nested, self._considering = self._considering, True
        try:
            self._deliver(told)
        finally:
            self._considering = nested
        self.consider()

    def _deliver(self, told: Sequence[rules.Told]) -> None:
        for number, event in told:
            self._members[number].take(event)
