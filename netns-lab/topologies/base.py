"""The plan every topology follows: routers and a client on one segment."""

from collections.abc import Sequence
from dataclasses import dataclass

from pyvrrp.testing.segment import Host, Network, Segment

CLIENT_IPV4 = "10.9.0.9"
CLIENT_IPV6 = "2001:db8:9::9"
VIRTUAL_IPV4 = ("10.9.0.100/24",)
VIRTUAL_IPV6 = ("fe80::100/64", "2001:db8:9::100/64")


@dataclass(frozen=True, slots=True)
class Topology:
    """What was built."""

    network: Network
    segment: Segment
    routers: Sequence[Host]
    client: Host


def routers_and_client(network: Network, count: int) -> Topology:
    """Build *count* routers, r1 and so on, and a client on one segment."""
    lan = network.segment("lan")
    routers = [
        lan.host(f"r{number}", f"10.9.0.{number}/24", f"2001:db8:9::{number}/64")
        for number in range(1, count + 1)
    ]
    client = lan.host("client", f"{CLIENT_IPV4}/24", f"{CLIENT_IPV6}/64")
    return Topology(network, lan, routers, client)
