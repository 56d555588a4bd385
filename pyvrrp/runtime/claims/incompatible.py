"""Neighbours that live and cannot be accepted: said with the key to set, and not claimed against.

Such a neighbour has the same VRID and another version, another authentication or another setting.
A BACKUP does not claim while one advertises our addresses, unless ``claim_against_incompatible``
is set. A MASTER stays MASTER and raises the alarm.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from pyvrrp.identity import Address
from pyvrrp.packet.reception import Discarded, DiscardReason
from pyvrrp.ports import Clock
from pyvrrp.runtime.base.deadline_timer import DeadlineTimer
from pyvrrp.runtime.base.journal import Journal, Level
from pyvrrp.runtime.base.json import Json
from pyvrrp.runtime.router.concern import BaseConcern, RouterControl
from pyvrrp.units import SECOND, Nanoseconds, in_words, to_milliseconds
from pyvrrp.virtual_router.parameters import RELEASE
from pyvrrp.virtual_router.rules.incompatible import (
    IncompatibleAdvertisement,
    LivingNeighbour,
    OwnTimes,
    keeps_from_claiming,
    lives_until,
)

MOST = 8  # remembered at a time: senders are easy to forge
ALARM_EVERY = Nanoseconds(60 * SECOND)  # while a MASTER hears one

_WHAT_TO_SET = {
    DiscardReason.CHECKSUM: 'checksum = "auto"',
    DiscardReason.INTERVAL: "the same advertisement_interval on all nodes, or strict = false",
    DiscardReason.ADDRESS_LIST: "the same addresses on all nodes, or strict = false",
    DiscardReason.FIRST_ADDRESS: "strict = false, or a link-local address first on that node",
    DiscardReason.INVALID_AUTH_TYPE: (
        "a plain password or none on that node, and the same authentication here"
    ),
    DiscardReason.AUTH_FAILURE: "the same authentication on all nodes",
    DiscardReason.DESTINATION: "peers on all nodes or on none",
    DiscardReason.UNKNOWN_PEER: "peers so that it lists this sender",
}


@dataclass(frozen=True, slots=True)
class IncompatibleNeighbour:
    """One neighbour: what it said, until when it *lives*, how it *differs*, and what to *set*."""

    sender: Address
    lives: LivingNeighbour
    differs: str
    to_set: str


class IncompatibleNeighbours(BaseConcern):
    """Keeps a claim waiting while an incompatible neighbour advertises the addresses."""

    name = "incompatible neighbours"

    def __init__(self, router: RouterControl, clock: Clock, journal: Journal) -> None:
        self._router = router
        self._config = router.config
        self._addresses = frozenset(address.ip for address in router.config.addresses)
        self._clock = clock
        self._journal = journal
        self._known: dict[Address, IncompatibleNeighbour] = {}
        self._alarmed_at: Nanoseconds | None = None
        self._forget = DeadlineTimer(clock, self._forget_the_silent)

    def configuration_changed(self) -> None:
        """Compare with the new configuration; what was incompatible may not be so any more."""
        self._config = self._router.config
        self._addresses = frozenset(address.ip for address in self._config.addresses)
        self._known.clear()

    def may_claim(self) -> str | None:
        """Return None if no such neighbour advertises the addresses, or if that does not count."""
        if self._config.claims_against_incompatible:
            return None
        living = (one.lives for one in self._known.values())
        holder = keeps_from_claiming(living, self._clock.now())
        if holder is None:
            return None
        one = next(one for one in self._known.values() if one.lives is holder)
        return (
            f"{one.sender} to be silent, which advertises the addresses and is incompatible: "
            f"{one.differs}; set {one.to_set}"
        )

    def life_at(self) -> Nanoseconds | None:
        """Return when such a neighbour last advertised the addresses."""
        heard = [one.lives.heard.heard_at for one in self._known.values() if one.lives.heard.shares]
        return max(heard, default=None)

    def advertisement(self) -> None:
        """Forget a neighbour whose advertisements are accepted now."""
        heard = self._router.last_heard
        if heard is not None and self._known.pop(heard.sender, None) is not None:
            self._router.retry_claim()

    def incompatible(self, discarded: Discarded) -> None:
        """Take note that its sender lives."""
        heard, sender = discarded.neighbour, discarded.source
        if heard is None or sender is None:
            return
        now = self._clock.now()
        if sender not in self._known and len(self._known) == MOST:
            return
        shares = not heard.addresses or not self._addresses.isdisjoint(heard.addresses)
        said = IncompatibleAdvertisement(heard.version, heard.priority, heard.interval, shares, now)
        lives = LivingNeighbour(said, lives_until(said, self._own))
        one = IncompatibleNeighbour(sender, lives, discarded.detail, self._to_set(discarded))
        self._known[sender] = one
        self._forget.set(self._first_to_forget())
        self._router.count("incompatible_neighbours")
        self._tell(one, discarded.reason)

    def status(self, now: Nanoseconds) -> Mapping[str, Json]:
        """Return the neighbours that live and cannot be accepted."""
        return {
            "incompatible_neighbours": [
                {
                    "sender": str(one.sender),
                    "differs": one.differs,
                    "set": one.to_set,
                    "version": int(one.lives.heard.version),
                    "priority": one.lives.heard.priority,
                    "has_our_addresses": one.lives.heard.shares,
                    "age_ms": to_milliseconds(Nanoseconds(now - one.lives.heard.heard_at)),
                }
                for one in self._known.values()
            ]
        }

    @property
    def _own(self) -> OwnTimes:
        config = self._config
        longest = config.max_learned_interval
        return OwnTimes(self._router.priority, config.advertisement_interval, longest)

    def _to_set(self, discarded: Discarded) -> str:
        heard = discarded.neighbour
        if discarded.reason is DiscardReason.VERSION and heard is not None:
            return f"version = {heard.version}"
        if discarded.reason is DiscardReason.AUTH_TYPE_MISMATCH:
            here = "no authentication" if self._config.authentication else "authentication"
            return f"{here} here, or the same on that node"
        return _WHAT_TO_SET[discarded.reason]

    def _tell(self, one: IncompatibleNeighbour, reason: DiscardReason) -> None:
        if (
            one.lives.heard.shares
            and one.lives.heard.priority != RELEASE
            and self._router.is_master
        ):
            self._alarm(one)
            return
        if not one.lives.heard.shares:
            effect = "it has other addresses, so this node claims its own"
        elif self._config.claims_against_incompatible:
            effect = "this node claims all the same: claim_against_incompatible = true"
        else:
            effect = "this node does not claim while it advertises the addresses"
        self._journal.warn_rarely(
            "incompatible_neighbour",
            f"{one.sender} lives and is incompatible: {one.differs}; {effect}; set {one.to_set}",
            topic=reason,
            virtual_router=self._config,
            fields={"sender": str(one.sender), "differs": one.differs, "set": one.to_set},
        )

    def _alarm(self, one: IncompatibleNeighbour) -> None:
        self._router.count("incompatible_masters")
        now = self._clock.now()
        if self._alarmed_at is not None and now - self._alarmed_at < ALARM_EVERY:
            return
        self._alarmed_at = now
        self._journal.record(
            "incompatible_master",
            f"TWO MASTERS: {one.sender} advertises the addresses too, with priority "
            f"{one.lives.heard.priority}, and is incompatible: {one.differs}; both have the "
            f"addresses until one of them is changed; set {one.to_set}",
            level=Level.ERROR,
            virtual_router=self._config,
            fields={"sender": str(one.sender), "differs": one.differs, "set": one.to_set},
        )

    def _first_to_forget(self) -> Nanoseconds | None:
        return min((one.lives.until for one in self._known.values()), default=None)

    def _forget_the_silent(self) -> None:
        now = self._clock.now()
        silent = [one for one in self._known.values() if now >= one.lives.until]
        for one in silent:
            del self._known[one.sender]
            lasted = in_words(Nanoseconds(now - one.lives.heard.heard_at))
            self._journal.record(
                "incompatible_neighbour_gone",
                f"{one.sender} was silent for {lasted} and counts no longer",
                virtual_router=self._config,
                fields={"sender": str(one.sender)},
            )
        self._forget.set(self._first_to_forget())
        if silent:
            self._router.retry_claim()
