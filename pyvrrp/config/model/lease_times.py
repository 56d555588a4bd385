"""How long a key in etcd proves that nobody else holds the addresses.

The key lives for its ttl after etcd has granted it, which was not before the request for it began.
The addresses must be gone earlier than that even if this process is stopped in the very moment in
which it renewed their kernel lease. What that takes off the ttl is argued in
``docs/decisions/0007-etcd-lease.md``.
"""

from pyvrrp.config.model.configuration import EtcdLease
from pyvrrp.units import MILLISECOND, SECOND, Nanoseconds

# The kernel looks for lifetimes that are over at most once a second, rounded up to a quarter.
ADDRESS_LATENESS = Nanoseconds(1500 * MILLISECOND)
_RATE_DIVISOR = 100  # two clocks may differ by 1 %; NTP slews by 0.05 % at most
_SHORTEST_RETRY = Nanoseconds(100 * MILLISECOND)
_LONGEST_RETRY = Nanoseconds(500 * MILLISECOND)
_RETRIES_PER_TTL = 20


def proof_lasts(ttl: int, address_lease: int, reserve: Nanoseconds = Nanoseconds(0)) -> Nanoseconds:
    """Return for how long after the start of a request its success lets the addresses stay.

    Until then their kernel lease (whole seconds) may be renewed; a renewal in the last moment has
    run out before *ttl* is over, and resources that take *reserve* to stop have stopped. Not
    positive: such a ttl proves nothing.
    """
    whole = ttl * SECOND
    usable = whole - whole // _RATE_DIVISOR
    return Nanoseconds(usable - address_lease * SECOND - ADDRESS_LATENESS - reserve)


def retry_after(ttl: int) -> Nanoseconds:
    """Return how long to wait before a key that was not to be had is asked for again."""
    return min(max(Nanoseconds(ttl * SECOND // _RETRIES_PER_TTL), _SHORTEST_RETRY), _LONGEST_RETRY)


def shortest_ttl(lease: EtcdLease) -> int:
    """Return the least ttl with which one renewal may fail and the next one still comes in time."""
    ttl = lease.address_lease
    while proof_lasts(ttl, lease.address_lease, lease.reserve) < lease.interval + 2 * lease.timeout:
        ttl += 1
    return ttl
