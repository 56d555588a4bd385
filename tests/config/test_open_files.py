"""How many open files a configuration needs."""

from pyvrrp.config.report.open_files import DAEMON, open_files_needed
from tests.config.documents import parsed

ROUTER = """
[[virtual_router]]
name = "{name}"
interface = "{interface}"
vrid = {vrid}
addresses = [{addresses}]
"""


def needed(*routers: str) -> int:
    return open_files_needed(parsed("".join(routers)))


def one(name: str, interface: str, vrid: int = 51, addresses: str = '"192.0.2.10/24"') -> str:
    return ROUTER.format(name=name, interface=interface, vrid=vrid, addresses=addresses)


def test_an_interface_with_ipv4_takes_six_beside_its_namespace() -> None:
    assert needed(one("a", "eth0")) == DAEMON + 4 + 6


def test_virtual_routers_on_one_interface_share_its_sockets() -> None:
    two = needed(one("a", "eth0"), one("b", "eth0", 52, '"192.0.2.11/24"'))
    assert two == needed(one("a", "eth0"))


def test_each_family_and_each_interface_takes_sockets_of_its_own() -> None:
    both = '"192.0.2.10/24", "fe80::10/64"'
    assert needed(one("a", "eth0", addresses=both)) == DAEMON + 4 + 11
    many = [one(f"r{n}", f"eth{n}", addresses=f'"192.0.2.{n + 1}/24"') for n in range(250)]
    assert needed(*many) == DAEMON + 4 + 250 * 6


def test_peers_take_another_kind_of_socket_and_checks_take_some() -> None:
    peers = one("a", "eth0") + 'peers = ["192.0.2.1", "192.0.2.2"]\n'
    assert needed(peers) == DAEMON + 4 + 6
    check = 'checks = ["up"]\n[check.up]\ntcp = "127.0.0.1:80"\n'
    assert needed(one("a", "eth0") + check) == DAEMON + 4 + 6 + 4
