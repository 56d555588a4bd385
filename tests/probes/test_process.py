"""The process check."""

import asyncio
import os
import shutil
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from pyvrrp.clients.base.failure import ProbeError
from pyvrrp.clients.processes import proc_table
from pyvrrp.config.model.configuration import ProcessProbeConfig
from pyvrrp.ports import ProbeResult
from pyvrrp.probes.process import check_count
from tests.probes.support import run_probe

pytestmark = pytest.mark.asyncio


@asynccontextmanager
async def busy(directory: Path, name: str, *times: str) -> AsyncIterator[None]:
    """Run copies of sleep with the name *name*."""
    program = directory / name
    shutil.copy("/bin/sleep", program)
    running = [await asyncio.create_subprocess_exec(program, time) for time in times]
    try:
        yield
    finally:
        for process in running:
            process.kill()
            await process.wait()


async def test_processes_of_the_name_are_counted(tmp_path: Path) -> None:
    name = f"vrrp{os.getpid()}"
    probe = ProcessProbeConfig(name)
    assert await run_probe(probe) == ProbeResult(False, f"no processes {name}, at least 1 needed")
    async with busy(tmp_path, name, "600", "601"):
        assert await run_probe(probe) == ProbeResult(True, f"2 processes {name}")


async def test_the_number_of_processes_must_be_in_the_limits(tmp_path: Path) -> None:
    name = f"vrrp{os.getpid()}"
    async with busy(tmp_path, name, "600", "601"):
        few = await run_probe(ProcessProbeConfig(name, at_least=3))
        many = await run_probe(ProcessProbeConfig(name, at_least=0, at_most=1))
        right = await run_probe(ProcessProbeConfig(name, at_least=2, at_most=2))
    assert few == ProbeResult(False, f"2 processes {name}, at least 3 needed")
    assert many == ProbeResult(False, f"2 processes {name}, at most 1 allowed")
    assert right.passed


async def test_the_command_line_tells_processes_of_one_name_apart(tmp_path: Path) -> None:
    name = f"vrrp{os.getpid()}"
    async with busy(tmp_path, name, "600", "601"):
        result = await run_probe(ProcessProbeConfig(name, command_line=rf"/{name} 60[1-9]$"))
    assert result == ProbeResult(True, f"1 process {name}")


async def test_long_names_are_compared_in_full(tmp_path: Path) -> None:
    name = f"pyvrrp-sleeper-{os.getpid()}"
    assert len(name) > 15
    async with busy(tmp_path, name, "600"):
        assert (await run_probe(ProcessProbeConfig(name))).passed
        assert not (await run_probe(ProcessProbeConfig(f"{name}0"))).passed


async def test_a_process_that_has_ended_does_not_count(tmp_path: Path) -> None:
    name = f"vrrp{os.getpid()}"
    shutil.copy("/bin/true", tmp_path / name)
    pid = os.posix_spawn(tmp_path / name, [name], {})
    try:
        for _ in range(200):
            found = proc_table.stat_of(pid)
            if found is not None and found.dead:
                break
            await asyncio.sleep(0.01)
        result = await run_probe(ProcessProbeConfig(name))
    finally:
        os.waitpid(pid, 0)
    assert result.reason == f"no processes {name}, at least 1 needed"


async def test_a_name_with_brackets_and_spaces_is_read_correctly(tmp_path: Path) -> None:
    name = ") Z 1 (x"
    async with busy(tmp_path, name, "600"):
        assert await run_probe(ProcessProbeConfig(name)) == ProbeResult(True, f"1 process {name}")


async def test_the_reason_says_if_proc_hides_other_processes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("pyvrrp.probes.process.stat_of", lambda _: None)
    for probe in (ProcessProbeConfig("nginx"), ProcessProbeConfig("nginx", "", 0, 0)):
        with pytest.raises(ProbeError, match=r"may not see those of other users \(ProtectProc"):
            check_count(probe, 0)
    assert check_count(ProcessProbeConfig("nginx"), 1) == "1 process nginx"


async def test_the_list_has_this_process_and_files_of_a_missing_one_are_empty() -> None:
    assert os.getpid() in set(proc_table.process_ids())
    own = proc_table.stat_of(os.getpid())
    assert own is not None
    assert own.session == os.getsid(0)
    assert not own.dead
    assert proc_table.stat_of(2**22 + 1) is None
    assert proc_table.read_file(2**22 + 1, "stat", 10) == b""
    program = os.fsencode(sys.orig_argv[0])
    assert program in proc_table.read_file(os.getpid(), "cmdline", 4096)
