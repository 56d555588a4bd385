"""The exec check."""

import asyncio
import os
import re
import signal
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from threading import Event
from uuid import uuid4

import pytest

from pyvrrp.clients.base.blocking_calls import ThreadedCalls
from pyvrrp.clients.processes.proc_table import process_ids, read_file, stat_of
from pyvrrp.clients.processes.spawn import ProgramRun, spawn
from pyvrrp.config.model.configuration import ExecProbeConfig
from pyvrrp.ports import ProbeResult
from pyvrrp.probes.runner import AsyncioProbes
from pyvrrp.units import Nanoseconds
from tests.probes.support import HASTY, PATIENT, run_probe, run_probe_with
from tests.probes.test_runner import descriptors, namespace
from tests.support.programs import script

LOADED = Nanoseconds(500_000_000)  # after this a program has begun, even on a busy machine
pytestmark = pytest.mark.asyncio


def shell(line: str, *, user: str = "", netns: str = "") -> ExecProbeConfig:
    command = ("/bin/sh", "-c", line)
    return ExecProbeConfig(command, user=user, check="web", node="n1", netns=netns)


def sleeping(seconds: str) -> list[int]:
    """Return the processes that run `sleep SECONDS`."""
    return [
        pid
        for pid in process_ids()
        if read_file(pid, "cmdline", 100) == f"sleep\0{seconds}\0".encode()
        and (process := stat_of(pid)) is not None
        and not process.dead
    ]


def unique_time() -> str:
    """Return a time to sleep that no other process uses."""
    return f"3{uuid4().int % 10**9:09}"


def all_children() -> set[str]:
    while True:
        tasks = list(Path("/proc/self/task").iterdir())
        try:
            return {pid for task in tasks for pid in (task / "children").read_text().split()}
        except FileNotFoundError:
            continue  # a thread has just ended, and its children belong to another thread now


# Children of other tests in the same process, which multiprocessing keeps.
CHILDREN_BEFORE: set[str] = set()


@pytest.fixture(autouse=True)
def children_before() -> Iterator[None]:
    CHILDREN_BEFORE.update(all_children())
    yield
    CHILDREN_BEFORE.clear()


def children() -> list[str]:
    return sorted(all_children() - CHILDREN_BEFORE)


async def wait_until_none_sleeps(seconds: str) -> None:
    for _ in range(200):
        if not sleeping(seconds):
            return
        await asyncio.sleep(0.02)
    pytest.fail("a process of the check is still alive")


async def test_status_0_passes() -> None:
    result = await run_probe(ExecProbeConfig(("/bin/true",)))
    assert result.passed
    assert re.fullmatch(r"exit status 0 in [0-9.]+ ms", result.reason)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("exit 3", "exit status 3"),
        ("echo; echo '  disk full '; echo more; exit 3", "exit status 3: disk full"),
        ("echo to stderr >&2; exit 1", "exit status 1: to stderr"),
        ("kill -SEGV $$", "ended by SIGSEGV"),
        ("echo help; kill -TERM $$", "ended by SIGTERM: help"),
        (r"printf '\033[31mred\377\n'; exit 1", "exit status 1: \\x1b[31mred\ufffd"),
        ("read line || exit 9", "exit status 9"),  # there is no input to wait for
    ],
)
async def test_any_other_end_fails_with_the_first_line_of_output(line: str, reason: str) -> None:
    assert await run_probe(shell(line)) == ProbeResult(passed=False, reason=reason)


async def test_a_long_line_is_cut() -> None:
    result = await run_probe(shell("head -c 100000 /dev/zero | tr '\\0' x; exit 1"))
    assert result.reason == f"exit status 1: {'x' * 160}..."


async def test_endless_output_fails_the_check() -> None:
    assert await run_probe(shell("exec yes")) == ProbeResult(
        passed=False, reason="more than 1 MiB of output"
    )


async def test_output_below_the_limit_does_not_fail_the_check() -> None:
    assert (await run_probe(shell("head -c 1000000 /dev/zero"))).passed


async def test_a_program_that_closes_its_output_may_go_on() -> None:
    result = await run_probe(shell("exec >&- 2>&-; sleep 0.1; exit 5"))
    assert result.reason == "exit status 5"


async def test_a_program_that_takes_too_long_is_killed() -> None:
    seconds = unique_time()
    result = await run_probe(shell(f"trap '' TERM; exec sleep {seconds}"), LOADED)
    assert result == ProbeResult(passed=False, reason="killed after 500 ms")
    await wait_until_none_sleeps(seconds)


@pytest.mark.parametrize(
    "line",
    [
        "sleep {} & sleep {}",
        "(sleep {} &); sleep {}",  # its parent is init, but it is in the group
        "setsid sleep {} & sleep {}",
        "setsid sh -c 'sleep {} & sleep {}' & wait",
        "(setsid sh -c '(setsid sleep {} &) ; sleep {}' &); wait; sleep 30",
        "set -m; env -i sleep {} & wait",  # its own group and no mark, but the same session
    ],
)
async def test_all_children_of_a_killed_program_are_killed(line: str) -> None:
    seconds = unique_time()
    result = await run_probe(shell(line.replace("{}", seconds)), LOADED)
    assert result.reason == "killed after 500 ms"
    await wait_until_none_sleeps(seconds)


async def test_processes_in_the_group_of_a_program_are_killed_when_it_ends() -> None:
    seconds = unique_time()
    assert (await run_probe(shell(f"sleep {seconds} &"))).passed
    await wait_until_none_sleeps(seconds)


async def test_another_process_with_the_same_command_is_not_killed() -> None:
    seconds = unique_time()
    other = await asyncio.create_subprocess_exec("sleep", seconds)
    try:
        await run_probe(shell(f"sleep {seconds}"), HASTY)
        assert sleeping(seconds) == [other.pid]
    finally:
        other.kill()
        await other.wait()


async def test_a_cancelled_probe_kills_the_program_and_reports_nothing() -> None:
    seconds = unique_time()
    probes = AsyncioProbes()
    results: list[ProbeResult] = []
    handle = probes.start(shell(f"sleep {seconds}"), PATIENT, results.append)
    for _ in range(200):
        if sleeping(seconds):
            break
        await asyncio.sleep(0.02)
    handle.cancel()
    await probes.close()
    assert (results, sleeping(seconds)) == ([], [])


async def test_a_probe_that_is_cancelled_while_its_program_starts_leaves_no_process() -> None:
    seconds = unique_time()
    probes = AsyncioProbes()
    before = descriptors()
    for _ in range(5):
        handle = probes.start(shell(f"sleep {seconds}"), PATIENT, lambda _: None)
        await asyncio.sleep(0)
        handle.cancel()
    await probes.close()
    assert (sleeping(seconds), children()) == ([], [])
    assert descriptors() <= before


async def test_200_runs_leave_no_zombie_and_no_open_descriptor() -> None:
    probes = AsyncioProbes()
    kinds = [
        (ExecProbeConfig(("/bin/true",)), PATIENT),
        (shell("echo x; exit 1"), PATIENT),
        (shell("setsid sleep 30 & sleep 30"), Nanoseconds(50_000_000)),
        (ExecProbeConfig(("/nowhere/x",)), PATIENT),
    ]
    for kind in kinds:
        await run_probe_with(probes, *kind)
    await probes.close()
    before = descriptors()
    for _ in range(10):
        await asyncio.gather(*(run_probe_with(probes, *kind) for kind in kinds * 5))
    await probes.close()
    assert descriptors() <= before
    assert children() == []


async def test_a_run_waits_until_the_killed_one_before_it_has_ended() -> None:
    probes = AsyncioProbes()
    slow = shell("sleep 30")
    first = await run_probe_with(probes, slow, LOADED)
    second = await run_probe_with(probes, slow, LOADED)
    await probes.close()
    assert (first.reason, second.reason) == ("killed after 500 ms", "killed after 500 ms")
    assert children() == []


async def test_no_program_is_started_while_a_killed_one_has_not_ended(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    gone = Event()
    monkeypatch.setattr("pyvrrp.probes.exec.kill_leftovers", lambda *_: gone.wait(30))
    probes = AsyncioProbes()
    slow = shell("sleep 30")
    try:
        await run_probe_with(probes, slow, Nanoseconds(50_000_000))
        second = await run_probe_with(probes, slow, HASTY)
        other = await run_probe_with(probes, shell("exit 0"))
    finally:
        gone.set()
    third = await run_probe_with(probes, slow, LOADED)
    await probes.close()
    assert second.reason == "timed out after 300 ms while the run before could not be killed"
    assert other.passed
    assert third.reason == "killed after 500 ms"
    assert children() == []


@pytest.mark.kernel
async def test_a_daemon_that_has_only_capabilities_does_not_pass_them_on() -> None:
    # CAP_DAC_READ_SEARCH, for a Python that only root may read.
    capabilities = "+net_admin,+net_raw,+dac_read_search"
    program = (
        "import asyncio\n"
        "from tests.probes.support import run_probe\n"
        "from tests.probes.test_exec import shell\n"
        "line = \"echo $(id -u) $(grep -E 'NoNew|Cap[PEA]' /proc/$$/status); exit 1\"\n"
        "print(asyncio.run(run_probe(shell(line))).reason)\n"
        "print(asyncio.run(run_probe(shell('exit 0', user='nobody'))).passed)\n"
        "print(asyncio.run(run_probe(shell('exit 0', user='daemon'))).reason)\n"
    )
    child = await asyncio.create_subprocess_exec(
        *("setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"),
        *("--inh-caps", capabilities, "--ambient-caps", capabilities),
        *(sys.executable, "-B", "-c", program),
        stdout=asyncio.subprocess.PIPE,
        cwd=Path(__file__).parents[2],
    )
    said, _ = await child.communicate()
    zeros = "0000000000000000"
    assert said.decode().splitlines() == [
        f"exit status 1: 65534 CapPrm: {zeros} CapEff: {zeros} CapAmb: {zeros} NoNewPrivs: 1",
        "True",
        "cannot run as daemon: the daemon is not root and lacks CAP_SETUID or CAP_SETGID",
    ]


async def test_the_environment_of_a_program_names_the_check_and_the_node(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SECRET", "hunter2")
    result = await run_probe(shell("env | sort | tr '\\n' ' '; exit 1"))
    assert re.fullmatch(
        r"exit status 1: HOME=/ LANG=C\.UTF-8 PATH=/usr/local/sbin:\S+ "
        r"(PWD=/ )?PYVRRP_CHECK=web PYVRRP_NETNS= PYVRRP_NODE=n1 PYVRRP_R.*",
        result.reason,
    )


async def test_a_program_has_its_own_session_and_no_descriptors_of_the_daemon() -> None:
    with Path("/dev/null").open() as file:
        os.set_inheritable(file.fileno(), True)
        result = await run_probe(
            shell(
                f"test -e /proc/$$/fd/{file.fileno()} && exit 2; "
                "echo $(pwd) $(umask) $(cut -d' ' -f6 /proc/$$/stat) = $$; exit 1"
            )
        )
    match = re.fullmatch(r"exit status 1: / 0077 (\d+) = (\d+)", result.reason)
    assert match is not None, result.reason
    assert match[1] == match[2] != str(os.getsid(0))


async def test_root_runs_a_program_as_nobody_without_groups_and_capabilities() -> None:
    result = await run_probe(
        shell(
            "echo $(id -u) $(id -g) $(id -G) $(grep -E 'NoNewP|Cap[IPEA]' /proc/$$/status); exit 1"
        )
    )
    zeros = "0000000000000000"
    assert result.reason == (
        f"exit status 1: 65534 65534 65534 CapInh: {zeros} CapPrm: {zeros} CapEff: {zeros} "
        f"CapAmb: {zeros} NoNewPrivs: 1"
    )


@pytest.mark.kernel
async def test_a_program_of_a_user_has_the_groups_of_the_user() -> None:
    result = await run_probe(shell("id -un; exit 1", user="daemon"))
    assert result.reason == "exit status 1: daemon"
    group = await run_probe(shell("id -gn; exit 1", user="daemon"))
    assert group.reason == "exit status 1: daemon"


async def test_without_setpriv_the_result_is_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pyvrrp.clients.processes.spawn._SETPRIV", ("/nowhere/setpriv",))
    result = await run_probe(
        shell("echo $(id -u) $(id -g) $(id -G) $(grep NoNewP /proc/$$/status); exit 1")
    )
    assert result.reason == "exit status 1: 65534 65534 65534 NoNewPrivs: 1"


async def test_the_daemon_keeps_its_privileges() -> None:
    own = Path("/proc/self/status").read_text()
    await run_probe(ExecProbeConfig(("/bin/true",)))
    after = Path("/proc/self/status").read_text()
    for key in ("NoNewPrivs", "CapEff", "CapAmb", "Uid", "Groups"):
        line = f"\n{key}:"
        assert own.split(line)[1].split("\n")[0] == after.split(line)[1].split("\n")[0]


async def test_an_unknown_user_gives_a_reason() -> None:
    result = await run_probe(shell("true", user="pyvrrp-nobody"))
    assert result == ProbeResult(passed=False, reason="there is no user pyvrrp-nobody")


@pytest.mark.parametrize(
    ("program", "reason"),
    [
        ("/nowhere/x", "refused: /nowhere: no such file or directory"),
        ("/etc/passwd", "refused: /etc/passwd is not executable (-rw-r--r--)"),
        ("/etc", "refused: /etc is not a regular file"),
    ],
)
async def test_a_path_that_is_not_a_program_is_refused(program: str, reason: str) -> None:
    assert await run_probe(ExecProbeConfig((program,))) == ProbeResult(passed=False, reason=reason)


async def test_before_each_run_a_program_that_others_can_write_is_refused(
    root_only: Path,
) -> None:
    program = script(root_only / "check")
    probe = ExecProbeConfig((str(program),))
    assert (await run_probe(probe)).passed
    program.chmod(0o757)
    assert (await run_probe(probe)).reason == (
        f"refused: {program} is writable by everybody (-rwxr-xrwx), who could replace the program"
    )
    program.chmod(0o755)
    root_only.chmod(0o777)
    assert (await run_probe(probe)).reason == (
        f"refused: {root_only} is writable by everybody (drwxrwxrwx), who could replace the program"
    )


async def test_a_file_that_the_kernel_cannot_run_gives_a_reason(root_only: Path) -> None:
    program = script(root_only / "check", "\x7fELF garbage")
    result = await run_probe(ExecProbeConfig((str(program),)))
    assert not result.passed
    # setpriv runs such a file with a shell, as shells do.
    assert result.reason.startswith("exit status 127: ")


async def test_a_program_that_its_user_must_not_run_gives_a_reason(root_only: Path) -> None:
    program = script(root_only / "check", mode=0o700)
    result = await run_probe(ExecProbeConfig((str(program),)))
    assert result.reason == f"cannot run {program}: failed to execute {program}: Permission denied"


@pytest.mark.kernel
async def test_a_program_runs_in_its_network_namespace() -> None:
    with namespace() as name:
        result = await run_probe(
            shell("ls /sys/class/net | wc -l; readlink /proc/self/ns/net; exit 1")
        )
        inside = Path(f"/run/netns/{name}").stat().st_ino
        line = f'test "$(readlink /proc/self/ns/net)" = "net:[{inside}]"'
        assert (await run_probe(shell(line, netns=name))).passed
        assert not (await run_probe(shell(line))).passed
        assert not result.passed


async def test_a_missing_network_namespace_gives_a_reason() -> None:
    result = await run_probe(shell("true", netns="pyvrrp-nowhere"))
    assert result.reason == "there is no network namespace pyvrrp-nowhere"


async def test_a_lost_exit_status_fails_the_check() -> None:
    before = signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    try:
        result = await run_probe(ExecProbeConfig(("/bin/true",)))
    finally:
        signal.signal(signal.SIGCHLD, before)
    assert not result.passed
    assert "SIGCHLD" in result.reason


async def test_spawning_as_root_does_not_fork_the_daemon() -> None:
    # In a thread, as the daemon does: the thread that calls it loses its privileges.
    calls: ThreadedCalls[str, ProgramRun] = ThreadedCalls()
    run = await calls.start("", partial(spawn, ExecProbeConfig(("/bin/true",)), "mark"))
    assert isinstance(run, ProgramRun)
    run.process.wait()
    os.close(run.descriptor)
    os.close(run.output)
    # `user` of Popen needs ten times as much time as setpriv.
    assert run.through_setpriv is (os.geteuid() == 0)
