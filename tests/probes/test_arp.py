"""The arp check."""

import asyncio
import re
from ipaddress import ip_address

import pytest

from pyvrrp.config.model.configuration import ArpProbeConfig
from pyvrrp.ports import ProbeResult
from pyvrrp.probes.runner import AsyncioProbes
from pyvrrp.units import Nanoseconds
from tests.probes.links import cable
from tests.probes.support import HASTY, PATIENT, run_probe, run_probe_with
from tests.probes.test_runner import descriptors

pytestmark = [pytest.mark.kernel, pytest.mark.asyncio]


def probe(address: str, netns: str, *, absent: bool = False) -> ArpProbeConfig:
    return ArpProbeConfig(ip_address(address), "v0", absent=absent, netns=netns)


@pytest.mark.parametrize("address", ["192.0.2.2", "2001:db8::2"])
async def test_the_check_passes_if_a_host_answers_and_names_it(address: str) -> None:
    async with cable() as link:
        result = await run_probe(probe(address, link.here), PATIENT)
        mac = link.mac(link.there)
    assert result.passed, result.reason
    assert re.fullmatch(rf"{address} is at {mac}, answered in [0-9.]+ ms", result.reason)


@pytest.mark.parametrize("address", ["192.0.2.9", "2001:db8::9"])
async def test_without_an_answer_the_check_fails_or_passes_if_the_address_must_be_absent(
    address: str,
) -> None:
    async with cable() as link:
        reason = f"nobody answers for {address} on v0"
        assert await run_probe(probe(address, link.here), HASTY) == ProbeResult(False, reason)
        absent = await run_probe(probe(address, link.here, absent=True), HASTY)
        assert absent == ProbeResult(passed=True, reason=reason)


@pytest.mark.parametrize("address", ["192.0.2.2", "2001:db8::2"])
async def test_the_check_fails_with_the_mac_if_the_address_must_be_absent_and_a_host_answers(
    address: str,
) -> None:
    async with cable() as link:
        result = await run_probe(probe(address, link.here, absent=True), PATIENT)
        mac = link.mac(link.there)
    assert result == ProbeResult(passed=False, reason=f"{address} is at {mac}")


@pytest.mark.parametrize("address", ["192.0.2.1", "2001:db8::1"])
async def test_an_address_of_this_host_counts_as_absent(address: str) -> None:
    async with cable() as link:
        assert (await run_probe(probe(address, link.here, absent=True), HASTY)).passed


async def test_a_probe_changes_no_neighbour_entry() -> None:
    async with cable() as link:
        assert (await run_probe(probe("192.0.2.2", link.here), PATIENT)).passed
        assert link.ip(link.there, "-4", "neigh", "show") == ""


async def test_an_unusable_interface_gives_a_reason() -> None:
    async with cable() as link:
        link.ip(link.here, "link", "set", "v0", "down")
        down = await run_probe(probe("192.0.2.2", link.here))
        address = ip_address("192.0.2.2")
        gone = await run_probe(ArpProbeConfig(address, "v9", netns=link.here))
    lo = await run_probe(ArpProbeConfig(address, "lo"))
    assert down.reason == "the interface is down"
    assert gone.reason == "there is no interface v9"
    assert lo.reason == "lo is not an Ethernet interface: it has no neighbours to ask"


async def test_100_probes_leave_no_open_descriptor() -> None:
    probes = AsyncioProbes()
    before = descriptors()
    async with cable() as link:
        for _ in range(50):
            await asyncio.gather(
                run_probe_with(probes, probe("192.0.2.2", link.here)),
                run_probe_with(probes, probe("2001:db8::9", link.here), Nanoseconds(20_000_000)),
            )
        for _ in range(200):  # packet sockets are closed in the background
            if descriptors() <= before:
                break
            await asyncio.sleep(0.02)
    assert descriptors() <= before
