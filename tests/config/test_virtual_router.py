"""The keys of a virtual router."""

from ipaddress import ip_interface

import pytest

from pyvrrp.config.model.configuration import (
    AnnouncePolicy,
    ChecksumPolicy,
    ClaimProbePolicy,
    VirtualRouterConfig,
)
from pyvrrp.fencing.policy import HoldDown
from pyvrrp.identity import Family, Place, Version, VirtualRouterId
from pyvrrp.units import Nanoseconds
from tests.config.documents import (
    BARE_ROUTER,
    ROUTER,
    parsed,
    problems,
    router,
    router_problems,
)


def addresses(*written: str, keys: str = "") -> tuple[VirtualRouterConfig, ...]:
    listed = ", ".join(f'"{address}"' for address in written)
    return parsed(f"{BARE_ROUTER}{keys}\naddresses = [{listed}]").virtual_routers


def address_problems(*written: str, keys: str = "") -> list[str]:
    listed = ", ".join(f'"{address}"' for address in written)
    prefix = 'virtual_router[0] "web".'
    found = problems(f"{BARE_ROUTER}{keys}\naddresses = [{listed}]")
    return [problem.removeprefix(prefix) for problem in found]


def test_the_smallest_router_has_the_defaults_of_the_model() -> None:
    assert router() == VirtualRouterConfig(
        name="web",
        id=VirtualRouterId(Place("", "eth0"), Family.IPV4, 51),
        addresses=(ip_interface("192.0.2.10/24"),),
    )


def test_every_key_reaches_the_model() -> None:
    written = parsed(
        BARE_ROUTER
        + """
        addresses = ["192.0.2.10", "192.0.2.11/24"]
        netns = "blue"
        version = 2
        priority = 150
        advertisement_interval = "5s"
        preempt = false
        preempt_delay = "30s"
        strict = true
        authentication = "secret"
        lease = "7s"
        announce = { count = 3, delay = "1s", refresh = "0s", gap = "5ms" }
        checks = ["a", "b"]
        hold_down = { initial = "1s", ceiling = "2s", window = "3s" }
        [check]
        a.tcp = "127.0.0.1:1"
        b.tcp = "127.0.0.1:2"
        """
    ).virtual_routers
    assert written == (
        VirtualRouterConfig(
            name="web",
            id=VirtualRouterId(Place("blue", "eth0"), Family.IPV4, 51),
            addresses=(ip_interface("192.0.2.10/32"), ip_interface("192.0.2.11/24")),
            version=Version.V2,
            priority=150,
            advertisement_interval=Nanoseconds(5_000_000_000),
            preempt=False,
            preempt_delay=Nanoseconds(30_000_000_000),
            strict=True,
            authentication=b"secret",
            max_learned_interval=Nanoseconds(40_950_000_000),
            lease=7,
            announce=AnnouncePolicy(
                3, Nanoseconds(1_000_000_000), Nanoseconds(0), Nanoseconds(5_000_000)
            ),
            checks=("a", "b"),
            hold_down=HoldDown(
                Nanoseconds(1_000_000_000), Nanoseconds(2_000_000_000), Nanoseconds(3_000_000_000)
            ),
        ),
    )


def test_all_missing_keys_are_reported_at_once() -> None:
    assert problems("[[virtual_router]]") == [
        "virtual_router[0].name: is required",
        "virtual_router[0].interface: is required",
        "virtual_router[0].vrid: is required",
        "virtual_router[0].addresses: is required",
    ]


def test_an_unknown_key_is_refused_with_a_similar_one() -> None:
    assert router_problems("prioity = 5") == ['prioity: unknown key, did you mean "priority"?']


def test_an_unknown_key_that_is_similar_to_none_is_refused_with_all_keys() -> None:
    [problem] = router_problems("zzz = 5")
    assert problem.startswith("zzz: unknown key; allowed are addresses, advertisement_interval,")


@pytest.mark.parametrize(
    ("key", "problem"),
    [
        ("priority = 0", "priority: must be from 1 to 255, not 0"),
        ("priority = 256", "priority: must be from 1 to 255, not 256"),
        (
            'priority = "high"',
            'priority: must be a number from 1 to 255 or a table { NODE = NUMBER }, not "high"',
        ),
        (
            "priority = true",
            "priority: must be a number from 1 to 255 or a table { NODE = NUMBER }, not true",
        ),
        (
            "priority = { web1 = 300, 'a b' = 1 }",
            "priority.web1: must be from 1 to 255, not 300",
        ),
        ('preempt = "yes"', 'preempt: must be true or false, not "yes"'),
        ("strict = 1", "strict: must be true or false, not 1"),
        ('preempt_delay = "1001s"', 'preempt_delay: must be from 0s to 1000s, not "1001s"'),
        ("version = 4", "version: must be 2 or 3, not 4"),
        ("version = 2.0", "version: must be 2 or 3, not 2.0"),
        (
            'checksum = "rfc3768"',
            'checksum: must be one of "auto", "rfc9568", "rfc5798", not "rfc3768"',
        ),
        ('checks = "web"', 'checks: must be an array of names of checks, not "web"'),
        (
            "checks = [1]",
            'checks[0]: must be the name of a check or { name = "...", weight = -20 }, not 1',
        ),
        ("checks = [{ weight = 5 }]", "checks[0].name: is required"),
        (
            'checks = [{ name = "a", wieght = 5 }]',
            'checks[0].wieght: unknown key, did you mean "weight"?',
        ),
        (
            'checks = [{ name = "a", weight = 300 }]',
            "checks[0].weight: must be from -253 to 253, not 300",
        ),
        (
            'checks = [{ name = "a", weight = 0 }]',
            (
                "checks[0].weight: 0 changes nothing; without a weight the check is part of the "
                "fence"
            ),
        ),
        (
            'checks = [{ name = "a", weight = true }]',
            "checks[0].weight: must be a whole number from -253 to 253, not true",
        ),
        ('checks = ["a", { name = "a", weight = 5 }]', 'checks[1]: "a" is at [0] already'),
        (
            'checks = ["none"]',
            'checks[0]: there is no check "none"',
        ),
        (
            'when_all_fail = "serve"',
            'when_all_fail: must be one of "release", "last-resort", not "serve"',
        ),
        (
            'when_all_fail = "last-resort"\npriority = 255',
            (
                'when_all_fail: must be "release" with priority 255: the last resort uses '
                "priority 1, and an owner always 255"
            ),
        ),
        (
            'claim_probe = "ask"',
            'claim_probe: must be one of "warn", "defer", "refuse", "off", not "ask"',
        ),
        ("announce = 5", "announce: must be a table, not 5"),
        ("announce.count = 0", "announce.count: must be from 1 to 100, not 0"),
        ("announce.cuont = 1", 'announce.cuont: unknown key, did you mean "count"?'),
        (
            'announce.refresh = "10ms"',
            'announce.refresh: must be 0s (never) or from 1s to 86400s, not "10ms"',
        ),
        ('announce.gap = "2s"', 'announce.gap: must be from 0s to 1s, not "2s"'),
        ('announce.delay = "301s"', 'announce.delay: must be from 0s to 300s, not "301s"'),
        (
            'hold_down.ceiling = "1s"',
            "hold_down.ceiling: must be at least initial, which is 5s",
        ),
        ("netns = 3", "netns: must be a string, not 3"),
        (
            'netns = "../x"',
            (
                'netns: "../x" is no network namespace; use a name that ip netns lists, an '
                'absolute path such as "/proc/123/ns/net", or a process such as "pid:123"'
            ),
        ),
        (
            "priority = 1979-05-27",
            (
                "priority: must be a number from 1 to 255 or a table "
                "{ NODE = NUMBER }, not a date or time"
            ),
        ),
    ],
)
def test_a_wrong_value_is_refused_with_what_is_allowed(key: str, problem: str) -> None:
    assert problem in router_problems(key)


@pytest.mark.parametrize(("vrid", "good"), [(0, False), (1, True), (255, True), (256, False)])
def test_a_vrid_is_from_1_to_255(vrid: int, good: bool) -> None:
    found = problems(ROUTER.replace("51", str(vrid)))
    assert found == (
        [] if good else [f'virtual_router[0] "web".vrid: must be from 1 to 255, not {vrid}']
    )


@pytest.mark.parametrize("name", ["eth0", "a", "123456789012345", "br-0.1@x", "wlp3s0"])
def test_an_interface_name_that_the_kernel_accepts_is_accepted(name: str) -> None:
    assert parsed(ROUTER.replace("eth0", name)).virtual_routers[0].id.place.interface == name


@pytest.mark.parametrize(
    "name", ["", "1234567890123456", "a b", "a/b", "a:b", ".", "..", "a\\u0007", "\\u00e9" * 8]
)
def test_an_interface_name_that_the_kernel_refuses_is_refused(name: str) -> None:
    [problem] = problems(ROUTER.replace("eth0", name))
    assert "is no interface name" in problem


# addresses


def test_the_default_prefix_length_is_32_or_128() -> None:
    ipv4, ipv6 = addresses("192.0.2.10", "fe80::1")
    assert str(ipv4.addresses[0]) == "192.0.2.10/32"
    assert str(ipv6.addresses[0]) == "fe80::1/128"


def test_a_table_with_both_families_is_two_virtual_routers_of_one_name_and_vrid() -> None:
    ipv4, ipv6 = addresses("192.0.2.10/24", "fe80::51/64", "192.0.2.11/24")
    assert (ipv4.name, ipv6.name) == ("web", "web")
    assert ipv4.id == VirtualRouterId(Place("", "eth0"), Family.IPV4, 51)
    assert ipv6.id == VirtualRouterId(Place("", "eth0"), Family.IPV6, 51)
    assert [str(address) for address in ipv4.addresses] == ["192.0.2.10/24", "192.0.2.11/24"]
    assert [str(address) for address in ipv6.addresses] == ["fe80::51/64"]


@pytest.mark.rfc("9568:5.2.9")
def test_the_link_local_address_is_advertised_first_and_the_others_keep_their_order() -> None:
    [ipv6] = addresses("2001:db8::2/64", "2001:db8::1/64", "fe80::51/64", "2001:db8::3/64")
    assert [str(address.ip) for address in ipv6.addresses] == [
        "fe80::51",
        "2001:db8::2",
        "2001:db8::1",
        "2001:db8::3",
    ]


@pytest.mark.rfc("9568:5.2.9")
def test_ipv6_without_a_link_local_address_is_accepted() -> None:
    assert address_problems("2001:db8::1/64") == []


def test_a_claim_against_an_incompatible_neighbour_is_an_option() -> None:
    (router,) = parsed(ROUTER + "claim_against_incompatible = true").virtual_routers
    assert router.claims_against_incompatible
    (router,) = parsed(ROUTER).virtual_routers
    assert not router.claims_against_incompatible


@pytest.mark.parametrize(
    ("written", "what"),
    [
        ("web", '"web" is not an IP address'),
        ("192.0.2.300", '"192.0.2.300" is not an IP address'),
        ("192.0.2.10/", 'the prefix length of "192.0.2.10/" must be from 1 to 32'),
        ("192.0.2.10/0", 'the prefix length of "192.0.2.10/0" must be from 1 to 32'),
        ("192.0.2.10/33", 'the prefix length of "192.0.2.10/33" must be from 1 to 32'),
        (
            "192.0.2.10/255.255.255.0",
            'the prefix length of "192.0.2.10/255.255.255.0" must be from 1 to 32',
        ),
        ("fe80::1/129", 'the prefix length of "fe80::1/129" must be from 1 to 128'),
        ("224.0.0.18", '"224.0.0.18" is a multicast address and cannot be used here'),
        ("ff02::12", '"ff02::12" is a multicast address and cannot be used here'),
        ("127.0.0.1", '"127.0.0.1" is a loopback address and cannot be used here'),
        ("::1", '"::1" is a loopback address and cannot be used here'),
        ("0.0.0.0", '"0.0.0.0" is the unspecified address and cannot be used here'),
        ("::", '"::" is the unspecified address and cannot be used here'),
        ("0.1.2.3", '"0.1.2.3" is an address of 0.0.0.0/8 and cannot be used here'),
        (
            "255.255.255.255",
            '"255.255.255.255" is the broadcast address and cannot be used here',
        ),
        (
            "::ffff:192.0.2.1",
            '"::ffff:192.0.2.1" is an IPv4-mapped IPv6 address and cannot be used here',
        ),
        ("fe80::1%eth0", '"fe80::1%eth0" must not name a zone: write the address alone'),
        ("192.0.2.0/24", '"192.0.2.0/24" is the network itself, not an address in it'),
        ("2001:db8::/64", '"2001:db8::/64" is the network itself, not an address in it'),
        ("192.0.2.255/24", '"192.0.2.255/24" is the broadcast address of its network'),
    ],
)
def test_an_address_that_no_host_can_have_is_refused(written: str, what: str) -> None:
    assert address_problems("192.0.2.77", written) == [f"addresses[1]: {what}"]


@pytest.mark.parametrize("written", ["192.0.2.0/31", "192.0.2.255/32", "169.254.1.1/16"])
def test_the_first_and_last_address_of_a_tiny_network_are_accepted(written: str) -> None:
    assert address_problems(written) == []


def test_an_empty_list_of_addresses_is_for_the_election_only() -> None:
    assert address_problems() == []
    assert address_problems(keys='family = "ipv6"') == []
    assert address_problems("192.0.2.10", keys='family = "ipv6"') == [
        "family: is for addresses = [] only: the addresses have a family"
    ]


def test_an_address_cannot_be_advertised_and_excluded() -> None:
    assert address_problems("192.0.2.10", keys='excluded_addresses = ["192.0.2.10/24"]') == [
        "excluded_addresses[0]: 192.0.2.10 is in addresses already"
    ]


def test_what_is_wrong_in_the_table_of_an_address_is_named() -> None:
    wrong = (
        '[{ address = "2001:db8::1", label = "eth1:web" }, { interface = "eth1", brodcast = "+" }]'
    )
    assert address_problems("192.0.2.10", keys=f"excluded_addresses = {wrong}") == [
        "excluded_addresses[0].label: has a meaning for IPv4 only",
        'excluded_addresses[1].brodcast: unknown key, did you mean "broadcast"?',
        "excluded_addresses[1].address: is required",
    ]


def test_an_address_that_is_listed_twice_is_refused_with_any_prefix_length() -> None:
    assert address_problems("192.0.2.10/24", "192.0.2.11/24", "192.0.2.10") == [
        "addresses[2]: 192.0.2.10 is at [0] already"
    ]


def many(count: int, family: Family) -> list[str]:
    prefix = "10.0.0." if family is Family.IPV4 else "fe80::"
    if family is Family.IPV4:
        return [f"10.0.{number // 250}.{number % 250 + 1}" for number in range(count)]
    return [f"{prefix}{number + 1:x}" for number in range(count)]


@pytest.mark.parametrize(
    ("family", "version", "most"),
    [(Family.IPV4, 3, 255), (Family.IPV4, 2, 255), (Family.IPV6, 3, 90)],
)
def test_more_addresses_than_one_advertisement_holds_are_refused(
    family: Family, version: int, most: int
) -> None:
    keys = f"version = {version}"
    assert address_problems(*many(most, family), keys=keys) == []
    limit = f"one advertisement holds at most {most} addresses of a family, not {most + 1}"
    assert address_problems(*many(most + 1, family), keys=keys) == [
        f"addresses: {limit}; move the others to excluded_addresses"
    ]


# priority


def test_a_priority_by_node_is_that_of_this_node() -> None:
    document = ROUTER + "priority = { web1 = 150, web2 = 100 }"
    assert parsed(document, hostname="web2").virtual_routers[0].priority == 100
    assert parsed(document, node="web1", hostname="web2").virtual_routers[0].priority == 150


def test_the_nodes_of_a_list_have_the_priorities_254_244_234_and_so_on() -> None:
    document = ROUTER + 'nodes = ["a", "b", "c"]'
    found = [parsed(document, node=node).virtual_routers[0].priority for node in "abc"]
    assert found == [254, 244, 234]


def test_26_nodes_are_accepted_and_27_are_refused() -> None:
    names = ", ".join(f'"n{number}"' for number in range(26))
    assert parsed(f"{ROUTER}nodes = [{names}]", node="n25").virtual_routers[0].priority == 4
    assert router_problems(f'nodes = [{names}, "n26"]') == [
        "nodes: must list from 1 to 26 nodes, not 27"
    ]


@pytest.mark.parametrize(
    "keys", ['nodes = ["web2", "web3"]', "priority = { web2 = 100, web3 = 90 }"]
)
def test_a_node_that_is_not_listed_is_refused_with_its_name_and_the_listed_ones(keys: str) -> None:
    [problem] = router_problems(keys)
    assert 'this node is "web1" and is not listed; listed are web2, web3.' in problem


def test_a_node_runs_only_the_virtual_routers_that_list_it() -> None:
    document = ROUTER + 'nodes = ["n1", "n3"]' + ROUTER.replace("web", "db").replace("51", "52")
    document = document.replace("2.10/24", "2.11/24", 2).replace("2.11/24", "2.10/24", 1)
    document += "priority = { n2 = 200, n3 = 100 }"
    found = {node: parsed(document, node=node) for node in ("n1", "n2", "n3")}
    assert [[router.name for router in found[node].virtual_routers] for node in found] == [
        ["web"],
        ["db"],
        ["web", "db"],
    ]
    assert [[router.name for router in found[node].elsewhere] for node in found] == [
        ["db"],
        ["web"],
        [],
    ]
    assert len(problems(document, node="n4")) == 2


def test_nodes_and_priority_exclude_each_other() -> None:
    assert router_problems('nodes = ["web1"]\npriority = 5') == [
        "nodes: excludes priority: write one of the two"
    ]


def test_a_node_listed_twice_is_refused() -> None:
    assert router_problems('nodes = ["web1", "web1"]') == ['nodes[1]: "web1" is at [0] already']


# keys that depend on the version


@pytest.mark.parametrize("interval", ["10ms", "1s", "40.95s", "1010ms"])
def test_version_3_advertises_every_10_ms_to_40_95_s(interval: str) -> None:
    assert router_problems(f'advertisement_interval = "{interval}"') == []


@pytest.mark.parametrize(
    ("interval", "shown"),
    [("0s", "0s"), ("5ms", "5ms"), ("1005ms", "1.005s"), ("40.96s", "40.96s")],
)
def test_version_3_has_steps_of_10_ms(interval: str, shown: str) -> None:
    assert router_problems(f'advertisement_interval = "{interval}"') == [
        f"advertisement_interval: must be from 10ms to 40.95s in steps of 10ms, not {shown}"
    ]


@pytest.mark.parametrize("interval", ["1s", "255s"])
def test_version_2_advertises_every_1_to_255_s(interval: str) -> None:
    assert router_problems(f'version = 2\nadvertisement_interval = "{interval}"') == []


@pytest.mark.parametrize("interval", ["500ms", "1.5s", "256s", "0s"])
def test_version_2_has_whole_seconds(interval: str) -> None:
    [problem] = router_problems(f'version = 2\nadvertisement_interval = "{interval}"')
    assert problem.startswith(
        "advertisement_interval: must be from 1s to 255s in whole seconds with version = 2, not "
    )


def test_version_2_with_ipv6_is_refused() -> None:
    assert address_problems("192.0.2.1", "2001:db8::1", keys="version = 2") == [
        "version: VRRPv2 has no IPv6, but 2001:db8::1 is an IPv6 address; write version = 3"
    ]


def test_authentication_is_refused_in_version_3() -> None:
    assert router_problems('authentication = "abc"') == [
        "authentication: exists in version = 2 only; VRRPv3 has none"
    ]


@pytest.mark.parametrize(("password", "good"), [("", False), ("a", True), ("12345678", True)])
def test_a_password_has_1_to_8_characters(password: str, good: bool) -> None:
    found = router_problems(f'version = 2\nauthentication = "{password}"')
    assert found == (
        [] if good else ["authentication: must be a string of 1 to 8 ASCII characters"]
    )


def test_a_wrong_password_is_not_shown() -> None:
    assert "hunter2hunter2" not in "".join(
        router_problems('version = 2\nauthentication = "hunter2hunter2"')
    )


def test_the_checksum_form_is_refused_without_version_3_and_ipv4() -> None:
    assert router('checksum = "rfc9568"').checksum is ChecksumPolicy.RFC9568
    assert router_problems('version = 2\nchecksum = "rfc9568"') == [
        "checksum: has a meaning for version = 3 only"
    ]
    assert address_problems("fe80::1", keys='checksum = "rfc5798"') == [
        "checksum: has a meaning for IPv4 only: IPv6 has one form"
    ]


def test_the_checksum_form_is_for_the_ipv4_router_of_a_table_with_both_families() -> None:
    ipv4, ipv6 = addresses("192.0.2.1", "fe80::1", keys='checksum = "rfc5798"')
    assert (ipv4.checksum, ipv6.checksum) == (ChecksumPolicy.RFC5798, ChecksumPolicy.AUTO)


# the learned interval, and the address lease


def test_the_longest_learned_interval_is_ten_times_the_own_interval() -> None:
    assert router('advertisement_interval = "200ms"').max_learned_interval == 2_000_000_000


def test_strict_accepts_every_interval_unless_a_limit_is_set() -> None:
    assert router("strict = true").max_learned_interval == 40_950_000_000
    limited = router('strict = true\nmax_learned_interval = "3s"')
    assert limited.max_learned_interval == 3_000_000_000


@pytest.mark.parametrize("limit", ["990ms", "40.96s"])
def test_a_limit_below_the_own_interval_or_above_the_longest_is_refused(limit: str) -> None:
    [problem] = router_problems(f'max_learned_interval = "{limit}"')
    assert problem.startswith(
        "max_learned_interval: must be from the own interval, 1s, to 40.95s, not "
    )


@pytest.mark.parametrize(
    ("interval", "lease"),
    [("10ms", 2), ("1s", 2), ("1490ms", 2), ("1500ms", 3), ("2s", 4), ("40.95s", 81)],
)
def test_the_automatic_lease_is_two_intervals_in_whole_seconds(interval: str, lease: int) -> None:
    assert router(f'advertisement_interval = "{interval}"').lease == lease


def test_a_lease_can_be_given_or_switched_off() -> None:
    assert router('lease = "3s"').lease == 3
    assert router('lease = "off"').lease == 0


@pytest.mark.parametrize("lease", ['"1500ms"', '"0s"', '"on"', "2", "false", '"86401s"'])
def test_any_other_lease_is_refused(lease: str) -> None:
    [problem] = router_problems(f"lease = {lease}")
    assert problem.startswith(
        'lease: must be "auto", "off" or whole seconds from 1s to 86400s, not '
    )


def test_the_default_of_claim_probe_is_off_below_an_interval_of_one_second() -> None:
    assert router().claim_probe is ClaimProbePolicy.WARN
    assert router('advertisement_interval = "990ms"').claim_probe is ClaimProbePolicy.OFF
    keys = 'advertisement_interval = "100ms"\nclaim_probe = "defer"'
    assert router(keys).claim_probe is ClaimProbePolicy.DEFER
