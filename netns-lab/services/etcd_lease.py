"""Three nodes with a lease in etcd: their configuration and times (docs/lease.md)."""

from collections.abc import Iterable

from results.setting import NOISE

VIP = "10.9.0.100"
ADDRESSES = {"n1": "10.9.0.1", "n2": "10.9.0.2", "n3": "10.9.0.3"}
SETTLE = 1.0  # for etcd, whose members may elect another leader when they come back
PROOF = 3.44  # ttl - 1 % - address lease - 1.5 s
_TTL = 6.0
_RETRY = 0.3
_EXPIRY = 1.0  # etcd ends a lease at most this much late
_ELECTION = 3.0  # after this time without a leader etcd restarts all leases
EXPIRED = _TTL + _EXPIRY + _RETRY + NOISE
LOST_LEADER = EXPIRED + _ELECTION

_TOML = """
[[virtual_router]]
name = "web"
interface = "eth0"
vrid = 51
nodes = ["n1", "n2", "n3"]
addresses = ["10.9.0.100/24"]
advertisement_interval = "100ms"
lease = "1s"
checks = ["cluster"]

[check.cluster]
lease = [{endpoints}]
ttl = "6s"
interval = "400ms"
timeout = "300ms"
"""


def leased(urls: Iterable[str]) -> str:
    """Return the configuration of all nodes, given the members of etcd."""
    return _TOML.format(endpoints=", ".join(f'"{url}"' for url in urls))
