"""For how long a key in etcd allows this node to hold the addresses.

The key exists for its ttl after etcd granted it, and etcd did not grant it before the request
began. The addresses must be gone before the key expires, even if this process is stopped right
after it renewed their address lease. ``docs/decisions/0007-etcd-lease.md`` explains the
calculation.
"""

from pyvrrp.config.model.configuration import EtcdLease
from pyvrrp.units import MILLISECOND, SECOND, Nanoseconds

# The kernel may remove an address so much later than at the end of its lifetime.
_ADDRESS_LATENESS = Nanoseconds(1500 * MILLISECOND)
_RATE_DIVISOR = 100  # two clocks may differ by 1 %; NTP slews by 0.05 % at most
_SHORTEST_RETRY = Nanoseconds(100 * MILLISECOND)
_LONGEST_RETRY = Nanoseconds(500 * MILLISECOND)
_RETRIES_PER_TTL = 20


def holding_time(
    ttl: int, address_lease: int, reserve: Nanoseconds = Nanoseconds(0)
) -> Nanoseconds:
    """Return for how long after the start of a successful request the addresses may be renewed.

    *ttl* and *address_lease* are in seconds. An address lease that is renewed at the last moment
    ends before the ttl is over, and so do resources that need *reserve* to stop. The result is
    zero or negative if *ttl* is too short.
    """
    whole = ttl * SECOND
    usable = whole - whole // _RATE_DIVISOR
    return Nanoseconds(usable - address_lease * SECOND - _ADDRESS_LATENESS - reserve)


def retry_after(ttl: int) -> Nanoseconds:
    """Return how long to wait after another node held the key before asking for it again."""
    return min(max(Nanoseconds(ttl * SECOND // _RETRIES_PER_TTL), _SHORTEST_RETRY), _LONGEST_RETRY)


def shortest_ttl(lease: EtcdLease) -> int:
    """Return the shortest ttl in seconds with which one renewal may fail without consequences."""
    ttl = lease.address_lease
    while (
        holding_time(ttl, lease.address_lease, lease.reserve) < lease.interval + 2 * lease.timeout
    ):
        ttl += 1
    return ttl
