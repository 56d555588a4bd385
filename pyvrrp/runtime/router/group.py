"""One election for several virtual routers of one node: they are MASTER together or not at all.

Every member listens on its own interface, so one heartbeat that is still heard keeps all of them
BACKUP. None claims alone: a claim is made by all in one callback, when every member is due and
every gate of every member lets it through, in the order of the configuration. Whatever keeps one
member from serving keeps all, and names that member. A virtual router without a group is a group
of its own.

``docs/decisions/0008-groups.md`` says why it is not the first member alone that elects.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Protocol, TypeAlias

from pyvrrp.config.model.configuration import VirtualRouterConfig
from pyvrrp.ports import Clock
from pyvrrp.runtime.addresses.address_keeper import AddressKeeper
from pyvrrp.runtime.links.router_links import Heartbeats
from pyvrrp.runtime.resources.chain import ResourceChain
from pyvrrp.runtime.router.claim_gates import Gates
from pyvrrp.runtime.router.holding_proof import NothingToProve, Proof
from pyvrrp.runtime.router.reporter import Reporter
from pyvrrp.units import Nanoseconds
from pyvrrp.virtual_router.effective_priority import Standing
from pyvrrp.virtual_router.events import (
    AddressesGone,
    AdvertisementReceived,
    Event,
    StepDown,
    TimerFired,
)
from pyvrrp.virtual_router.parameters import RELEASE
from pyvrrp.virtual_router.states import Backup, Init, Master, State
from pyvrrp.virtual_router.transitions import takeover_is_due


class Member(Protocol):
    """A virtual router as its group sees it."""

    state: State
    reporter: Reporter
    heartbeats: Heartbeats
    address_keeper: AddressKeeper | ResourceChain
    gates: Gates
    hindrance: str | None  # why it cannot serve, the group aside
    wish: str | None  # why the operator wants it to stand aside
    standing: Standing

    @property
    def config(self) -> VirtualRouterConfig:
        """What the operator decided."""

    def reconcile(self) -> None:
        """Take part or not, as obstacles here and in the group say now."""

    def post(self, event: Event) -> None:
        """Take one step."""

    def stand(self, standing: Standing) -> None:
        """Stand with another priority."""

    def resign_alone(self) -> None:
        """Step down once."""

    def announce(self) -> None:
        """Tell the neighbours once more where its addresses are."""


Spoiler: TypeAlias = tuple[Member | None, str]  # a member that keeps all back, and why


class Group:
    """The virtual routers of one ``group``, in the order of the configuration."""

    def __init__(self, clock: Clock, name: str = "") -> None:
        self.name = name
        self.claiming = False  # gates have been asked, and the claim is still due
        self._clock = clock
        self._members: tuple[Member, ...] = ()
        self._hindered: Spoiler = (None, "")
        self._wanted_out: Spoiler = (None, "")
        self.lingers = True  # addresses may be here and at the successor's for a moment
        self.proof: Proof = NothingToProve()  # of the one member that has a lease
        self._gone: set[Member] = set()  # whose addresses are off since they were masters
        self._untold: set[Member] = set()  # who have said so, and the election has not been told
        self._moving = False  # members change one after the other; who is first is not wrong
        self._announced_at: Nanoseconds | None = None

    def join(self, member: Member) -> None:
        """Add *member* after those that joined before."""
        self._members = (*self._members, member)
        self.lingers = self.lingers and not member.config.is_exclusive

    @property
    def members(self) -> tuple[Member, ...]:
        """All members; the first is the leader."""
        return self._members

    def hindrance_for(self, member: Member) -> str | None:
        """Return why *member* cannot serve: for its own reason, or for that of another one."""
        return member.hindrance or self._because_of(self._hindered, member)

    def wish_for(self, member: Member) -> str | None:
        """Return why the operator wants *member* to stand aside, or another one."""
        return member.wish or self._because_of(self._wanted_out, member)

    def obstacle_changed(self, member: Member) -> None:
        """Member: what keeps it from taking part may have changed."""
        before = (self._hindered, self._wanted_out)
        self._hindered = self._spoiler(self._hindered, lambda one: one.hindrance)
        self._wanted_out = self._spoiler(self._wanted_out, lambda one: one.wish)
        changed = before != (self._hindered, self._wanted_out)
        with self._move():
            for concerned in self._members if changed else (member,):
                concerned.reconcile()

    def reconcile(self) -> None:
        """Member: a deadline has come. What it changed here may be due in the others too."""
        with self._move():
            for member in self._members:
                member.reconcile()

    def stood(self, member: Member) -> None:
        """Member: what the operator says of its priority is said of all."""
        operator = member.standing.operator
        for other in self._members:
            if other.standing.operator != operator:
                other.stand(replace(other.standing, operator=operator))

    def claim(self) -> None:
        """Member: a deadline may have come. All of them become MASTER now, or none."""
        for member in self._members:
            # The proof that a master lives may already be in a socket.
            member.heartbeats.drain()
        if not all(self._is_due(member) for member in self._members):
            return
        self.claiming = True
        # Each is asked, even after a no, so that all of them find out at the same time.
        answers = [member.gates.let_through() for member in self._members]
        if not all(answers):
            return
        self.claiming = False
        with self._move():
            for member in self._members:
                member.post(TimerFired())

    def claim_ended(self) -> None:
        """Member: one is not due any more, so nobody claims."""
        self.claiming = False
        gone = all(member.address_keeper.gone for member in self._members)
        for member in self._members:
            member.gates.give_up(gone=gone)

    def waits_for(self, member: Member) -> str:
        """Return what alone keeps *member* from claiming; empty if it is not due."""
        if member.gates.hold_back or not self._is_due(member):
            return member.gates.waits_for
        for other in self._members:
            if not self._is_due(other):
                return f"{other.config.name} to hear no master either"
            if other.gates.hold_back:
                return f"{other.config.name}: {other.gates.waits_for}"
        return ""

    def state_changed(self, member: Member) -> None:
        """Member: it is in another state. Where one is not MASTER, no other stays it."""
        if isinstance(member.state, Master):
            self._gone.discard(member)
        self._compare()

    def _compare(self) -> None:
        if self._moving or len(self._members) == 1:
            return
        left = next((m for m in self._members if isinstance(m.state, Backup | Init)), None)
        followers = [m for m in self._members if isinstance(m.state, Master)]
        if left is None or not followers:
            return
        with self._move():
            lingers = isinstance(left.state, Backup) and left.state.holds_until is not None
            reason = f"follows {left.config.name}: {left.reporter.reason}"
            for follower in followers:
                follower.post(StepDown(reason, lingers))

    def released(self, member: Member, heard: AdvertisementReceived, before: State) -> None:
        """Member: a master it listened to has sent priority 0. Its group leaves as a whole."""
        if not isinstance(before, Backup):
            return
        known = {one.sender for one in (before.master, before.lower) if one is not None}
        if heard.sender in known:
            for other in self._members:
                if other is not member and _waits_for_more_than_skew(other.state):
                    other.post(heard)

    def addresses_gone(self, member: Member) -> None:
        """Member: its addresses are off. The proof is given up, and priority 0 sent, after all."""
        self._gone.add(member)
        self._untold.add(member)
        if all(one.address_keeper.gone for one in self._members):
            self.claim_ended()
        self.settle()

    def settle(self) -> None:
        """Member: its addresses are off, or the proof that they were ours is given up."""
        leaving = {one for one in self._members if not isinstance(one.state, Init | Backup)}
        if not leaving <= self._gone or not self.proof.is_settled:
            return
        told, self._untold = leaving | self._untold, set()
        with self._move():
            for member in self._members:
                if member in told:
                    member.post(AddressesGone())
                    member.reconcile()

    def announced(self, member: Member) -> None:
        """Member: it has met a rival and announced again; so do the others, now and then."""
        now = self._clock.now()
        pause = member.config.advertisement_interval
        if self._announced_at is not None and now - self._announced_at < pause:
            return
        self._announced_at = now
        for other in self._members:
            if other is not member and isinstance(other.state, Master):
                other.announce()

    def _because_of(self, spoiler: Spoiler, member: Member) -> str | None:
        who, why = spoiler
        if who is None or who is member:
            return None
        return f"{who.config.name} of group {self.name}: {why}"

    def _spoiler(self, known: Spoiler, why: Callable[[Member], str | None]) -> Spoiler:
        who = known[0]
        if who is None or why(who) is None:
            # The last one: at the start they are cleared from the first on.
            who = next((m for m in reversed(self._members) if why(m) is not None), None)
        return (None, "") if who is None else (who, why(who) or "")

    def _is_due(self, member: Member) -> bool:
        state = member.state
        return isinstance(state, Backup) and takeover_is_due(state, self._clock.now())

    @contextmanager
    def _move(self) -> Iterator[None]:
        """Let the members change one after the other, and only then compare them."""
        if self._moving:
            yield
            return
        self._moving = True
        try:
            yield
        finally:
            self._moving = False
        self._compare()


def _waits_for_more_than_skew(state: State) -> bool:
    if not isinstance(state, Backup):
        return False
    return state.master is None or state.master.priority != RELEASE
