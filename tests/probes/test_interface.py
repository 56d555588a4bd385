"""The interface check."""

import pytest

from pyvrrp.clients.base.failure import ProbeError
from pyvrrp.config.model.configuration import InterfaceProbeConfig
from pyvrrp.ports import ProbeResult
from pyvrrp.probes.interface import check_flags
from pyvrrp.probes.runner import AsyncioProbes
from tests.probes.links import cable
from tests.probes.support import run_probe, run_probe_with
from tests.probes.test_runner import descriptors

UP, RUNNING, LOWER_UP = 0x1, 0x40, 0x10000


@pytest.mark.asyncio
async def test_the_loopback_interface_is_up() -> None:
    assert await run_probe(InterfaceProbeConfig("lo")) == ProbeResult(True, "lo is up")


@pytest.mark.asyncio
async def test_a_missing_interface_gives_a_reason() -> None:
    result = await run_probe(InterfaceProbeConfig("pyvrrp9"))
    assert result == ProbeResult(False, "there is no interface pyvrrp9")
    nowhere = await run_probe(InterfaceProbeConfig("lo", netns="pyvrrp-nowhere"))
    assert nowhere.reason == "there is no network namespace pyvrrp-nowhere"


@pytest.mark.kernel
@pytest.mark.asyncio
async def test_a_lost_carrier_is_detected_at_once() -> None:
    async with cable() as link:
        probe = InterfaceProbeConfig("v0", netns=link.here)
        assert await run_probe(probe) == ProbeResult(True, "v0 is up")
        link.ip(link.there, "link", "set", "v0", "down")
        assert await run_probe(probe) == ProbeResult(False, "v0 has no carrier")
        link.ip(link.here, "link", "set", "v0", "down")
        assert await run_probe(probe) == ProbeResult(False, "v0 is down")


@pytest.mark.parametrize(
    ("flags", "reason"),
    [
        (LOWER_UP | RUNNING, "x is down"),
        (UP | RUNNING, "x has no carrier"),
        (UP | LOWER_UP, "x has a carrier, but is not operational"),
        (0, "x is down"),
    ],
)
def test_each_flag_is_needed(flags: int, reason: str) -> None:
    assert check_flags("x", UP | LOWER_UP | RUNNING) == "x is up"
    with pytest.raises(ProbeError, match=f"^{reason}$"):
        check_flags("x", flags)


@pytest.mark.asyncio
async def test_200_probes_leave_no_open_descriptor() -> None:
    probes = AsyncioProbes()
    await run_probe_with(probes, InterfaceProbeConfig("lo"))
    before = descriptors()
    for _ in range(100):
        await run_probe_with(probes, InterfaceProbeConfig("lo"))
        await run_probe_with(probes, InterfaceProbeConfig("pyvrrp9"))
    assert descriptors() <= before
