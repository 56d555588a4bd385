"""What the election needs to know: the operator's decisions and the primary address."""

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address

from pyvrrp.identity import OWNER_PRIORITY, Version
from pyvrrp.units import SECOND, Nanoseconds

OWNER = OWNER_PRIORITY
LAST_RESORT = 1  # serves although fenced, until anybody healthy comes
RELEASE = 0
MAY_LEAVE_EARLY = 50  # an advertisement may leave by an interval divided by this early, never late


@dataclass(frozen=True, slots=True)
class Parameters:
    """The constants of the election (RFC 9568 section 6.1).

    ``preempt_delay`` counts from the first lower-priority advertisement; ``max_learned_interval``
    is how much of a peer's interval is believed at most, though never less than the own one.
    ``linger`` is how long a master that is followed by another one keeps the addresses, so that
    no client is without either; 0 where two may never have them at once.
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
    """Return how much of a peer's advertised *interval* is believed.

    One forged advertisement must not postpone a takeover for minutes; a peer that is configured
    like this router is believed whatever the limit.
    """
    limit = max(parameters.max_learned_interval, parameters.advertisement_interval)
    return min(interval, limit)
