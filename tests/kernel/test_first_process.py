"""PID 1 of a container: orphans are reaped, signals arrive, and the guardian may finish."""

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

pytestmark = pytest.mark.kernel

PATIENCE = 20.0


@contextmanager
def as_first(program: str) -> Iterator[subprocess.Popen[str]]:
    """Run *program* after `stand_aside` as PID 1 of a new PID namespace."""
    begin = "from pyvrrp.net.system.first_process import stand_aside\nstand_aside()\n"
    command = ["unshare", "--pid", "--fork", "--mount-proc", "--kill-child"]
    process = subprocess.Popen(
        [*command, sys.executable, "-c", f"import os, signal, sys, time\n{begin}{program}"],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def first_of(process: subprocess.Popen[str]) -> int:
    """Return the number of PID 1, as it is outside."""
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text(encoding="ascii")
    return int(children)


def line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def test_the_program_is_a_child_of_pid_1_and_its_exit_status_is_that_of_pid_1() -> None:
    with as_first("print(os.getpid(), os.getppid(), flush=True)\nsys.exit(3)") as process:
        assert line(process) == "2 1"
        assert process.wait(PATIENCE) == 3


def test_a_killed_program_gives_the_status_that_a_shell_gives() -> None:
    with as_first("os.kill(os.getpid(), signal.SIGKILL)") as process:
        assert process.wait(PATIENCE) == 128 + signal.SIGKILL


def test_orphans_are_reaped_and_children_are_left_to_the_program() -> None:
    program = """
child = os.fork()
if child == 0:
    for _ in range(20):
        if os.fork() == 0:
            time.sleep(0.05)
            os._exit(0)
    os._exit(7)
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
while sum(entry.isdecimal() for entry in os.listdir("/proc")) > 2:
    time.sleep(0.01)
print("no more", flush=True)
"""
    with as_first(program) as process:
        assert line(process) == "7"
        assert line(process) == "no more"
        assert process.wait(PATIENCE) == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1])
def test_signals_are_forwarded_once(number: signal.Signals) -> None:
    program = f"""
signal.pthread_sigmask(signal.SIG_BLOCK, [{int(number)}])
print("ready", flush=True)
signal.sigwait([{int(number)}])
print(signal.sigtimedwait([{int(number)}], 0.2), flush=True)
"""
    with as_first(program) as process:
        assert line(process) == "ready"
        Path("/proc").joinpath(str(first_of(process))).stat()
        subprocess.run(["kill", f"-{int(number)}", str(first_of(process))], check=True)
        assert line(process) == "None"
        assert process.wait(PATIENCE) == 0


def test_the_guardian_of_a_dead_daemon_may_finish() -> None:
    program = """
from pyvrrp.net.system.libc import name_process
reading, writing = os.pipe()
if os.fork() == 0:
    name_process("pyvrrp-guard")
    os.write(writing, b"x")
    time.sleep(0.5)
    print("removed", flush=True)
    os._exit(0)
os.read(reading, 1)
os.kill(os.getpid(), signal.SIGKILL)
"""
    with as_first(program) as process:
        assert line(process) == "removed"
        assert process.wait(PATIENCE) == 128 + signal.SIGKILL


def test_orphans_that_stay_do_not_keep_pid_1() -> None:
    program = """
if os.fork() == 0:
    time.sleep(600)
    os._exit(0)
"""
    began = time.monotonic()
    with as_first(program) as process:
        assert process.wait(PATIENCE) == 0
    assert time.monotonic() - began < PATIENCE
