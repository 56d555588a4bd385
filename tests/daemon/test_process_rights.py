"""What a new configuration may need of the rights that were given up."""

import os
import tomllib

import pytest

from pyvrrp.config.model.configuration import Configuration
from pyvrrp.config.parse import parse
from pyvrrp.daemon.rights.process_rights import why_restart
from pyvrrp.net.process.capabilities import mask_of

ROUTER = """
[[virtual_router]]
name = "web"
interface = "eth0"
vrid = 51
addresses = ["192.0.2.10/24"]
"""
PROGRAM = '[check.a]\nexec = ["/bin/true"]\nuser = "www"'
RESOURCE = """resources = ["r"]
i_accept_split_brain = true
[resource.r]
start = ["/bin/true"]
stop = ["/bin/true"]
monitor = ["/bin/true"]
"""


def configuration(more: str = "") -> Configuration:
    return parse(tomllib.loads(ROUTER + more), "test", node=None, hostname="n1")


@pytest.fixture(autouse=True)
def without_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)


def test_what_needs_no_more_may_come() -> None:
    assert why_restart(configuration(), mask_of(["CAP_SETUID", "CAP_CHOWN"])) == ""
    assert why_restart(configuration(PROGRAM), mask_of(["CAP_CHOWN"])) == ""
    assert why_restart(configuration(RESOURCE), 0) == ""


def test_what_needs_more_is_refused_with_the_capability_and_its_purpose() -> None:
    assert why_restart(configuration(PROGRAM), mask_of(["CAP_SETUID"])) == (
        "needs CAP_SETUID (to run the program of the check a as www), which the daemon has given "
        "up at its start: restart it"
    )
    assert why_restart(configuration(RESOURCE), mask_of(["CAP_CHOWN"])) == (
        "needs all capabilities (for the programs of resources, which have the rights of the "
        "daemon), which the daemon has given up at its start: restart it"
    )
