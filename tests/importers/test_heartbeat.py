"""Translate files of Heartbeat: the configuration, and the report on each line."""

import tomllib
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyvrrp.config.model.configuration import Configuration
from pyvrrp.config.parse import parse
from pyvrrp.importers.base.names import Names
from pyvrrp.importers.base.report import Fate, Report
from pyvrrp.importers.heartbeat.importer import translated

HA_CF = """\
keepalive 2
deadtime 30
ucast eth0 192.0.2.1
ucast eth0 192.0.2.2
auto_failback on
node web1 web2
"""
SCRIPTS = frozenset(
    {
        "/etc/ha.d/resource.d/drbddisk",
        "/etc/ha.d/resource.d/Filesystem",
        "/etc/ha.d/resource.d/tune",
        "/etc/init.d/drbddisk",
        "/etc/init.d/httpd",
        "/usr/lib/systemd/system/httpd.service",
        "/usr/lib/systemd/system/nginx.service",
    }
)
HARESOURCES = "web1 IPaddr::192.0.2.10/24/eth0\n"
MISSING = "this machine has no such script or unit, so check will refuse it"


def imported(
    ha_cf: str = HA_CF,
    haresources: str = HARESOURCES,
    node: str | None = None,
    existing: frozenset[str] = SCRIPTS,
) -> tuple[Mapping[str, object], Report]:
    files = ("ha.cf", ha_cf), ("haresources", haresources)
    text, report = translated(*files, node, existing.__contains__)
    return tomllib.loads(text), report


def configuration(
    ha_cf: str = HA_CF, haresources: str = HARESOURCES, *, node: str = "web1"
) -> Configuration:
    document, report = imported(ha_cf, haresources)
    assert not report.has(Fate.WRONG), report.lines
    return parse(document, "imported", node=node, hostname=node)


def reported(report: Report, fate: Fate) -> list[str]:
    return [f"{line.source}: {line.what}" for line in report.lines if line.fate is fate]


def wrong(ha_cf: str = HA_CF, haresources: str = HARESOURCES, node: str | None = None) -> list[str]:
    text, report = translated(("ha.cf", ha_cf), ("haresources", haresources), node)
    assert text == ""
    return reported(report, Fate.WRONG)


def test_a_common_configuration_becomes_one_virtual_router_with_unicast() -> None:
    document, report = imported()
    assert document == {
        "virtual_router": [
            {
                "name": "web1-1",
                "interface": "eth0",
                "peers": ["192.0.2.1", "192.0.2.2"],
                "vrid": 10,
                "addresses": ["192.0.2.10/24"],
                "nodes": ["web1", "web2"],
                "advertisement_interval": "10s",
            }
        ]
    }
    assert [str(line) for line in report.lines] == [
        (
            "ha.cf:1: approximated: keepalive: not used, because in VRRP one interval decides both "
            'times; advertisement_interval = "2s" would send as often as Heartbeat did, and take '
            "over after 3 to 4 times that"
        ),
        (
            "ha.cf:2: translated: deadtime: advertisement_interval = 10s, a third of it; a silent "
            "master is replaced after 30s to 40s, depending on the priority"
        ),
        "ha.cf:3: translated: ucast: a peer of eth0, 192.0.2.1",
        "ha.cf:4: translated: ucast: a peer of eth0, 192.0.2.2",
        "ha.cf:5: translated: auto_failback: preempt = true",
        "ha.cf:6: translated: node: nodes, web1 web2",
        'haresources:1: translated: virtual router "web1-1", VRID 10, web1 preferred',
    ]


def test_the_node_of_the_line_is_the_most_preferred() -> None:
    found = configuration(
        HA_CF.replace("web1 web2", "web1 web2\nnode web3"), "web3 192.0.2.10/24\n"
    )
    [router] = found.virtual_routers
    assert [node for node, _ in router.ranking] == ["web3", "web1", "web2"]


def test_each_line_becomes_a_virtual_router_with_its_own_vrid() -> None:
    lines = "web1 192.0.2.10/24\nweb2 192.0.2.11/24\nweb1 198.51.100.10/24\nweb1 198.51.100.0/32\n"
    document, _ = imported(HA_CF, lines)
    routers = document["virtual_router"]
    assert isinstance(routers, list)
    assert [(r["name"], r["vrid"]) for r in routers] == [
        ("web1-1", 10),
        ("web2-2", 11),
        ("web1-3", 12),
        ("web1-4", 1),
    ]


def test_the_given_name_of_the_node_is_written() -> None:
    document, _ = imported(node="web2")
    assert document["node"] == "web2"
    assert wrong(node="db1") == ["ha.cf: db1 is not one of the nodes web1, web2"]


@pytest.mark.parametrize(
    ("deadtime", "interval"),
    [
        ("30", "10s"),
        ("1", "330ms"),
        ("300ms", "100ms"),
        ("0.5s", "160ms"),
        ("1ms", "10ms"),
        ("10m", "40.95s"),
    ],
)
def test_the_interval_is_a_third_of_deadtime(deadtime: str, interval: str) -> None:
    document, _ = imported(HA_CF.replace("deadtime 30", f"deadtime {deadtime}"))
    routers = document["virtual_router"]
    assert isinstance(routers, list)
    assert routers[0]["advertisement_interval"] == interval


def test_missing_directives_have_the_defaults_of_heartbeat_and_are_reported() -> None:
    document, report = imported("bcast eth0\nnode web1 web2\n")
    routers = document["virtual_router"]
    assert isinstance(routers, list)
    assert routers[0]["advertisement_interval"] == "10s"
    assert reported(report, Fate.APPROXIMATED) == [
        "ha.cf:1: bcast: eth0 with multicast instead of broadcast",
        "ha.cf: deadtime: not set, so it has the default of Heartbeat, 30s",
        "ha.cf: auto_failback: not set, so legacy; translated like on: preempt = true",
    ]


@pytest.mark.parametrize(
    ("line", "preempt"),
    [
        ("auto_failback on", True),
        ("auto_failback off", False),
        ("auto_failback legacy", True),
        ("nice_failback on", False),
    ],
)
def test_failback_becomes_preemption(line: str, preempt: bool) -> None:
    [router] = configuration(HA_CF.replace("auto_failback on", line)).virtual_routers
    assert router.preempt is preempt


def test_two_unicast_devices_become_two_links() -> None:
    second = "ucast eth1 10.0.0.1\nucast eth1 10.0.0.2\n"
    [router] = configuration(HA_CF + second).virtual_routers
    assert [(str(link.place), [str(peer) for peer in link.peers]) for link in router.links] == [
        ("eth0", ["192.0.2.1", "192.0.2.2"]),
        ("eth1", ["10.0.0.1", "10.0.0.2"]),
    ]


def test_broadcast_devices_become_multicast_links() -> None:
    ha_cf = "bcast eth1 eth0\nmcast eth2 239.0.0.1 694 1 0\ndeadtime 3\nnode web1 web2\n"
    [router] = configuration(ha_cf).virtual_routers
    assert [(str(link.place), link.peers) for link in router.links] == [
        ("eth0", ()),
        ("eth1", ()),
        ("eth2", ()),
    ]


@pytest.mark.parametrize(
    "more", ["bcast eth1\n", "ucast eth1 10.0.0.1\n", "bcast eth0\n"], ids=["other", "few", "both"]
)
def test_unicast_on_only_some_interfaces_becomes_multicast_and_is_reported(more: str) -> None:
    [router] = configuration(HA_CF + more).virtual_routers
    assert all(link.peers == () for link in router.links)
    _, report = imported(HA_CF + more)
    approximated = reported(report, Fate.APPROXIMATED)
    assert any("all interfaces use multicast" in what for what in approximated)


def test_the_interface_of_an_address_becomes_a_link_even_without_heartbeats() -> None:
    [router] = configuration(HA_CF, "web1 192.0.2.10/24/eth5\n").virtual_routers
    assert [str(link.place) for link in router.links] == ["eth5", "eth0"]
    _, report = imported(HA_CF, "web1 192.0.2.10/24/eth5\n")
    what = "haresources:1: advertisements are sent on eth5 too, which has the addresses"
    assert what in reported(report, Fate.APPROXIMATED)


def test_labels_broadcast_addresses_and_missing_prefixes_and_interfaces_are_reported() -> None:
    document, report = imported(
        HA_CF, "web1 IPaddr2::192.0.2.10/24/eth0:3/192.0.2.255 192.0.2.11\n"
    )
    routers = document["virtual_router"]
    assert isinstance(routers, list)
    assert routers[0]["addresses"] == ["192.0.2.10/24", "192.0.2.11/32"]
    assert reported(report, Fate.IGNORED) == [
        "haresources:1: 192.0.2.10: the address gets no label eth0:3 on eth0",
        "haresources:1: 192.0.2.10: the kernel sets the broadcast address",
    ]
    assert reported(report, Fate.APPROXIMATED)[1:] == [
        (
            "haresources:1: 192.0.2.11: has no prefix length, so it is /32 or /128; add that of "
            "the network"
        ),
        (
            "haresources:1: 192.0.2.11: has no interface, so eth0 is used; Heartbeat chose the "
            "interface by the routes"
        ),
    ]


def test_ipv6_gets_a_link_local_address() -> None:
    ha_cf = "bcast eth0\nnode web1 web2\n"
    [router] = configuration(ha_cf, "web1 IPv6addr::2001:db8::10/64/eth0\n").virtual_routers
    assert [str(address) for address in router.addresses] == ["fe80::16/64", "2001:db8::10/64"]
    given = "web1 IPv6addr::2001:db8::10/64/eth0 IPv6addr::fe80::9/64/eth0\n"
    [router] = configuration(ha_cf, given).virtual_routers
    assert [str(address) for address in router.addresses] == ["fe80::9/64", "2001:db8::10/64"]


def test_the_scripts_of_a_group_become_resources_in_the_same_order() -> None:
    line = (
        "web1 192.0.2.10/24/eth0 drbddisk::r0 \\\n"
        "   Filesystem::/dev/drbd0::/srv::ext3 httpd MailTo::root::web tune::a\\b::$x\n"
    )
    document, report = imported(HA_CF, line)
    routers = document["virtual_router"]
    assert isinstance(routers, list)
    chain = ["drbddisk-r0", "Filesystem-dev-drbd0", "httpd", "tune"]
    assert routers[0]["resources"] == chain
    assert routers[0]["name"] == "httpd"
    assert document["resource"] == {
        "drbddisk-r0": {"agent": "heartbeat:drbddisk", "arguments": ["r0"]},
        "Filesystem-dev-drbd0": {
            "agent": "heartbeat:Filesystem",
            "arguments": ["/dev/drbd0", "/srv", "ext3"],
        },
        "httpd": {"agent": "lsb:httpd"},
        "tune": {"agent": "heartbeat:tune", "arguments": ["a\\b", "$$x"]},
    }
    assert reported(report, Fate.DROPPED) == [
        "haresources:1: MailTo: events are in the log; have a program that reads it send mail"
    ]
    assert (
        "haresources:1: drbddisk::r0: must never run on two nodes, but nothing guarantees that, "
        "as with Heartbeat; set exclusive = true, and add a check with a lease or a power switch"
    ) in reported(report, Fate.APPROXIMATED)
    assert any("ip_nonlocal_bind" in what for what in reported(report, Fate.APPROXIMATED))


@pytest.mark.parametrize(
    ("service", "agent", "what"),
    [
        (
            "nginx",
            "systemd:nginx",
            "there is no script of that name, so its systemd unit is used",
        ),
        ("nginx::x", "heartbeat:nginx", MISSING),
        ("apache::x", "heartbeat:apache", MISSING),
        ("mysql", "lsb:mysql", MISSING),
    ],
)
def test_a_script_that_this_machine_does_not_have_is_reported(
    service: str, agent: str, what: str
) -> None:
    document, report = imported(HA_CF, f"web1 192.0.2.10/24/eth0 {service}\n")
    resources = document["resource"]
    assert isinstance(resources, dict)
    [resource] = resources.values()
    assert resource["agent"] == agent
    name = service.partition(":")[0]
    assert f"haresources:1: {name}: {what}" in reported(report, Fate.APPROXIMATED)


def test_two_resources_of_the_same_script_have_different_names() -> None:
    document, _ = imported(HA_CF, "web1 192.0.2.10 httpd\nweb2 192.0.2.11 httpd\n")
    resources, routers = document["resource"], document["virtual_router"]
    assert isinstance(resources, dict)
    assert isinstance(routers, list)
    assert list(resources) == ["httpd", "httpd-2"]
    assert [router["name"] for router in routers] == ["httpd", "httpd-2"]


def test_a_group_with_addresses_on_two_interfaces_becomes_a_group() -> None:
    document, _ = imported(HA_CF, "web1 192.0.2.10/24/eth0 198.51.100.10/24/eth1 httpd\n")
    routers = document["virtual_router"]
    assert isinstance(routers, list)
    assert [(r["name"], r["group"], r.get("resources")) for r in routers] == [
        ("httpd", "httpd", ["httpd"]),
        ("httpd-2", "httpd", None),
    ]


def test_ping_nodes_with_ipfail_become_checks_with_a_last_resort() -> None:
    more = "ping 192.0.2.254 2001:db8::1\nrespawn hacluster /usr/lib/heartbeat/ipfail\n"
    document, _ = imported(HA_CF + more)
    routers = document["virtual_router"]
    assert isinstance(routers, list)
    assert routers[0]["checks"] == ["ping-192.0.2.254", "ping-2001-db8--1"]
    assert routers[0]["when_all_fail"] == "last-resort"
    assert document["check"] == {
        "ping-192.0.2.254": {"ping": "192.0.2.254", "interval": "1s", "fall": 10},
        "ping-2001-db8--1": {"ping": "2001:db8::1", "interval": "1s", "fall": 10},
    }


def test_ping_nodes_without_ipfail_are_ignored() -> None:
    document, report = imported(HA_CF + "ping 192.0.2.254\n")
    assert "check" not in document
    assert reported(report, Fate.IGNORED) == [
        "ha.cf:7: ping: 192.0.2.254 had no effect without ipfail"
    ]
    _, report = imported(HA_CF + "respawn hacluster /usr/lib/heartbeat/ipfail\n")
    assert reported(report, Fate.IGNORED) == [
        "ha.cf:7: respawn: the checks of the ping nodes replace ipfail"
    ]


@pytest.mark.parametrize(
    ("line", "fate", "what"),
    [
        (
            "logfacility local0",
            Fate.IGNORED,
            "logfacility: does not change which node serves",
        ),
        ("udpport 694", Fate.IGNORED, "udpport: VRRP is IP protocol 112 and has no port"),
        ("crm off", Fate.IGNORED, "crm: off"),
        (
            "warntime 10",
            Fate.IGNORED,
            "warntime: there is no event for a late heartbeat, only for a silent link",
        ),
        (
            "initdead 120",
            Fate.APPROXIMATED,
            (
                "initdead: a node that starts waits for its interface, its checks and one "
                "Master_Down_Interval"
            ),
        ),
        (
            "serial /dev/ttyS0",
            Fate.DROPPED,
            "serial: advertisements are IP packets: use a network interface as the second link",
        ),
        (
            "respawn root /usr/bin/thing -x",
            Fate.DROPPED,
            "respawn: /usr/bin/thing is not started; use the service manager for it",
        ),
        ("deadtme 30", Fate.DROPPED, 'deadtme: unknown directive, did you mean "deadtime"?'),
        ("zzz\x1b 30", Fate.DROPPED, "zzz\\x1b: unknown directive"),
    ],
)
def test_every_other_line_is_reported(line: str, fate: Fate, what: str) -> None:
    _, report = imported(f"{HA_CF}{line}\n")
    assert f"ha.cf:7: {what}" in reported(report, fate)


def test_a_group_without_an_address_is_dropped() -> None:
    _, report = imported(HA_CF, HARESOURCES + "web2 httpd\n")
    assert reported(report, Fate.DROPPED) == [
        "haresources:2: httpd: a virtual router needs an address, but the group has none"
    ]


@pytest.mark.parametrize(
    ("ha_cf", "haresources", "what"),
    [
        ("", HARESOURCES, "ha.cf: names no node"),
        ("# nothing", HARESOURCES, "ha.cf: names no node"),
        (HA_CF, "", "haresources: has no group"),
        (
            HA_CF,
            "web1\n",
            "haresources: has no group with an address, so there is nothing to configure",
        ),
        (HA_CF, "db1 192.0.2.10\n", "haresources:1: db1 is not a node of ha.cf"),
        (HA_CF, "web1 IPaddr::192.0.2.300\n", 'haresources:1: "192.0.2.300" is not an IP address'),
        (HA_CF, "web1 IPaddr::\n", 'haresources:1: "" is not an IP address'),
        (HA_CF, "web1 ../x 192.0.2.10\n", "haresources:1: ../x is not a resource"),
        (
            HA_CF + "crm yes\n",
            HARESOURCES,
            (
                "ha.cf:7: crm: the resources of this cluster are in the CIB of Pacemaker, "
                "not in haresources"
            ),
        ),
        (
            HA_CF + "deadtime soon\n",
            HARESOURCES,
            "ha.cf:7: deadtime: soon is not a time, such as 30 or 200ms",
        ),
        (HA_CF + "deadtime 0\n", HARESOURCES, "ha.cf:7: deadtime: must be longer than 0"),
        (HA_CF + "deadtime\n", HARESOURCES, "ha.cf:7: deadtime: has too few arguments"),
        (HA_CF + "ucast eth0\n", HARESOURCES, "ha.cf:7: ucast: has too few arguments"),
        (HA_CF + "ucast eth0 x\n", HARESOURCES, 'ha.cf:7: ucast: "x" is not an IP address'),
        (
            HA_CF + "auto_failback maybe\n",
            HARESOURCES,
            "ha.cf:7: auto_failback: must be on, off or legacy, not maybe",
        ),
        (
            HA_CF,
            "web1 192.0.2.1\n",
            (
                'haresources: cannot be translated: virtual_router[0] "web1-1".peers: 192.0.2.1 is '
                "a virtual address; write the own address of the node"
            ),
        ),
    ],
)
def test_a_wrong_line_is_reported(ha_cf: str, haresources: str, what: str) -> None:
    assert wrong(ha_cf, haresources) == [what]


WORDS = st.sampled_from(
    (
        *("node", "ucast", "bcast", "mcast", "ping", "respawn", "deadtime", "keepalive"),
        *("auto_failback", "crm", "web1", "web2", "eth0", "eth1", "192.0.2.1", "fe80::1"),
        *("192.0.2.10/24/eth0", "IPaddr::192.0.2.7", "IPv6addr::fe80::1", "httpd"),
        *("Filesystem::a::b", "on", "30", "5ms", "ipfail", "#", "\\", "::", "é", "\x00", "$"),
        *('"', "'"),
    )
)
TEXTS = st.lists(st.lists(WORDS, max_size=5).map(" ".join), max_size=8).map("\n".join)


@given(TEXTS, TEXTS)
def test_any_files_give_a_valid_configuration_or_a_reason(ha_cf: str, haresources: str) -> None:
    text, report = translated(("ha.cf", ha_cf), ("haresources", haresources))
    assert bool(text) is not report.has(Fate.WRONG)


def test_a_name_is_given_once_also_if_it_looks_like_a_numbered_one() -> None:
    names = Names()
    given = [names.unused(name) for name in ("web", "web-2", "web", "web", "web-2")]
    assert given == ["web", "web-2", "web-3", "web-4", "web-2-2"]
