"""The lease check: its keys, whose key it is, and whether its times leave room for it."""

from pathlib import Path

import pytest

from pyvrrp.config.files.load import load
from pyvrrp.config.model.configuration import EtcdLease, EtcdServers
from pyvrrp.config.model.lease_times import proof_lasts, retry_after, shortest_ttl
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


def test_the_smallest_lease_has_times_that_follow_from_its_ttl() -> None:
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


def test_a_lease_is_no_probe_and_makes_its_router_exclusive() -> None:
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


def test_a_router_without_one_is_not_exclusive() -> None:
    (router,) = parsed(ROUTER.replace('["cluster"]', "[]")).virtual_routers
    assert not router.is_exclusive


def test_the_key_follows_from_the_lowest_address_whatever_the_order() -> None:
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
        ("rise = 2", ".rise: has no meaning for a lease: each answer of etcd counts at once"),
        ('max_age = "2s"', ".max_age: has no meaning for a lease"),
        ('ca = "/etc/ca.pem"', ".ca: has a meaning for https:// only"),
        ('method = "GET"', ".method: has no meaning for a lease"),
        ('tcp = "h:1"', ".tcp: has no meaning for a lease; give the other kind a check of its own"),
    ],
)
def test_what_is_wrong_with_the_keys_is_named(keys: str, problem: str) -> None:
    assert any(f"check.cluster{problem}" in found for found in lease_problems(keys))


@pytest.mark.parametrize(
    ("endpoints", "problem"),
    [
        ("[]", "must name from 1 to 9 members of one etcd cluster"),
        ('"ftp://a"', "is not a URL"),
        ('"http://a:2379/v3"', "must end after the port: pyvrrp adds the path itself"),
        ('["http://a", "https://b"]', "must be all http:// or all https://"),
        ('["http://a:1", "http://a:1"]', "stands at [0] already"),
        ('"http://u:p@a"', "must not hold a password"),
    ],
)
def test_endpoints_that_are_none_are_refused(endpoints: str, problem: str) -> None:
    found = problems(f"{ROUTER}\n[check.cluster]\nlease = {endpoints}\n")
    assert any("check.cluster.lease" in one and problem in one for one in found), found


def test_keys_of_a_lease_mean_nothing_to_others() -> None:
    found = problems(ROUTER + '[check.cluster]\ntcp = "127.0.0.1:80"\nttl = "5s"\nprivate_key="/k"')
    assert [one.split(":")[0] for one in found] == [
        "check.cluster.ttl",
        "check.cluster.private_key",
    ]


def test_a_private_key_needs_a_certificate() -> None:
    document = ROUTER + '[check.cluster]\nlease = "https://a"\nprivate_key = "/etc/k"\n'
    assert problems(document) == ["check.cluster.private_key: needs a certificate too"]


def test_an_unverified_etcd_has_no_use_for_a_ca() -> None:
    document = ROUTER + '[check.cluster]\nlease = "https://a"\nverify = false\nca = "/etc/ca"\n'
    assert problems(document) == ["check.cluster.ca: has no meaning with verify = false"]


def test_a_ttl_that_leaves_no_room_is_refused_with_the_sum() -> None:
    assert lease_problems('ttl = "5s"') == [
        (
            'virtual_router[0] "web".checks[0]: the ttl of cluster, 5s, must be at least 6s: it '
            "has to outlast the address lease of 2s, 1.5s in which the kernel may be late with it, "
            "1% for clocks, one interval (1s) and two timeouts (500ms)"
        )
    ]
    assert lease_problems('ttl = "6s"') == []


def test_a_long_address_lease_needs_a_long_ttl() -> None:
    router = ROUTER + 'advertisement_interval = "10s"\n'
    assert "must be at least 26s" in lease_problems(router=router)[0]
    assert lease_problems('ttl = "26s"', router=router) == []


def test_addresses_for_ever_and_a_lease_contradict_each_other() -> None:
    found = lease_problems(router=ROUTER + 'lease = "off"\n')
    assert found[0].startswith('virtual_router[0] "web".lease: must not be "off" beside cluster')


def test_an_owner_asks_nobody() -> None:
    found = lease_problems(router=ROUTER + "priority = 255\n")
    assert "priority 255 takes the addresses without asking" in found[0]


def test_two_leases_of_one_router_are_one_too_many() -> None:
    router = ROUTER.replace('["cluster"]', '["cluster", "other"]')
    found = problems(router + LEASE + '[check.other]\nlease = "http://192.0.2.51:2379"\n')
    assert found == [
        'virtual_router[0] "web".checks[1]: cluster and other are two leases; one is enough'
    ]


def test_a_key_has_one_holder() -> None:
    other = ROUTER.replace('"web"', '"mail"').replace("51", "52").replace("2.10", "2.11")
    assert lease_problems(router=ROUTER + other) == []
    assert lease_problems('key = "k"', router=ROUTER + other) == [
        (
            'virtual_router[1] "mail".checks: virtual_router[1] "mail" (IPv4) would share the key '
            'k of cluster with virtual_router[0] "web" (IPv4), and a key has one holder; leave key '
            "out, so that each virtual router has its own"
        )
    ]


def test_a_key_has_one_holder_even_if_one_table_makes_two_routers() -> None:
    router = ROUTER.replace('"192.0.2.10/24"', '"192.0.2.10/24", "fe80::51/64"')
    (found,) = lease_problems('key = "k"', router=router)
    assert '"web" (IPv6) would share the key k' in found


def test_a_lease_of_one_member_or_without_verification_is_warned_of() -> None:
    bare = ROUTER.replace('["cluster"]', "[]")
    document = bare + '[check.cluster]\nlease = "https://a"\nverify = false\n'
    warnings = [str(one) for one in lint(parsed(document)) if "cluster" in str(one)]
    assert warnings == [
        "check.cluster: is used by no virtual router",
        "check.cluster.lease: names one member of etcd: while it is away nobody is master",
        "check.cluster.verify: without it anybody may play etcd; give a ca instead",
    ]


def test_what_will_run_is_told() -> None:
    (router,) = parsed(ROUTER + LEASE).virtual_routers
    assert "key pyvrrp/192.0.2.10 in etcd" in virtual_router_in_words(router)
    assert etcd_lease_in_words(lease()) == (
        "check cluster: lease http://192.0.2.50:2379, ttl 10s, renewed every 2s, timeout 1s"
    )
    assert etcd_lease_as_values(lease())["kind"] == "lease"


def test_the_proof_ends_before_a_last_address_lease_could_outlive_the_key() -> None:
    assert proof_lasts(10, 2) == 6_400_000_000
    assert proof_lasts(3, 2) < 0


def test_a_free_key_is_looked_for_ten_times_a_second_at_most() -> None:
    assert retry_after(2) == 100 * MILLISECOND
    assert retry_after(6) == 300 * MILLISECOND
    assert retry_after(60) == 500 * MILLISECOND


def test_the_shortest_ttl_leaves_one_more_try_after_a_failure() -> None:
    interval, timeout = Nanoseconds(400_000_000), Nanoseconds(300_000_000)
    quick = EtcdLease("c", EtcdServers(()), "k", 4, interval, timeout, address_lease=1)
    assert shortest_ttl(quick) == 4


def test_a_lease_has_no_weight() -> None:
    router = ROUTER.replace('["cluster"]', '[{ name = "cluster", weight = -20 }]')
    assert lease_problems(router=router) == [
        (
            'virtual_router[0] "web".checks[0]: is a lease: it decides who may be master and has '
            "no weight"
        )
    ]


def test_beside_a_lease_there_is_no_last_resort() -> None:
    (problem,) = lease_problems(router=ROUTER + 'when_all_fail = "last-resort"\n')
    assert problem.startswith(
        'virtual_router[0] "web".when_all_fail: must be "release" beside a lease'
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


def test_the_longest_address_lease_of_a_group_counts() -> None:
    assert lease_problems(router=GROUP) == []
    long = GROUP.replace('group = "edge"', 'group = "edge"\nlease = "6s"')
    (found,) = lease_problems(router=long)
    assert "the ttl of cluster, 10s, must be at least 12s" in found
    lan, _ = parsed(long + LEASE + 'ttl = "12s"').virtual_routers
    assert lan.etcd_lease is not None
    assert lan.etcd_lease.address_lease == 6


def test_no_member_of_a_group_with_a_lease_has_its_addresses_for_ever() -> None:
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
