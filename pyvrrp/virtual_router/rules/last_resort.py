"""What a fenced router does while no router serves: it says so, and may serve as last resort.

The service behind the addresses is dead here. So by default no node has the addresses, which says
the same as a dead service, but louder. With ``when_all_fail = "last-resort"`` a node that perhaps
serves badly is preferred to none. It takes part with priority 1, and every healthy node takes over
from that at once.
"""

from dataclasses import dataclass
from typing import TypeAlias

from pyvrrp.units import Nanoseconds
from pyvrrp.virtual_router.states import Backup, Heard, Init, State

# In Master_Down_Intervals of the priority that is configured: among several fenced nodes the
# better one is first. During the fifth one it waits as a BACKUP of priority 1.
SILENCE_TO_TELL = 2
SILENCE_TO_STAND = 4


@dataclass(frozen=True, slots=True)
class LastResortFacts:
    """What the decision rests on.

    *stands*: it takes part as last resort, since *stands_since*. *fence_failed*: the fence is
    closed, and not only until more is known. *fenced_alone*: nothing else hinders the router.
    *failed_since* is when both were first so, None if they are not. *heard* is the last
    advertisement, heard at *heard_at*. *told*: people were told that no router serves. *allowed*:
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
    told: bool
    allowed: bool
    patience: Nanoseconds


@dataclass(frozen=True, slots=True)
class Nothing:
    """There is nothing to do until something changes."""


@dataclass(frozen=True, slots=True)
class Forget:
    """The fence is not what keeps the router away: begin anew the next time."""


@dataclass(frozen=True, slots=True)
class LookAgain:
    """Decide again at *at*; *tell*: tell people that no router was heard for *silence*."""

    at: Nanoseconds | None
    silence: Nanoseconds
    tell: bool = False


@dataclass(frozen=True, slots=True)
class Stand:
    """Take part as last resort: no router was heard for *silence*; *tell* as in `LookAgain`."""

    silence: Nanoseconds
    tell: bool = False


@dataclass(frozen=True, slots=True)
class End:
    """Be the last resort no longer, for the reason *why*."""

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
    since = failed_since if facts.heard_at is None else max(failed_since, facts.heard_at)
    tell_at = Nanoseconds(since + SILENCE_TO_TELL * facts.patience)
    stand_at = Nanoseconds(since + SILENCE_TO_STAND * facts.patience)
    silence = Nanoseconds(now - since)
    if now < tell_at:
        return LookAgain(tell_at, silence)
    tell = not facts.told
    if not facts.allowed:
        return LookAgain(None, silence, tell)
    return Stand(silence, tell) if now >= stand_at else LookAgain(stand_at, silence, tell)
