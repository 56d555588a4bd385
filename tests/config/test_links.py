"""The links of a virtual router: interfaces and peers."""

from ipaddress import ip_address

import pytest

from pyvrrp.config.model.configuration import LinkConfig
from pyvrrp.config.report.lint import lint
from pyvrrp.identity import Place
from tests.config.documents import parsed, problems, router, router_problems

HEAD = '[[virtual_router]]\nname = "web"\nvrid = 51\naddresses = ["192.0.2.10/24"]\n'
BOTH = HEAD.replace('24"]', '24", "fe80::10/64"]') + 'interface = "eth0"\n'


def link_problems(keys: str, head: str = HEAD) -> list[str]:
    prefix = 'virtual_router[0] "web".'
    return [problem.removeprefix(prefix) for problem in problems(head + keys)]


def test_without_the_keys_there_is_one_multicast_link() -> None:
    assert router().links == (LinkConfig(Place("", "eth0")),)
    assert router().min_ttl == 255


def test_a_list_of_peers_is_for_the_one_interface() -> None:
    written = router('peers = ["192.0.2.1", "192.0.2.2"]\nmin_ttl = 250')
    assert written.links == (
        LinkConfig(Place("", "eth0"), (ip_address("192.0.2.1"), ip_address("192.0.2.2"))),
    )
    assert written.min_ttl == 250


def test_the_first_of_several_interfaces_has_the_addresses() -> None:
    [written] = parsed(HEAD + 'interfaces = ["eth0", "eth1"]\nnetns = "blue"').virtual_routers
    assert written.id.place == Place("blue", "eth0")
    assert written.links == (LinkConfig(Place("blue", "eth0")), LinkConfig(Place("blue", "eth1")))


def test_a_table_of_peers_has_a_list_for_each_interface() -> None:
    [written] = parsed(
        HEAD
        + 'interface = "eth0"\ninterfaces = ["eth0", "eth1"]\n'
        + 'peers = { eth1 = ["10.0.0.1"], eth0 = ["192.0.2.1"] }'
    ).virtual_routers
    assert [(str(link.place), [str(p) for p in link.peers]) for link in written.links] == [
        ("eth0", ["192.0.2.1"]),
        ("eth1", ["10.0.0.1"]),
    ]


def test_each_family_has_its_own_peers() -> None:
    four, six = parsed(BOTH + 'peers = ["192.0.2.1", "fe80::1", "192.0.2.2"]').virtual_routers
    assert [str(peer) for peer in four.peers] == ["192.0.2.1", "192.0.2.2"]
    assert [str(peer) for peer in six.peers] == ["fe80::1"]


EMPTY = "is empty, so no advertisement would be accepted; leave the key out for multicast"


@pytest.mark.parametrize(
    ("keys", "problem"),
    [
        ("peers = []", f"peers: {EMPTY}"),
        ("peers = {}", f"peers: {EMPTY}"),
        ("peers = { eth0 = [] }", f"peers.eth0: {EMPTY}"),
        (
            'peers = "192.0.2.1"',
            'peers: must be an array of addresses, such as "192.0.2.2", not "192.0.2.1"',
        ),
        ('peers = ["192.0.2.1/24"]', 'peers[0]: "192.0.2.1/24" is not an IP address'),
        (
            'peers = ["224.0.0.18"]',
            'peers[0]: "224.0.0.18" is a multicast address and cannot be used here',
        ),
        ('peers = ["192.0.2.1", "192.0.2.1"]', "peers[1]: 192.0.2.1 is at [0] already"),
        (
            'peers = ["192.0.2.10"]',
            "peers: 192.0.2.10 is a virtual address; write the own address of the node",
        ),
        (
            'peers = ["192.0.2.1", "2001:db8::1"]',
            "peers[1]: 2001:db8::1 is of another family than the addresses",
        ),
        (
            'peers = { eth1 = ["192.0.2.1"] }',
            'peers.eth1: is not one of the interfaces, did you mean "eth0"?',
        ),
        (
            "min_ttl = 254",
            "min_ttl: has a meaning with peers only: a multicast packet is never routed",
        ),
        ('peers = ["192.0.2.1"]\nmin_ttl = 0', "min_ttl: must be from 1 to 255, not 0"),
        ("interfaces = []", "interfaces: must list from 1 to 8 interfaces, not 0"),
        ('interfaces = ["eth0", "eth0"]', 'interfaces[1]: "eth0" is at [0] already'),
        (
            'interfaces = ["eth1", "eth0"]',
            'interfaces: must begin with "eth0", the value of interface: it has the addresses',
        ),
    ],
)
def test_a_wrong_link_is_refused(keys: str, problem: str) -> None:
    assert problem in router_problems(keys)
    assert len([p for p in router_problems(keys) if "has no peers for" not in p]) == 1


def test_a_family_without_peers_is_refused() -> None:
    assert router_problems('peers = ["2001:db8::1"]') == [
        "peers[0]: 2001:db8::1 is of another family than the addresses",
    ]
    assert link_problems('peers = ["192.0.2.1"]', BOTH) == [
        "peers: has no IPv6 address, but addresses has: both families need peers",
    ]


def test_one_of_the_two_interface_keys_is_required() -> None:
    assert link_problems("") == ["interface: is required"]
    assert link_problems('interfaces = ["eth 0"]') == [
        'interfaces[0]: "eth 0" is no interface name: Linux allows no space, slash or colon'
    ]


@pytest.mark.parametrize(
    ("keys", "problem"),
    [
        (
            'peers = ["192.0.2.1"]',
            (
                "peers: must be a table, because there are several interfaces: "
                "{ eth0 = [...], eth1 = [...] }"
            ),
        ),
        (
            'peers = { eth0 = ["192.0.2.1"] }',
            "peers: has no peers for eth1: either all interfaces use unicast or none",
        ),
        (
            'peers = { eth0 = ["192.0.2.1", "192.0.2.2"], eth1 = ["10.0.0.1"] }',
            (
                "peers.eth1: must list as many IPv4 addresses as for eth0, in the same order of "
                "nodes"
            ),
        ),
        (
            'peers = { eth0 = ["192.0.2.1"], eth1 = ["192.0.2.10"] }',
            "peers.eth1: 192.0.2.10 is a virtual address; write the own address of the node",
        ),
        (
            'peers = { eth0 = ["192.0.2.1"], "eth 1" = ["10.0.0.1"] }',
            'peers."eth 1": "eth 1" is no interface name: Linux allows no space, slash or colon',
        ),
    ],
)
def test_each_of_several_links_needs_a_list_of_peers(keys: str, problem: str) -> None:
    assert link_problems(f'interfaces = ["eth0", "eth1"]\n{keys}') == [problem]


def test_two_routers_with_a_link_on_the_same_interface_need_different_vrids() -> None:
    other = HEAD.replace('"web"', '"db"').replace(".10/24", ".11/24")
    found = problems(f'{HEAD}interfaces = ["eth0", "eth9"]\n{other}interfaces = ["eth1", "eth9"]')
    assert found == [
        (
            'virtual_router[1] "db".vrid: 51 is used on eth9 for IPv4 '
            'by virtual_router[0] "web" already'
        )
    ]


def test_a_lower_min_ttl_gets_a_warning() -> None:
    configuration = parsed(HEAD + 'interface = "eth0"\npeers = ["192.0.2.1"]\nmin_ttl = 254')
    assert [w.path for w in lint(configuration) if "routers forwarded" in w.what] == [
        'virtual_router "web".min_ttl'
    ]
