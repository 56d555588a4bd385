"""The parameters of the election: what the operator configured, and the primary address."""

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address

from pyvrrp.identity import OWNER_PRIORITY, Version
from pyvrrp.units import SECOND, Nanoseconds

OWNER = OWNER_PRIORITY
LAST_RESORT = 1  # takes part although fenced; every healthy router preempts it
RELEASE = 0
MAY_LEAVE_EARLY = 50  # an advertisement may leave by an interval divided by this early, never late


@dataclass(frozen=True, slots=True)
class Parameters:
    """The constants of the election (RFC 9568 section 6.1).

    ``preempt_delay`` counts from the first advertisement of lower priority.
    ``max_learned_interval`` is the longest interval that is learned from a peer; the own interval
    is always accepted. ``linger`` is how long a master with a successor keeps the addresses, so
    that one host or the other answers at every instant. It is 0 if two hosts may never have the
    addresses at once.
    """

    version: Version
    priority: int
    advertisement_interval: Nanoseconds
    primary_address: IPv4Address | IPv6Address
    preempt: bool = True
    preempt_delay: Nanoseconds = Nanoseconds(0)
    max_learned_interval: Nanoseconds = Nanoseconds(10 * SECOND)
    linger: Nanoseconds = Nanoseconds(0)


def believed(interval: Nanoseconds, parameters: Parameters) -> Nanoseconds:
    """Return a peer's advertised *interval*, or the limit if it is longer than that.

    One forged advertisement must not delay a takeover for minutes. A peer with the same interval
    as this router is accepted even above ``max_learned_interval``.
    """
    limit = max(parameters.max_learned_interval, parameters.advertisement_interval)
    return min(interval, limit)
