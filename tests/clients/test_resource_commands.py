"""Run the commands of resources."""

import asyncio
import os
import pwd
import signal
import tempfile
import time
from pathlib import Path

import pytest

from pyvrrp.clients.processes.proc_table import stat_of
from pyvrrp.clients.processes.resource_commands import AsyncioCommands
from pyvrrp.ports import Command, CommandResult
from pyvrrp.units import MILLISECOND, SECOND, Nanoseconds
from tests.probes.test_runner import descriptors

LONG = Nanoseconds(20 * SECOND)
pytestmark = pytest.mark.asyncio


def shell(line: str, **environment: str) -> Command:
    return Command(("/bin/sh", "-c", line), tuple(environment.items()))


async def run(command: Command, timeout: Nanoseconds = LONG) -> CommandResult:
    commands = AsyncioCommands()
    ended: asyncio.Future[CommandResult] = asyncio.get_running_loop().create_future()
    commands.run(command, timeout, ended.set_result)
    return await ended


def alive(pid: int) -> bool:
    process = stat_of(pid)
    return process is not None and not process.dead


async def test_a_command_returns_its_exit_status_and_output() -> None:
    assert await run(shell("echo one; echo two >&2; exit 7")) == CommandResult(7, "", "one\ntwo\n")


async def test_a_command_has_the_given_environment_and_few_other_variables() -> None:
    result = await run(shell("env", PYVRRP_REASON="link down"))
    variables = {line.partition("=")[0] for line in result.output.splitlines()}
    assert "PYVRRP_REASON=link down" in result.output
    assert variables <= {"PATH", "LANG", "HOME", "PWD", "PYVRRP_RUN", "PYVRRP_REASON", "_"}


async def test_a_service_that_a_command_started_goes_on_and_can_write(
    root_only: Path,
) -> None:
    line = f"(while :; do echo still here; sleep 0.05; done) & echo $! > {root_only}/pid"
    assert (await run(shell(line))).status == 0
    pid = int((root_only / "pid").read_text())
    try:
        await asyncio.sleep(0.3)
        assert alive(pid)
    finally:
        os.kill(pid, signal.SIGKILL)


async def test_the_output_of_a_running_service_does_not_fill_the_memory(root_only: Path) -> None:
    line = f"(while :; do head -c 100000 /dev/zero; sleep 0.01; done) & echo $! > {root_only}/pid"
    assert (await run(shell(line))).status == 0
    pid = int((root_only / "pid").read_text())
    try:
        written = Path(f"/proc/{pid}/fd/1")
        before = written.stat().st_size
        await asyncio.sleep(0.2)
        assert written.stat().st_size == before
    finally:
        os.kill(pid, signal.SIGKILL)


async def test_a_command_that_takes_too_long_gets_sigterm(root_only: Path) -> None:
    line = f"trap 'echo asked > {root_only}/said; exit 3' TERM; while :; do sleep 0.05; done"
    result = await run(shell(line), Nanoseconds(300 * MILLISECOND))
    assert (result.status, result.trouble) == (None, "killed after 300 ms")
    assert (root_only / "said").read_text() == "asked\n"


async def test_a_command_that_ignores_sigterm_is_killed_with_all_its_children(
    root_only: Path,
) -> None:
    line = (
        f"trap '' TERM; setsid sh -c 'trap \"\" TERM; echo $$ > {root_only}/pid; "
        "while :; do sleep 1; done' & while :; do sleep 1; done"
    )
    began = time.monotonic()
    result = await run(shell(line), Nanoseconds(400 * MILLISECOND))
    assert result.status is None
    assert time.monotonic() - began > 2.3  # 400 ms, and 2 s from SIGTERM to SIGKILL
    assert not alive(int((root_only / "pid").read_text()))


async def test_the_deadline_of_a_running_command_can_be_changed_to_an_earlier_one() -> None:
    commands = AsyncioCommands()
    ended: asyncio.Future[CommandResult] = asyncio.get_running_loop().create_future()
    running = commands.run(shell("sleep 60"), LONG, ended.set_result)
    await asyncio.sleep(0.2)
    running.end_within(Nanoseconds(50 * MILLISECOND))
    assert (await asyncio.wait_for(ended, 5)).trouble.startswith("killed after ")


async def test_a_command_that_a_signal_ended_is_reported_with_the_signal() -> None:
    assert (await run(shell("kill -9 $$"))).trouble == "ended by signal 9"


async def test_a_missing_program_is_reported_with_its_path() -> None:
    result = await run(Command(("/usr/sbin/no-such-agent", "start")))
    assert result.trouble == "refused: /usr/sbin/no-such-agent: no such file or directory"


async def test_a_program_that_others_can_write_is_refused_with_the_path() -> None:
    with tempfile.TemporaryDirectory() as directory:
        script = Path(directory) / "agent"
        script.write_text("#!/bin/sh\n")
        script.chmod(0o755)
        result = await run(Command((str(script), "start")))
        assert result.trouble.startswith("refused: /tmp is writable by everybody")


async def test_commands_leave_no_open_descriptors() -> None:
    before = descriptors()
    for _ in range(3):
        await run(shell("exit 0"))
    assert descriptors() == before


async def test_a_hook_runs_as_nobody_if_this_is_root_and_cannot_become_root() -> None:
    line = "id -un; grep NoNewPrivs /proc/self/status; grep CapEff /proc/self/status"
    result = await run(Command(("/bin/sh", "-c", line), user=""))
    user = "nobody" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name
    assert result.output.split() == [user, "NoNewPrivs:", "1", "CapEff:", "0000000000000000"]


async def test_a_hook_of_a_user_that_does_not_exist_is_not_run() -> None:
    result = await run(Command(("/bin/true",), user="no-such-user"))
    assert result == CommandResult(None, "there is no user no-such-user")
