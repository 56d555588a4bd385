import asyncio
import os
import re
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from threading import Event
from uuid import uuid4

import pytest

from pyvrrp.clients.processes.proc_table import look_at, read, running
from pyvrrp.clients.processes.spawn import Run, spawn
from pyvrrp.config.model.configuration import ExecProbeConfig
from pyvrrp.ports import ProbeResult
from pyvrrp.probes.runner import AsyncioProbes
from pyvrrp.units import Nanoseconds
from tests.probes.support import HASTY, PATIENT, look, look_with
from tests.probes.test_runner import descriptors, namespace
from tests.support.programs import script

LOADED = Nanoseconds(500_000_000)  # on a loaded machine, a program has begun after this
pytestmark = pytest.mark.asyncio


def shell(line: str, *, user: str = "", netns: str = "") -> ExecProbeConfig:
    command = ("/bin/sh", "-c", line)
    return ExecProbeConfig(command, user=user, check="web", node="n1", netns=netns)


def asleep(seconds: str) -> list[int]:
    """Return the processes that run `sleep SECONDS`."""
    return [
        pid
        for pid in running()
        if read(pid, "cmdline", 100) == f"sleep\0{seconds}\0".encode()
        and (process := look_at(pid)) is not None
        and not process.dead
    ]


def nap() -> str:
    """Return a time to sleep that tells this process from all others."""
    return f"3{uuid4().int % 10**9:09}"


def every_child() -> set[str]:
    while True:
        tasks = list(Path("/proc/self/task").iterdir())
        try:
            return {pid for task in tasks for pid in (task / "children").read_text().split()}
        except FileNotFoundError:
            continue  # a thread has just ended, and its children are another thread's now


# Not of these tests: what multiprocessing keeps for other tests of the same process.
OTHERS: set[str] = set()


@pytest.fixture(autouse=True)
def others() -> Iterator[None]:
    OTHERS.update(every_child())
    yield
    OTHERS.clear()


def children() -> list[str]:
    return sorted(every_child() - OTHERS)


async def eventually_nobody(seconds: str) -> None:
    for _ in range(200):
        if not asleep(seconds):
            return
        await asyncio.sleep(0.02)
    pytest.fail("a process of the check is still alive")


async def test_status_0_passes() -> None:
    result = await look(ExecProbeConfig(("/bin/true",)))
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
        (r"printf '\033[31mred\377\n'; exit 1", "exit status 1: ?[31mred\ufffd"),
        ("read line || exit 9", "exit status 9"),  # there is no input to wait for
    ],
)
async def test_any_other_end_fails_with_the_first_line_said(line: str, reason: str) -> None:
    assert await look(shell(line)) == ProbeResult(passed=False, reason=reason)


async def test_a_long_line_is_cut() -> None:
    result = await look(shell("head -c 100000 /dev/zero | tr '\\0' x; exit 1"))
    assert result.reason == f"exit status 1: {'x' * 160}..."


async def test_output_without_end_is_not_read_without_end() -> None:
    assert await look(shell("exec yes")) == ProbeResult(
        passed=False, reason="more than 1 MiB of output"
    )


async def test_output_below_the_bound_is_no_matter() -> None:
    assert (await look(shell("head -c 1000000 /dev/zero"))).passed


async def test_a_program_that_closes_its_output_is_waited_for_all_the_same() -> None:
    result = await look(shell("exec >&- 2>&-; sleep 0.1; exit 5"))
    assert result.reason == "exit status 5"


async def test_a_program_that_takes_too_long_is_killed() -> None:
    seconds = nap()
    result = await look(shell(f"trap '' TERM; exec sleep {seconds}"), LOADED)
    assert result == ProbeResult(passed=False, reason="killed after 500 ms")
    await eventually_nobody(seconds)


@pytest.mark.parametrize(
    "line",
    [
        "sleep {} & sleep {}",
        "(sleep {} &); sleep {}",  # nobody's child any more, but of the group
        "setsid sleep {} & sleep {}",
        "setsid sh -c 'sleep {} & sleep {}' & wait",
        "(setsid sh -c '(setsid sleep {} &) ; sleep {}' &); wait; sleep 30",
        "set -m; env -i sleep {} & wait",  # a group of its own, and no mark: the session tells
    ],
)
async def test_all_its_children_die_with_it(line: str) -> None:
    seconds = nap()
    result = await look(shell(line.replace("{}", seconds)), LOADED)
    assert result.reason == "killed after 500 ms"
    await eventually_nobody(seconds)


async def test_what_a_program_leaves_in_its_group_goes_when_it_ends() -> None:
    seconds = nap()
    assert (await look(shell(f"sleep {seconds} &"))).passed
    await eventually_nobody(seconds)


async def test_somebody_elses_process_with_the_same_look_is_left_alone() -> None:
    seconds = nap()
    other = await asyncio.create_subprocess_exec("sleep", seconds)
    try:
        await look(shell(f"sleep {seconds}"), HASTY)
        assert asleep(seconds) == [other.pid]
    finally:
        other.kill()
        await other.wait()


async def test_calling_off_kills_and_says_nothing() -> None:
    seconds = nap()
    probes = AsyncioProbes()
    results: list[ProbeResult] = []
    handle = probes.start(shell(f"sleep {seconds}"), PATIENT, results.append)
    for _ in range(200):
        if asleep(seconds):
            break
        await asyncio.sleep(0.02)
    handle.cancel()
    await probes.close()
    assert (results, asleep(seconds)) == ([], [])


async def test_calling_off_while_the_program_is_being_started_leaves_nothing() -> None:
    seconds = nap()
    probes = AsyncioProbes()
    before = descriptors()
    for _ in range(5):
        handle = probes.start(shell(f"sleep {seconds}"), PATIENT, lambda _: None)
        await asyncio.sleep(0)
        handle.cancel()
    await probes.close()
    assert (asleep(seconds), children()) == ([], [])
    assert descriptors() <= before


async def test_200_runs_leave_no_zombie_and_no_descriptor() -> None:
    probes = AsyncioProbes()
    kinds = [
        (ExecProbeConfig(("/bin/true",)), PATIENT),
        (shell("echo x; exit 1"), PATIENT),
        (shell("setsid sleep 30 & sleep 30"), Nanoseconds(50_000_000)),
        (ExecProbeConfig(("/nowhere/x",)), PATIENT),
    ]
    for kind in kinds:
        await look_with(probes, *kind)
    await probes.close()
    before = descriptors()
    for _ in range(10):
        await asyncio.gather(*(look_with(probes, *kind) for kind in kinds * 5))
    await probes.close()
    assert descriptors() <= before
    assert children() == []


async def test_a_run_waits_for_the_one_before_it_to_be_dead() -> None:
    probes = AsyncioProbes()
    slow = shell("sleep 30")
    first = await look_with(probes, slow, LOADED)
    second = await look_with(probes, slow, LOADED)
    await probes.close()
    assert (first.reason, second.reason) == ("killed after 500 ms", "killed after 500 ms")
    assert children() == []


async def test_what_cannot_be_killed_is_never_joined_by_another(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    gone = Event()
    monkeypatch.setattr("pyvrrp.probes.exec.kill_stragglers", lambda *_: gone.wait(30))
    probes = AsyncioProbes()
    slow = shell("sleep 30")
    try:
        await look_with(probes, slow, Nanoseconds(50_000_000))
        second = await look_with(probes, slow, HASTY)
        other = await look_with(probes, shell("exit 0"))
    finally:
        gone.set()
    third = await look_with(probes, slow, LOADED)
    await probes.close()
    assert second.reason == "timed out after 300 ms while the run before could not be killed"
    assert other.passed
    assert third.reason == "killed after 500 ms"
    assert children() == []


@pytest.mark.kernel
async def test_a_daemon_with_capabilities_alone_passes_none_on() -> None:
    # CAP_DAC_READ_SEARCH, for a Python that nobody else may read.
    capabilities = "+net_admin,+net_raw,+dac_read_search"
    program = (
        "import asyncio\n"
        "from tests.probes.support import look\n"
        "from tests.probes.test_exec import shell\n"
        "line = \"echo $(id -u) $(grep -E 'NoNew|Cap[PEA]' /proc/$$/status); exit 1\"\n"
        "print(asyncio.run(look(shell(line))).reason)\n"
        "print(asyncio.run(look(shell('exit 0', user='nobody'))).passed)\n"
        "print(asyncio.run(look(shell('exit 0', user='daemon'))).reason)\n"
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


async def test_it_knows_for_what_it_runs_and_nothing_else(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SECRET", "hunter2")
    result = await look(shell("env | sort | tr '\\n' ' '; exit 1"))
    assert re.fullmatch(
        r"exit status 1: HOME=/ LANG=C\.UTF-8 PATH=/usr/local/sbin:\S+ "
        r"(PWD=/ )?PYVRRP_CHECK=web PYVRRP_NETNS= PYVRRP_NODE=n1 PYVRRP_R.*",
        result.reason,
    )


async def test_it_has_no_files_of_the_daemon_and_a_session_of_its_own() -> None:
    with Path("/dev/null").open() as file:
        os.set_inheritable(file.fileno(), True)
        result = await look(
            shell(
                f"test -e /proc/$$/fd/{file.fileno()} && exit 2; "
                "echo $(pwd) $(umask) $(cut -d' ' -f6 /proc/$$/stat) = $$; exit 1"
            )
        )
    match = re.fullmatch(r"exit status 1: / 0077 (\d+) = (\d+)", result.reason)
    assert match is not None, result.reason
    assert match[1] == match[2] != str(os.getsid(0))


async def test_root_lets_nobody_run_it_without_groups_and_powers() -> None:
    result = await look(
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
async def test_a_user_brings_his_own_group() -> None:
    result = await look(shell("id -un; exit 1", user="daemon"))
    assert result.reason == "exit status 1: daemon"
    group = await look(shell("id -gn; exit 1", user="daemon"))
    assert group.reason == "exit status 1: daemon"


async def test_without_setpriv_it_is_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pyvrrp.clients.processes.spawn._SETPRIV", ("/nowhere/setpriv",))
    result = await look(
        shell("echo $(id -u) $(id -g) $(id -G) $(grep NoNewP /proc/$$/status); exit 1")
    )
    assert result.reason == "exit status 1: 65534 65534 65534 NoNewPrivs: 1"


async def test_the_daemon_itself_keeps_its_powers() -> None:
    own = Path("/proc/self/status").read_text()
    await look(ExecProbeConfig(("/bin/true",)))
    after = Path("/proc/self/status").read_text()
    for key in ("NoNewPrivs", "CapEff", "CapAmb", "Uid", "Groups"):
        line = f"\n{key}:"
        assert own.split(line)[1].split("\n")[0] == after.split(line)[1].split("\n")[0]


async def test_a_user_that_is_not_there_is_a_reason() -> None:
    result = await look(shell("true", user="pyvrrp-nobody"))
    assert result == ProbeResult(passed=False, reason="there is no user pyvrrp-nobody")


@pytest.mark.parametrize(
    ("program", "reason"),
    [
        ("/nowhere/x", "refused: /nowhere: no such file or directory"),
        ("/etc/passwd", "refused: /etc/passwd is not executable (-rw-r--r--)"),
        ("/etc", "refused: /etc is not a regular file"),
    ],
)
async def test_what_is_no_program_is_refused(program: str, reason: str) -> None:
    assert await look(ExecProbeConfig((program,))) == ProbeResult(passed=False, reason=reason)


async def test_a_program_that_others_may_write_to_is_refused_before_each_run(
    root_only: Path,
) -> None:
    program = script(root_only / "check")
    probe = ExecProbeConfig((str(program),))
    assert (await look(probe)).passed
    program.chmod(0o757)
    assert (await look(probe)).reason == (
        f"refused: {program} is writable by everybody (-rwxr-xrwx), who could replace the program"
    )
    program.chmod(0o755)
    root_only.chmod(0o777)
    assert (await look(probe)).reason == (
        f"refused: {root_only} is writable by everybody (drwxrwxrwx), who could replace the program"
    )


async def test_a_program_of_the_wrong_kind_says_so(root_only: Path) -> None:
    program = script(root_only / "check", "\x7fELF garbage")
    result = await look(ExecProbeConfig((str(program),)))
    assert not result.passed
    # setpriv gives such a file to a shell, as shells do.
    assert result.reason.startswith("exit status 127: ")


async def test_a_program_that_its_user_may_not_run_says_so(root_only: Path) -> None:
    program = script(root_only / "check", mode=0o700)
    result = await look(ExecProbeConfig((str(program),)))
    assert result.reason == f"cannot run {program}: failed to execute {program}: Permission denied"


@pytest.mark.kernel
async def test_it_runs_inside_its_network_namespace() -> None:
    with namespace() as name:
        result = await look(shell("ls /sys/class/net | wc -l; readlink /proc/self/ns/net; exit 1"))
        inside = Path(f"/run/netns/{name}").stat().st_ino
        line = f'test "$(readlink /proc/self/ns/net)" = "net:[{inside}]"'
        assert (await look(shell(line, netns=name))).passed
        assert not (await look(shell(line))).passed
        assert not result.passed


async def test_a_network_namespace_that_is_not_there_is_a_reason() -> None:
    result = await look(shell("true", netns="pyvrrp-nowhere"))
    assert result.reason == "there is no network namespace pyvrrp-nowhere"


async def test_an_exit_status_that_is_lost_is_a_failure() -> None:
    before = signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    try:
        result = await look(ExecProbeConfig(("/bin/true",)))
    finally:
        signal.signal(signal.SIGCHLD, before)
    assert not result.passed
    assert "SIGCHLD" in result.reason


async def test_spawning_as_root_does_not_fork_the_daemon() -> None:
    run = spawn(ExecProbeConfig(("/bin/true",)), "mark")
    assert isinstance(run, Run)
    run.process.wait()
    os.close(run.descriptor)
    os.close(run.output)
    # Popen's own `user` costs ten times as long as setpriv.
    assert run.through_setpriv is (os.geteuid() == 0)
