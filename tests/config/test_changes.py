"""The difference of two configurations, as a reload and ``--dry-run`` tell it."""

from dataclasses import replace
from ipaddress import ip_interface
from pathlib import Path

import pytest

from pyvrrp.config.changes.difference import How, difference, runnable
from pyvrrp.config.changes.words import as_values, in_words
from pyvrrp.config.model.configuration import (
    CheckConfig,
    ClaimProbePolicy,
    Configuration,
    ExecProbeConfig,
    HttpProbeConfig,
    VirtualRouterConfig,
)
from pyvrrp.config.model.hooks import HookConfig
from pyvrrp.config.model.resources import ResourceConfig
from pyvrrp.fencing.policy import CheckPolicy
from pyvrrp.identity import Family, Place, VirtualRouterId
from pyvrrp.units import MILLISECOND, Nanoseconds

WEB = VirtualRouterConfig(
    "web", VirtualRouterId(Place("", "eth0"), Family.IPV4, 51), (ip_interface("192.0.2.10/24"),)
)
HTTP = CheckConfig("http", HttpProbeConfig("http://127.0.0.1/?token=secret"))
BEFORE = Configuration("n1", (WEB,), (HTTP,))


def changed(**changes: object) -> tuple[str, ...]:
    router = replace(WEB, **changes)  # type: ignore[arg-type] # a test's shorthand
    return in_words(difference(BEFORE, replace(BEFORE, virtual_routers=(router,))))


def test_equal_configurations_have_no_difference() -> None:
    assert difference(BEFORE, replace(BEFORE)).is_empty


def test_the_order_of_the_virtual_routers_is_no_difference() -> None:
    other = replace(WEB, name="db", id=replace(WEB.id, vrid=52))
    here = replace(BEFORE, virtual_routers=(WEB, other))
    assert difference(here, replace(BEFORE, virtual_routers=(other, WEB))).is_empty


def test_what_changes_in_place_is_one_line_with_the_values_before_and_after() -> None:
    interval = Nanoseconds(500 * MILLISECOND)
    assert changed(priority=150, advertisement_interval=interval) == (
        (
            "virtual router web (IPv4): changed in place: priority 100 -> 150, "
            "advertisement_interval 1000ms -> 500ms"
        ),
    )


def test_addresses_are_told_one_by_one() -> None:
    assert changed(addresses=(ip_interface("192.0.2.11/24"),)) == (
        "virtual router web (IPv4): changed in place: addresses +192.0.2.11/24 -192.0.2.10/24",
    )


@pytest.mark.parametrize(
    "changes",
    [
        {"id": replace(WEB.id, vrid=52)},
        {"id": replace(WEB.id, place=Place("", "eth1"))},
        {"group": "all"},
        {"peers": (ip_interface("192.0.2.2/24").ip,)},
        {"claim_probe": ClaimProbePolicy.OFF},
        {"priority": 255},
    ],
)
def test_what_changes_on_the_wire_makes_a_virtual_router_begin_anew(
    changes: dict[str, object],
) -> None:
    (line,) = changed(**changes)
    assert line.startswith("virtual router web (IPv4): hands over, and begins anew: ")


def test_a_virtual_router_is_added_and_another_one_removed() -> None:
    other = replace(WEB, name="db", id=replace(WEB.id, vrid=52))
    assert in_words(difference(BEFORE, replace(BEFORE, virtual_routers=(other,)))) == (
        "virtual router db (IPv4): added, VRID 52 on eth0",
        "virtual router web (IPv4): removed, after it has handed over",
    )


def test_a_resource_that_changes_has_its_virtual_router_begin_anew() -> None:
    disk = ResourceConfig("disk", ("/bin/start",), ("/bin/stop",))
    router = replace(WEB, resources=("disk",))
    here = replace(BEFORE, virtual_routers=(router,), resources=(disk,))
    other = replace(disk, start=("/bin/other", "password"))
    found = difference(here, replace(here, resources=(other,)))
    assert found.routers[0].how is How.ANEW
    assert in_words(found) == (
        "virtual router web (IPv4): hands over, and begins anew: resource disk",
    )


def test_a_hook_that_changes_has_its_virtual_router_begin_anew() -> None:
    hook = HookConfig("notify", ("/usr/bin/true",))
    here = replace(BEFORE, virtual_routers=(replace(WEB, hooks=("notify",)),), hooks=(hook,))
    after = replace(here, hooks=(replace(hook, command=("/usr/bin/false",)),))
    found = difference(here, after)
    assert [(one.how, one.hooks) for one in found.routers] == [(How.ANEW, ("notify",))]
    assert runnable(here, after).hooks == after.hooks
    assert "hook notify" in in_words(found)[0]


@pytest.mark.parametrize("key", ["addresses", "lease"])
def test_what_resources_know_from_their_start_does_not_change_in_place(key: str) -> None:
    router = replace(WEB, resources=("disk",))
    here = replace(BEFORE, virtual_routers=(router,))
    values = {"addresses": (ip_interface("192.0.2.11/24"),), "lease": 5}
    after = replace(router, **{key: values[key]})  # type: ignore[arg-type] # one of the two
    found = difference(here, replace(here, virtual_routers=(after,)))
    assert found.routers[0].how is How.ANEW


def test_checks_are_told_without_their_secrets() -> None:
    policy = CheckPolicy(rise=3)
    other = CheckConfig("http", HttpProbeConfig("http://127.0.0.1/?token=better"), policy)
    more = CheckConfig("run", ExecProbeConfig(("/bin/true", "password")))
    found = difference(BEFORE, replace(BEFORE, checks=(other, more)))
    assert in_words(found) == (
        "check http: changed: url is another one, rise 2 -> 3",
        "check run: added",
    )
    assert in_words(difference(BEFORE, replace(BEFORE, checks=()))) == ("check http: removed",)
    kind = replace(HTTP, probe=more.probe)
    assert in_words(difference(BEFORE, replace(BEFORE, checks=(kind,)))) == (
        "check http: changed: kind http -> exec",
    )


def test_a_password_is_not_told() -> None:
    assert changed(authentication=b"secret") == (
        "virtual router web (IPv4): changed in place: authentication is another one",
    )


def test_what_a_process_has_from_its_start_needs_a_restart_and_stays() -> None:
    after = replace(BEFORE, control_socket=Path("/run/other.sock"), virtual_routers=())
    found = difference(BEFORE, after)
    assert in_words(found)[-1] == (
        "control_socket /run/pyvrrp/pyvrrp.sock -> /run/other.sock: needs a restart"
    )
    assert as_values(found)[-1]["how"] == "needs_restart"
    used = runnable(BEFORE, after)
    assert used.control_socket == Path("/run/pyvrrp/pyvrrp.sock")
    assert used.virtual_routers == ()


def test_what_is_equal_stays_the_same_object() -> None:
    equal = replace(BEFORE, virtual_routers=(replace(WEB),), checks=(replace(HTTP),))
    used = runnable(BEFORE, equal)
    assert used.virtual_routers[0] is WEB
    assert used.checks[0] is HTTP
