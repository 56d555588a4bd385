"""The ping check."""

import re
from ipaddress import ip_address
from pathlib import Path

import pytest

from pyvrrp.clients.base.namespace import inside
from pyvrrp.config.model.configuration import PingProbeConfig
from pyvrrp.ports import ProbeResult
from pyvrrp.probes.runner import AsyncioProbes
from pyvrrp.units import Nanoseconds
from tests.probes.links import cable
from tests.probes.support import HASTY, PATIENT, run_probe, run_probe_with
from tests.probes.test_runner import descriptors, namespace

pytestmark = [pytest.mark.kernel, pytest.mark.asyncio]


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
async def test_a_reply_passes(host: str) -> None:
    result = await run_probe(PingProbeConfig(host))
    assert result.passed
    assert re.fullmatch(rf"answer from {host} in [0-9.]+ ms", result.reason)


async def test_a_name_is_looked_up() -> None:
    result = await run_probe(PingProbeConfig("localhost"))
    assert result.passed
    nowhere = await run_probe(PingProbeConfig("nowhere.invalid", netns="pyvrrp-nowhere"))
    assert nowhere.reason == "there is no network namespace pyvrrp-nowhere"


async def test_hosts_on_the_link_answer_through_interface_source_and_namespace() -> None:
    async with cable() as link:
        for host, source in (("192.0.2.2", "192.0.2.1"), ("2001:db8::2", "2001:db8::1")):
            result = await run_probe(
                PingProbeConfig(host, source=ip_address(source), interface="v0", netns=link.here)
            )
            assert result.passed, result.reason


async def test_without_a_host_there_is_no_reply_in_time() -> None:
    async with cable() as link:
        for host in ("192.0.2.9", "2001:db8::9"):
            result = await run_probe(PingProbeConfig(host, netns=link.here), HASTY)
            assert result == ProbeResult(
                passed=False, reason=f"no answer from {host} within 300 ms"
            )


async def test_a_router_that_reports_an_error_is_named_at_once() -> None:
    async with cable() as link:
        link.ip(link.here, *["route", "add", "default", "via", "192.0.2.2"])
        link.ip(link.there, *["route", "add", "unreachable", "198.51.100.0/24"])
        link.ip(link.there, *["route", "add", "prohibit", "203.0.113.0/24"])
        with inside(link.there):
            Path("/proc/sys/net/ipv4/ip_forward").write_text("1")
        one = await run_probe(PingProbeConfig("198.51.100.1", netns=link.here), PATIENT)
        other = await run_probe(PingProbeConfig("203.0.113.1", netns=link.here), PATIENT)
    assert one == ProbeResult(passed=False, reason="host unreachable (from 192.0.2.2)")
    assert other == ProbeResult(passed=False, reason="communication prohibited (from 192.0.2.2)")


async def test_a_missing_route_gives_a_reason() -> None:
    with namespace() as name:
        result = await run_probe(PingProbeConfig("192.0.2.1", netns=name))
    assert result == ProbeResult(passed=False, reason="network is unreachable")


@pytest.mark.parametrize(
    ("probe", "reason"),
    [
        (PingProbeConfig("127.0.0.1", interface="pyvrrp9"), "there is no interface pyvrrp9"),
        (
            PingProbeConfig("127.0.0.1", source=ip_address("192.0.2.77")),
            "cannot use source address 192.0.2.77: this host does not have it",
        ),
        (
            PingProbeConfig("127.0.0.1", source=ip_address("::1")),
            "cannot use source address ::1: 127.0.0.1 has no IPv6 one",
        ),
    ],
)
async def test_an_unusable_setting_is_named(probe: PingProbeConfig, reason: str) -> None:
    assert await run_probe(probe) == ProbeResult(passed=False, reason=reason)


async def test_200_pings_leave_no_open_descriptor() -> None:
    probes = AsyncioProbes()
    before = descriptors()
    async with cable() as link:
        good = PingProbeConfig("127.0.0.1")
        bad = PingProbeConfig("192.0.2.9", netns=link.here)
        for _ in range(100):
            assert (await run_probe_with(probes, good)).passed
            await run_probe_with(probes, bad, Nanoseconds(2_000_000))
    assert descriptors() <= before
