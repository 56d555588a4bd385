"""The lines and values about what a configuration will run."""

import pytest

from pyvrrp.config.model.resources import ResourceConfig
from pyvrrp.config.report.summary import (
    check_as_values,
    check_in_words,
    resource_in_words,
    virtual_router_as_values,
    virtual_router_in_words,
)
from tests.config.documents import ROUTER, check, parsed


@pytest.mark.parametrize(
    ("keys", "kind", "target"),
    [
        ('tcp = "[::1]:5432"', "tcp", "[::1]:5432"),
        ('exec = ["/usr/lib/x", "a b"]', "exec", "/usr/lib/x 'a b'"),
        ('ping = "192.0.2.1"', "ping", "192.0.2.1"),
        ('arp = "192.0.2.1"\ninterface = "eth0"', "arp", "192.0.2.1 on eth0"),
        (
            'arp = "192.0.2.1"\ninterface = "eth0"\nabsent = true',
            "arp",
            "192.0.2.1 on eth0 (absent)",
        ),
        ('process = "nginx"', "process", "nginx"),
        ('file = "/run/x"', "file", "/run/x"),
        ('file = "/run/x"\npresent = false', "file", "/run/x (absent)"),
        ('interface = "eth1"', "interface", "eth1"),
    ],
)
def test_the_summary_of_a_check_names_its_kind_and_target(
    keys: str, kind: str, target: str
) -> None:
    written = check(keys)
    assert check_in_words(written) == (
        f"check web: {kind} {target}, every 1s, timeout 800ms, rise 2, fall 2"
    )
    values = check_as_values(written)
    assert (values["kind"], values["method"], values["target"]) == (kind, None, target)


def test_the_summary_of_a_virtual_router_names_the_weights_of_its_checks() -> None:
    written = parsed(
        ROUTER
        + 'checks = ["web", { name = "db", weight = -20 }]\n'
        + '[check.web]\ntcp = "127.0.0.1:80"\n[check.db]\ntcp = "127.0.0.1:5432"\n'
    ).virtual_routers[0]
    assert "checks web db (weight -20)" in virtual_router_in_words(written)
    assert virtual_router_as_values(written)["weights"] == {"db": -20}
    assert written.fence == ("web",)


def test_the_summary_of_a_virtual_router_names_its_links_if_there_are_peers_or_several() -> None:
    written = parsed(
        ROUTER
        + 'interfaces = ["eth0", "eth1"]\n'
        + 'peers = { eth0 = ["192.0.2.1", "192.0.2.2"], eth1 = ["10.0.0.1", "10.0.0.2"] }'
    ).virtual_routers[0]
    assert (
        "every 1s, links eth0 unicast with 192.0.2.1 192.0.2.2 "
        "and eth1 unicast with 10.0.0.1 10.0.0.2, no checks"
    ) in virtual_router_in_words(written)
    multicast = parsed(ROUTER + 'interfaces = ["eth0", "eth1"]').virtual_routers[0]
    assert "links eth0 multicast and eth1 multicast" in virtual_router_in_words(multicast)


def test_words_of_a_command_cannot_control_a_terminal() -> None:
    written = check('exec = ["/usr/bin/true", "\\u001b[2J"]')
    resource = ResourceConfig("disk", ("/usr/bin/true", "\x1b[2J"), ("/usr/bin/true",))
    assert r"/usr/bin/true '\x1b[2J'" in check_in_words(written)
    assert r"/usr/bin/true '\x1b[2J'" in resource_in_words(resource)
