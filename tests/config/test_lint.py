"""The warnings about valid configurations."""

import pytest

from pyvrrp.config.report.lint import lint
from tests.config.documents import ROUTER, parsed

FENCED = ROUTER + 'checks = ["web"]\n'
CHECK = '[check.web]\nhttp = "http://127.0.0.1/"\n'


def warnings(router: str = "", check: str = CHECK, top: str = "") -> list[str]:
    return [str(warning) for warning in lint(parsed(f"{top}\n{FENCED}{router}\n{check}"))]


def test_a_router_with_a_fence_and_defaults_gets_no_warning() -> None:
    assert warnings() == []


def test_a_router_without_checks_gets_a_warning() -> None:
    assert [str(warning) for warning in lint(parsed(ROUTER))] == [
        (
            'virtual_router "web".checks: has none: this node keeps the addresses when its service '
            "is dead"
        )
    ]


def test_weights_that_cannot_change_the_order_get_a_warning() -> None:
    priorities = "priority = { web1 = 150, web2 = 100 }"
    (_, warning) = weighted(priorities)
    assert warning == (
        'virtual_router "web".checks: have weights of 20 together, and the nearest other node is '
        "50 away: they never change which node is first; use larger ones"
    )
    assert len(weighted("priority = { web1 = 110, web2 = 100 }")) == 1
    assert len(weighted('nodes = ["web1", "web2"]')) == 1


def test_a_last_resort_without_a_fence_gets_a_warning() -> None:
    (_, warning) = lint(parsed(ROUTER + 'when_all_fail = "last-resort"\n'))
    assert str(warning) == (
        'virtual_router "web".when_all_fail: has no effect without a check that can close the fence'
    )


def weighted(*keys: str) -> list[str]:
    words = ('checks = [{ name = "web", weight = -20 }]', *keys)
    return [str(warning) for warning in lint(parsed("\n".join((ROUTER, *words, CHECK))))]


def test_weights_without_effect_get_a_warning() -> None:
    only = 'virtual_router "web".checks: all have a weight: '
    assert [warning.startswith(only) for warning in weighted()] == [True]
    assert "have a weight, which never moves the addresses" in weighted("preempt = false")[1]
    assert "the priority of an owner is always 255" in weighted("priority = 255")[2]


@pytest.mark.parametrize(
    ("router", "path", "word"),
    [
        ("priority = 255", "priority", "owns the addresses"),
        ('preempt = false\npreempt_delay = "5s"', "preempt_delay", "has no effect"),
        ("strict = true", "strict", "two nodes may be master"),
        ('checksum = "rfc9568"', "checksum", "keepalived and FRR refuse"),
        ("priority = 1", "priority", "takes over from it at once"),
        ('claim_probe = "refuse"', "claim_probe", "a keepalived that was killed"),
        ("claim_against_incompatible = true", "claim_against_incompatible", "both nodes have them"),
        ('version = 2\nauthentication = "abc"', "authentication", "is no security"),
        ('lease = "off"', "lease", "that is stopped or hangs keeps the addresses for ever"),
        ('lease = "3s"', "lease", "runs out after 3s, but the backups take over after 3s"),
        (
            'advertisement_interval = "500ms"',
            "lease",
            "runs out after 2s, but the backups take over after 1.5s: the guardian removes",
        ),
    ],
)
def test_an_unwise_value_gets_a_warning(router: str, path: str, word: str) -> None:
    [warning] = warnings(router)
    assert warning.startswith(f'virtual_router "web".{path}: ')
    assert word in warning


def test_a_long_address_lease_without_the_guardian_gets_a_warning() -> None:
    [lease] = warnings('advertisement_interval = "500ms"', top="guardian = false")
    assert "with guardian = false two nodes have the addresses in the time between" in lease
    [off] = warnings('lease = "off"', top="guardian = false")
    assert "a daemon that is killed, is stopped or hangs" in off


def test_an_interval_below_100_ms_gets_a_warning() -> None:
    assert not [w for w in warnings('advertisement_interval = "100ms"') if "under load" in w]
    assert [w for w in warnings('advertisement_interval = "90ms"') if "under load" in w]


def test_ipv6_without_a_link_local_address_gets_a_warning_with_an_example() -> None:
    (warning,) = lint(parsed(FENCED.replace('"192', '"2001:db8::1", "192') + CHECK))
    assert str(warning) == (
        'virtual_router "web".addresses: have no link-local IPv6 address: RFC 9568 section 5.2.9 '
        "demands one as the first, the same on every node, and routers that follow it drop what "
        "this node sends; hosts that use a virtual address as their gateway need it too; add one, "
        'such as "fe80::51/64"'
    )


def test_a_table_with_both_families_gets_each_warning_once() -> None:
    toml = ROUTER.replace('"192', '"fe80::1", "192')
    assert len(lint(parsed(toml))) == 1


def test_a_check_that_is_not_used_gets_a_warning() -> None:
    unused = CHECK + '[check.other]\ntcp = "127.0.0.1:1"\n'
    assert warnings(check=unused) == ["check.other: is used by no virtual router"]


def test_tls_without_verification_gets_a_warning() -> None:
    [warning] = warnings(check='[check.web]\nhttp = "https://x/"\nverify = false')
    assert warning == (
        "check.web.verify: is off, so any server that answers passes; set ca instead"
    )


@pytest.mark.parametrize(
    ("keys", "warning"),
    [
        (
            'exec = "/usr/lib/x | grep ok"',
            "check.web.exec: passes | to the program: there is no shell; write a script",
        ),
        (
            'exec = ["/bin/sh", "/root/x.sh"]',
            (
                "check.web.exec: does not check who can write the script; write the script first, "
                "without /bin/sh"
            ),
        ),
        (
            'exec = "/usr/lib/x"\nuser = "root"',
            (
                "check.web.user: gives the program all rights on this machine; a check usually "
                "needs none"
            ),
        ),
        (
            'exec = "/usr/lib/x"\ninterval = "50ms"',
            ("check.web.interval: starts a process every 50ms, which needs much processor time"),
        ),
    ],
)
def test_an_unwise_command_gets_a_warning(keys: str, warning: str) -> None:
    assert warnings(check=f"[check.web]\n{keys}") == [warning]


def test_a_program_with_arguments_gets_no_warning() -> None:
    assert warnings(check='[check.web]\nexec = ["/usr/lib/x", "/srv", "-v"]') == []


def test_standbys_that_take_over_shortly_after_each_other_get_a_warning() -> None:
    three = 'nodes = ["web1", "web2", "web3"]\n'
    assert warnings(three) == []
    quick = 'advertisement_interval = "100ms"\nlease = "2s"\n'
    [warning] = [one for one in warnings(three + quick) if "lease" not in one]
    assert warning.startswith('virtual_router "web": two standbys take over 3.9ms after each other')
    wide = "priority = { web1 = 254, web2 = 204, web3 = 154 }\n"
    assert [one for one in warnings(wide + quick) if "lease" not in one] == []
    two = 'nodes = ["web1", "web2"]\n'
    assert [one for one in warnings(two + quick) if "lease" not in one] == []
    same = "priority = { web1 = 254, web2 = 100, web3 = 100 }\n"
    assert len(warnings(same)) == 1


def test_in_version_2_the_skew_does_not_depend_on_the_interval() -> None:
    assert warnings('version = 2\nadvertisement_interval = "1s"\nnodes = ["web1", "a", "b"]') == []


CHAIN = FENCED + 'resources = ["db"]\npreempt = false\n'
DB = '[resource.db]\nagent = "systemd:db"\n'


def about_resources(router: str = CHAIN, resources: str = DB, top: str = "") -> list[str]:
    return [str(warning) for warning in lint(parsed(f"{top}\n{router}\n{CHECK}{resources}"))]


def test_resources_without_preemption_get_no_warning() -> None:
    assert about_resources() == []


def test_resources_with_preemption_and_without_a_lease_get_a_warning() -> None:
    [warning] = about_resources(CHAIN.replace("preempt = false", ""))
    assert warning.startswith('virtual_router "web".preempt: a better node that comes back starts')


def test_resources_without_the_guardian_get_a_warning() -> None:
    [warning] = about_resources(top="guardian = false")
    assert "the resources keep running when the daemon dies" in warning


def test_a_resource_that_is_not_used_or_not_monitored_gets_a_warning() -> None:
    other = '[resource.x]\nstart = "/bin/true"\nstop = "/bin/true"\n'
    not_used, not_monitored = about_resources(resources=DB + other)
    assert not_used == "resource.x: is used by no virtual router"
    assert not_monitored.startswith("resource.x.monitor: is missing")
