"""Checks of the kind lease: their keys, the key in etcd, and the rules for the times."""

from pathlib import Path

import pytest

from pyvrrp.config.files.load import load
from pyvrrp.config.model.configuration import EtcdLease, EtcdServers
from pyvrrp.config.model.lease_times import holding_time, retry_after, shortest_ttl
from pyvrrp.config.report.lint import lint
from pyvrrp.config.report.summary import (
    etcd_lease_as_values,
    etcd_lease_in_words,
    virtual_router_in_words,
)
from pyvrrp.errors import ConfigurationError
from pyvrrp.units import MILLISECOND, SECOND, Nanoseconds
from tests.config.documents import parsed, problems

LEASE = '[check.cluster]\nlease = "http://192.0.2.50:2379"\n'
ROUTER = """
[[virtual_router]]
name = "web"
interface = "eth0"
vrid = 51
addresses = ["192.0.2.10/24"]
checks = ["cluster"]
"""


def lease(keys: str = "", router: str = ROUTER) -> EtcdLease:
    (held,) = (one.etcd_lease for one in parsed(router + LEASE + keys).virtual_routers)
    assert held is not None
    return held


def lease_problems(keys: str = "", router: str = ROUTER) -> list[str]:
    return problems(router + LEASE + keys)


def test_the_default_times_of_a_lease_depend_on_its_ttl() -> None:
    assert lease() == EtcdLease(
        "cluster",
        EtcdServers(("http://192.0.2.50:2379",)),
        "pyvrrp/192.0.2.10",
        10,
        Nanoseconds(2 * SECOND),
        SECOND,
    )


def test_every_key_reaches_the_model() -> None:
    document = (
        ROUTER
        + """
[check.cluster]
lease = ["https://a:2379", "https://[2001:db8::1]:2379/"]
key = "ha/web"
ttl = "20s"
interval = "3s"
timeout = "500ms"
verify = true
ca = "/etc/ca.pem"
certificate = "/etc/cert.pem"
private_key = "/etc/key.pem"
user = "ha"
password_file = "/etc/password"
netns = "blue"
"""
    )
    (router,) = parsed(document).virtual_routers
    assert router.etcd_lease == EtcdLease(
        "cluster",
        EtcdServers(
            ("https://a:2379", "https://[2001:db8::1]:2379"),
            verify=True,
            ca=Path("/etc/ca.pem"),
            certificate=Path("/etc/cert.pem"),
            private_key=Path("/etc/key.pem"),
            user="ha",
            password_file=Path("/etc/password"),
            netns="blue",
        ),
        "ha/web",
        20,
        Nanoseconds(3 * SECOND),
        Nanoseconds(500 * MILLISECOND),
    )


def test_a_lease_makes_its_router_exclusive_and_is_not_among_its_checks() -> None:
    (router,) = parsed(
        ROUTER.replace('["cluster"]', '["web", "cluster"]')
        + LEASE
        + """
[check.web]
tcp = "127.0.0.1:80"
"""
    ).virtual_routers
    assert router.checks == ("web",)
    assert router.is_exclusive


def test_a_router_without_a_lease_is_not_exclusive() -> None:
    (router,) = parsed(ROUTER.replace('["cluster"]', "[]")).virtual_routers
    assert not router.is_exclusive


def test_the_key_contains_the_lowest_address_in_any_order_of_the_addresses() -> None:
    document = ROUTER.replace(
        '"192.0.2.10/24"', '"192.0.2.30/24", "fe80::51/64", "192.0.2.9/32", "2001:db8::1/64"'
    )
    routers = parsed(document + LEASE).virtual_routers
    assert [r.etcd_lease.key for r in routers if r.etcd_lease] == [
        "pyvrrp/192.0.2.9",
        "pyvrrp/2001:db8::1",
    ]


@pytest.mark.parametrize(
    ("keys", "problem"),
    [
        ('ttl = "1s"', ".ttl: must be whole seconds from 2s to 3600s, not"),
        ('ttl = "2500ms"', ".ttl: must be whole seconds from 2s to 3600s, not"),
        ('key = "a b"', ".key: "),
        ('key = "a/"', ".key: "),
        ('timeout = "3s"', ".timeout: must be at most the interval, 2s, not 3s"),
        ("rise = 2", ".rise: has no meaning for a lease: every answer of etcd counts at once"),
        ('max_age = "2s"', ".max_age: has no meaning for a lease"),
        ('ca = "/etc/ca.pem"', ".ca: has a meaning for https:// only"),
        ('method = "GET"', ".method: has no meaning for a lease"),
        ('tcp = "h:1"', ".tcp: has no meaning for a lease; write a second check for it"),
    ],
)
def test_a_wrong_key_of_a_lease_is_refused(keys: str, problem: str) -> None:
    assert any(f"check.cluster{problem}" in found for found in lease_problems(keys))


@pytest.mark.parametrize(
    ("endpoints", "problem"),
    [
        ("[]", "must name from 1 to 9 members of one etcd cluster"),
        ('"ftp://a"', "is not a URL"),
        ('"http://a:2379/v3"', "must end after the port: pyvrrp adds the path itself"),
        ('["http://a", "https://b"]', "must be all http:// or all https://"),
        ('["http://a:1", "http://a:1"]', "is at [0] already"),
        ('"http://u:p@a"', "must not contain a password"),
    ],
)
def test_wrong_endpoints_are_refused(endpoints: str, problem: str) -> None:
    found = problems(f"{ROUTER}\n[check.cluster]\nlease = {endpoints}\n")
    assert any("check.cluster.lease" in one and problem in one for one in found), found


def test_keys_of_a_lease_are_refused_in_other_checks() -> None:
    found = problems(ROUTER + '[check.cluster]\ntcp = "127.0.0.1:80"\nttl = "5s"\nprivate_key="/k"')
    assert [one.split(":")[0] for one in found] == [
        "check.cluster.ttl",
        "check.cluster.private_key",
    ]


def test_a_private_key_needs_a_certificate() -> None:
    document = ROUTER + '[check.cluster]\nlease = "https://a"\nprivate_key = "/etc/k"\n'
    assert problems(document) == ["check.cluster.private_key: needs a certificate too"]


def test_a_ca_is_refused_without_verification() -> None:
    document = ROUTER + '[check.cluster]\nlease = "https://a"\nverify = false\nca = "/etc/ca"\n'
    assert problems(document) == ["check.cluster.ca: has no meaning with verify = false"]


def test_a_short_ttl_is_refused_with_the_times_that_it_must_contain() -> None:
    assert lease_problems('ttl = "5s"') == [
        (
            'virtual_router[0] "web".checks[0]: the ttl of cluster, 5s, must be at least 6s: the '
            "sum of the address lease of 2s, 1.5s by which the kernel may remove an address late, "
            "1% for clocks, one interval (1s) and two timeouts (500ms)"
        )
    ]
    assert lease_problems('ttl = "6s"') == []


def test_a_long_address_lease_needs_a_long_ttl() -> None:
    router = ROUTER + 'advertisement_interval = "10s"\n'
    assert "must be at least 26s" in lease_problems(router=router)[0]
    assert lease_problems('ttl = "26s"', router=router) == []


def test_a_router_with_a_lease_needs_address_leases() -> None:
    found = lease_problems(router=ROUTER + 'lease = "off"\n')
    assert found[0].startswith('virtual_router[0] "web".lease: must not be "off" with cluster')


def test_an_owner_with_a_lease_is_refused() -> None:
    found = lease_problems(router=ROUTER + "priority = 255\n")
    assert "priority 255 takes the addresses without waiting for the key" in found[0]


def test_a_second_lease_of_a_router_is_refused() -> None:
    router = ROUTER.replace('["cluster"]', '["cluster", "other"]')
    found = problems(router + LEASE + '[check.other]\nlease = "http://192.0.2.51:2379"\n')
    assert found == [
        'virtual_router[0] "web".checks[1]: cluster and other are two leases; one is enough'
    ]


def test_two_routers_with_the_same_key_are_refused() -> None:
    other = ROUTER.replace('"web"', '"mail"').replace("51", "52").replace("2.10", "2.11")
    assert lease_problems(router=ROUTER + other) == []
    assert lease_problems('key = "k"', router=ROUTER + other) == [
        (
            'virtual_router[1] "mail".checks: virtual_router[1] "mail" (IPv4) would share the key '
            'k of cluster with virtual_router[0] "web" (IPv4), but a key has one holder; without '
            "key each virtual router has its own"
        )
    ]


def test_two_routers_of_one_table_with_the_same_key_are_refused() -> None:
    router = ROUTER.replace('"192.0.2.10/24"', '"192.0.2.10/24", "fe80::51/64"')
    (found,) = lease_problems('key = "k"', router=router)
    assert '"web" (IPv6) would share the key k' in found


def test_a_lease_with_one_member_or_without_verification_gets_a_warning() -> None:
    without = ROUTER.replace('["cluster"]', "[]")
    document = without + '[check.cluster]\nlease = "https://a"\nverify = false\n'
    warnings = [str(one) for one in lint(parsed(document)) if "cluster" in str(one)]
    assert warnings == [
        "check.cluster: is used by no virtual router",
        "check.cluster.lease: names one member of etcd: while it is not reached no node is master",
        (
            "check.cluster.verify: is off, so any server can answer in the place of etcd; "
            "set ca instead"
        ),
    ]


def test_the_summary_contains_the_lease_and_its_key() -> None:
    (router,) = parsed(ROUTER + LEASE).virtual_routers
    assert "key pyvrrp/192.0.2.10 in etcd" in virtual_router_in_words(router)
    assert etcd_lease_in_words(lease()) == (
        "check cluster: lease http://192.0.2.50:2379, ttl 10s, renewed every 2s, timeout 1s"
    )
    assert etcd_lease_as_values(lease())["kind"] == "lease"


def test_the_holding_time_ends_before_the_last_address_lease_could_outlast_the_key() -> None:
    assert holding_time(10, 2) == 6_400_000_000
    assert holding_time(3, 2) < 0


def test_a_key_is_asked_for_at_most_ten_times_a_second() -> None:
    assert retry_after(2) == 100 * MILLISECOND
    assert retry_after(6) == 300 * MILLISECOND
    assert retry_after(60) == 500 * MILLISECOND


def test_the_shortest_ttl_has_time_for_a_second_renewal_after_a_failed_one() -> None:
    interval, timeout = Nanoseconds(400_000_000), Nanoseconds(300_000_000)
    quick = EtcdLease("c", EtcdServers(()), "k", 4, interval, timeout, address_lease=1)
    assert shortest_ttl(quick) == 4


def test_a_lease_with_a_weight_is_refused() -> None:
    router = ROUTER.replace('["cluster"]', '[{ name = "cluster", weight = -20 }]')
    assert lease_problems(router=router) == [
        (
            'virtual_router[0] "web".checks[0]: is a lease: it decides which node may be master '
            "and has no weight"
        )
    ]


def test_a_last_resort_is_refused_with_a_lease() -> None:
    (problem,) = lease_problems(router=ROUTER + 'when_all_fail = "last-resort"\n')
    assert problem.startswith(
        'virtual_router[0] "web".when_all_fail: must be "release" with a lease'
    )


GROUP = """
[[virtual_router]]
name = "lan"
interface = "eth0"
vrid = 51
addresses = ["192.0.2.10/24"]
checks = ["cluster"]
group = "edge"

[[virtual_router]]
name = "wan"
interface = "eth1"
vrid = 52
addresses = ["198.51.100.10/24"]
group = "edge"
"""


def test_the_ttl_depends_on_the_longest_address_lease_of_the_group() -> None:
    assert lease_problems(router=GROUP) == []
    long = GROUP.replace('group = "edge"', 'group = "edge"\nlease = "6s"')
    (found,) = lease_problems(router=long)
    assert "the ttl of cluster, 10s, must be at least 12s" in found
    lan, _ = parsed(long + LEASE + 'ttl = "12s"').virtual_routers
    assert lan.etcd_lease is not None
    assert lan.etcd_lease.address_lease == 6


def test_every_member_of_a_group_with_a_lease_needs_address_leases() -> None:
    endless = GROUP + 'lease = "off"\n'
    (found,) = lease_problems(router=endless)
    assert found.startswith('virtual_router[1] "wan".lease: must not be "off" in a group with')


def test_a_user_needs_a_password_and_a_password_a_user() -> None:
    assert lease_problems('user = "ha"') == ["check.cluster.user: needs password_file too"]
    assert lease_problems('password_file = "/p"') == ["check.cluster.password_file: needs user too"]


def test_files_that_a_lease_names_must_be_readable(tmp_path: Path) -> None:
    file = tmp_path / "pyvrrp.toml"
    missing = tmp_path / "missing"
    file.write_text(f'node = "web1"{ROUTER}{LEASE}user = "ha"\npassword_file = "{missing}"\n')
    with pytest.raises(ConfigurationError) as caught:
        load(file)
    (problem,) = caught.value.problems
    assert problem.path == "check.cluster.password_file"
    assert problem.what == f"{missing} cannot be read: No such file or directory"
