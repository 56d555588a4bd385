"""Three routers, r1 to r3, and a client on one switch."""

from pyvrrp.testing.segment import Network
from topologies.base import Topology, routers_and_client


def build(network: Network) -> Topology:
    """Build it."""
    return routers_and_client(network, 3)
