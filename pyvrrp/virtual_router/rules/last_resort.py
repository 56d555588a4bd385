"""What a fenced router does while no router serves: it reports that, and may serve as last resort.

The checks say that the service has failed here. So by default no node has the addresses, and the
failure is easy to see. With ``when_all_fail = "last-resort"`` a node whose service may work badly
is better than none. It takes part with priority 1, and every healthy node takes over from it at
once.
"""

from dataclasses import dataclass
from typing import TypeAlias

from pyvrrp.units import Nanoseconds
from pyvrrp.virtual_router.states import Backup, Heard, Init, State

# In Master_Down_Intervals of the configured priority, so that the best of several fenced nodes is
# first. During the fifth one it waits as a BACKUP of priority 1.
SILENCE_TO_TELL = 2
SILENCE_TO_STAND = 4


@dataclass(frozen=True, slots=True)
class LastResortFacts:
    """What the decision rests on.

    *stands*: the router takes part as last resort, since *stands_since*. *fence_failed*: the fence
    is closed because checks failed, not because results are missing. *fenced_alone*: the fence is
    the only obstacle. *failed_since* is since when both are true, or None. *heard* is the last
    advertisement, heard at *heard_at*. *life_at* is when a router last proved that it lives, an
    incompatible one included. *told*: it was reported that no router serves. *allowed*:
    ``when_all_fail`` is "last-resort". *patience* is Master_Down_Interval.
    """

    state: State
    stands: bool
    stands_since: Nanoseconds
    fence_open: bool
    fence_failed: bool
    fenced_alone: bool
    failed_since: Nanoseconds | None
    heard: Heard | None
    heard_at: Nanoseconds | None
    life_at: Nanoseconds | None
    told: bool
    allowed: bool
    patience: Nanoseconds


@dataclass(frozen=True, slots=True)
class Nothing:
    """Do nothing until a fact changes."""


@dataclass(frozen=True, slots=True)
class Forget:
    """Reset *failed_since* and *told*: the fence is not the only obstacle."""


@dataclass(frozen=True, slots=True)
class LookAgain:
    """Decide again at *at*. *tell*: report that no router was heard for *silence*."""

    at: Nanoseconds | None
    silence: Nanoseconds
    tell: bool = False


@dataclass(frozen=True, slots=True)
class Stand:
    """Take part as last resort. No router was heard for *silence*; *tell*: report that too."""

    silence: Nanoseconds
    tell: bool = False


@dataclass(frozen=True, slots=True)
class End:
    """Stop taking part as last resort, for the reason *why*."""

    why: str


Decision: TypeAlias = Nothing | Forget | LookAgain | Stand | End


def decide(facts: LastResortFacts, now: Nanoseconds) -> Decision:
    """Return what a router with a fence does at *now*."""
    if facts.stands:
        return _whether_to_end(facts)
    if not (facts.fence_failed and facts.fenced_alone):
        return Forget()
    return _whether_nobody_serves(facts, now)


def _whether_to_end(facts: LastResortFacts) -> Decision:
    if facts.fence_open:
        return End("its checks pass")
    if isinstance(facts.state, Init):
        return End(facts.state.reason)
    heard, heard_at = facts.heard, facts.heard_at
    if not isinstance(facts.state, Backup) or heard is None or heard_at is None:
        return Nothing()
    if heard_at <= facts.stands_since:
        return Nothing()
    return End(f"{heard.sender} advertises priority {heard.priority}")


def _whether_nobody_serves(facts: LastResortFacts, now: Nanoseconds) -> Decision:
    failed_since = now if facts.failed_since is None else facts.failed_since
    since = failed_since if facts.life_at is None else max(failed_since, facts.life_at)
    tell_at = Nanoseconds(since + SILENCE_TO_TELL * facts.patience)
    stand_at = Nanoseconds(since + SILENCE_TO_STAND * facts.patience)
    silence = Nanoseconds(now - since)
    if now < tell_at:
        return LookAgain(tell_at, silence)
    tell = not facts.told
    if not facts.allowed:
        return LookAgain(None, silence, tell)
    return Stand(silence, tell) if now >= stand_at else LookAgain(stand_at, silence, tell)
