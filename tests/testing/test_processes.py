import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from pyvrrp.testing.commands import run
from pyvrrp.testing.errors import BenchError
from pyvrrp.testing.processes import OutputLine, SpawnedProcess, descendants
from tests.support.patience import PATIENCE

PARENT_WITH_A_CHILD = """
import signal, subprocess, sys
child = subprocess.Popen([sys.executable, "-c", "import signal; signal.pause()"])
print(child.pid, flush=True)
signal.pause()
"""


def eventually(condition: Callable[[], object]) -> bool:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


def alive(pid: int) -> bool:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"


def test_lines_of_both_streams_are_heard_with_the_time_they_came() -> None:
    heard: list[OutputLine] = []
    before = time.time()
    program = "import sys; print('out'); print('err', file=sys.stderr)"
    process = SpawnedProcess([sys.executable, "-c", program], hear=heard.append)
    assert process.finish() == 0
    assert {(line.text, line.error) for line in heard} == {("out", False), ("err", True)}
    assert all(before <= line.time <= time.time() for line in heard)


def test_a_helper_ends_when_its_input_is_closed() -> None:
    process = SpawnedProcess([sys.executable, "-c", "import sys; print(sys.stdin.read())"])
    process.say("hello")
    assert process.finish() == 0
    assert process.output.startswith("hello")


def test_killing_a_process_kills_its_children_too() -> None:
    process = SpawnedProcess([sys.executable, "-c", PARENT_WITH_A_CHILD])
    assert eventually(lambda: process.lines)
    child = int(process.lines[0].text)
    assert descendants(process.pid) == [child]
    process.kill()
    assert not process.running
    assert eventually(lambda: not alive(child))


def test_killing_a_process_alone_leaves_its_child() -> None:
    process = SpawnedProcess([sys.executable, "-c", PARENT_WITH_A_CHILD])
    assert eventually(lambda: process.lines)
    child = int(process.lines[0].text)
    process.kill_alone()
    try:
        assert not process.running
        assert alive(child)
    finally:
        os.kill(child, signal.SIGKILL)


def test_a_process_that_ignores_sigterm_is_killed_in_the_end() -> None:
    program = "import signal; signal.signal(15, signal.SIG_IGN); print('ready', flush=True)\n"
    process = SpawnedProcess([sys.executable, "-c", program + "while True: signal.pause()"])
    assert eventually(lambda: process.lines)
    assert process.stop(patience=0.1) == -9


def test_stopping_a_process_that_has_ended_is_no_error() -> None:
    process = SpawnedProcess([sys.executable, "-c", ""])
    assert process.finish() == 0
    assert process.stop() == 0
    assert process.kill() == 0


def test_a_program_that_is_not_there_is_our_error() -> None:
    with pytest.raises(BenchError, match="no-such-program"):
        SpawnedProcess(["no-such-program"])
    with pytest.raises(BenchError, match="not installed"):
        run("no-such-program")


def test_a_command_that_fails_is_our_error_with_what_it_said() -> None:
    with pytest.raises(BenchError, match=r"exit status 3: too bad"):
        run(sys.executable, "-c", "import sys; print('too bad', file=sys.stderr); sys.exit(3)")


def test_a_command_that_hangs_is_our_error() -> None:
    with pytest.raises(BenchError, match="timed out"):
        run(sys.executable, "-c", "import signal; signal.pause()", deadline=0.2)
