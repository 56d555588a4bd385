"""When a neighbour whose advertisements cannot be accepted keeps a router from claiming.

It is a router of the same VRID in another version, with another authentication, or different in
another way. What it sends does not take part in the election, but it proves that somebody lives and
has the addresses. ``docs/decisions/0016-incompatible-neighbours.md`` has the reasons.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from pyvrrp.identity import Version
from pyvrrp.units import SECOND, Nanoseconds
from pyvrrp.virtual_router.parameters import RELEASE
from pyvrrp.virtual_router.timers import master_down_interval, skew_time

# Version 2 counts in whole seconds. So a neighbour may be much slower than this router.
BELIEVED = Nanoseconds(10 * SECOND)


@dataclass(frozen=True, slots=True)
class IncompatibleAdvertisement:
    """What such a neighbour advertised last, at *heard_at*.

    *shares*: it advertised one of our addresses, or none at all.
    """

    version: Version
    priority: int
    interval: Nanoseconds
    shares: bool
    heard_at: Nanoseconds


@dataclass(frozen=True, slots=True)
class LivingNeighbour:
    """What a neighbour advertised last, and *until* when it counts (`lives_until`)."""

    heard: IncompatibleAdvertisement
    until: Nanoseconds


@dataclass(frozen=True, slots=True)
class OwnTimes:
    """The own priority and advertisement interval when it was heard.

    *longest* is the longest interval that is believed.
    """

    priority: int
    interval: Nanoseconds
    longest: Nanoseconds


def lives_until(heard: IncompatibleAdvertisement, own: OwnTimes) -> Nanoseconds:
    """Return the instant at which a neighbour that stays silent does not count any more.

    That is Master_Down_Interval after its last advertisement, made of its own interval as far as
    that is believed (up to 10 s, or longer if the own interval is), in its own version. After a
    release it is Skew_Time.
    """
    interval = min(heard.interval or own.interval, max(own.longest, own.interval, BELIEVED))
    wait = skew_time if heard.priority == RELEASE else master_down_interval
    return Nanoseconds(heard.heard_at + wait(heard.version, own.priority, interval))


def keeps_from_claiming(
    known: Iterable[LivingNeighbour], now: Nanoseconds
) -> LivingNeighbour | None:
    """Return the first neighbour that lives and advertises our addresses, or None."""
    return next((one for one in known if one.heard.shares and now < one.until), None)
