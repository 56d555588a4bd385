"""The file check."""

import os
import socket
from pathlib import Path

import pytest

from pyvrrp.config.model.configuration import FileProbeConfig
from pyvrrp.ports import ProbeResult
from pyvrrp.probes.runner import AsyncioProbes
from tests.probes.support import run_probe, run_probe_with
from tests.probes.test_runner import descriptors

pytestmark = pytest.mark.asyncio


async def test_an_existing_file_passes(tmp_path: Path) -> None:
    file = tmp_path / "ready"
    assert await run_probe(FileProbeConfig(file)) == ProbeResult(False, f"{file} is not there")
    file.touch()
    assert await run_probe(FileProbeConfig(file)) == ProbeResult(True, f"{file} is there")


async def test_an_existing_file_fails_if_it_must_be_absent(tmp_path: Path) -> None:
    file = tmp_path / "maintenance"
    probe = FileProbeConfig(file, present=False)
    assert await run_probe(probe) == ProbeResult(True, f"{file} is not there")
    file.touch()
    assert await run_probe(probe) == ProbeResult(False, f"{file} is there")


async def test_a_path_below_a_file_does_not_exist(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    below = tmp_path / "file" / "below"
    assert await run_probe(FileProbeConfig(below, present=False)) == ProbeResult(
        True, f"{below} is not there"
    )


async def test_the_content_must_match_the_pattern(tmp_path: Path) -> None:
    file = tmp_path / "state"
    probe = FileProbeConfig(file, contains="role=(primary|single)")
    file.write_bytes(b"\xff\nrole=primary\n")
    assert await run_probe(probe) == ProbeResult(True, f"{file} matches /role=(primary|single)/")
    file.write_text("role=standby")
    assert await run_probe(probe) == ProbeResult(
        False, f"{file} does not match /role=(primary|single)/"
    )


async def test_a_file_that_is_too_large_is_not_read_to_its_end(tmp_path: Path) -> None:
    file = tmp_path / "log"
    with file.open("wb") as stream:
        stream.truncate(1 << 40)
    result = await run_probe(FileProbeConfig(file, contains="x"))
    assert result == ProbeResult(False, f"{file} is larger than 1 MiB")


async def test_only_regular_files_are_opened(tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    address = tmp_path / "socket"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(address))
        for path in (fifo, address, tmp_path, Path("/dev/zero")):
            for contains in ("", "x"):
                result = await run_probe(FileProbeConfig(path, contains=contains))
                assert result == ProbeResult(False, f"{path} is not a regular file")


async def test_a_loop_of_links_gives_a_reason(tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(link)
    result = await run_probe(FileProbeConfig(link, present=False))
    assert not result.passed
    assert result.reason == f"cannot look at {link}: too many levels of symbolic links"


async def test_200_probes_leave_no_open_descriptor(tmp_path: Path) -> None:
    probes = AsyncioProbes()
    file = tmp_path / "file"
    file.write_text("x")
    await run_probe_with(probes, FileProbeConfig(file, contains="x"))
    before = descriptors()
    for _ in range(100):
        await run_probe_with(probes, FileProbeConfig(file, contains="x"))
        await run_probe_with(probes, FileProbeConfig(tmp_path))
    assert descriptors() <= before
