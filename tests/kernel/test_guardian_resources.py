"""The guardian stops what a dead or silent daemon ran."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.kernel.test_guardian import gone, soon

pytestmark = [pytest.mark.kernel]

DAEMON = """
from pyvrrp.net.guardian.parent import GuardianProcess
guardian = GuardianProcess.fork()
import sys, time
from pyvrrp.net.guardian.records import StopRecord
from pyvrrp.net.guardian.port import GuardianPort
place, watchdog = sys.argv[1:]
guardian.lock = f"{place}/lock"
port = GuardianPort(guardian)
port.acting()
def record(name, watchdog):
    alarm = (f"{place}/alarm", name) if name != "db" else ()
    stop, environment = (f"{place}/stop", name), [("PYVRRP_REASON", "test")]
    return StopRecord("web", name, stop, environment, "", 1.0, alarm, float(watchdog))
for line in sys.stdin:
    match line.split():
        case ["register", name]: guardian.register(record(name, watchdog))
        case ["withdraw", name]: guardian.withdraw("web", name)
        case ["command", mark]: guardian.command_begins(mark)
        case ["ended", mark]: guardian.command_ended(mark)
        case ["beat"]: port.acting()
        case ["acting"]: print(port.acting())
        case ["interventions"]: print(port.interventions())
        case ["close"]: guardian.close()
    print("done", guardian.pid, flush=True)
"""


class Daemon:
    def __init__(self, place: Path, process: "subprocess.Popen[str]") -> None:
        self.place = place
        self.process = process
        self.guardian = 0

    def do(self, *commands: str) -> list[str]:
        answers = []
        for command in commands:
            assert self.process.stdin is not None
            assert self.process.stdout is not None
            self.process.stdin.write(f"{command}\n")
            self.process.stdin.flush()
            while not (line := self.process.stdout.readline().strip()).startswith("done"):
                assert line or self.process.poll() is None
                answers.append(line)
            self.guardian = int(line.split()[1])
        return answers

    def log(self) -> list[str]:
        file = self.place / "log"
        return file.read_text().splitlines() if file.exists() else []

    def script(self, name: str, text: str) -> None:
        file = self.place / name
        file.write_text(f"#!/bin/sh\n{text}\n")
        file.chmod(0o755)


@contextmanager
def begun(place: Path, watchdog: float) -> Iterator[Daemon]:
    process = subprocess.Popen(
        (sys.executable, "-c", DAEMON, str(place), str(watchdog)),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    daemon = Daemon(place, process)
    try:
        yield daemon
    finally:
        process.kill()
        process.wait()
        for stream in (process.stdin, process.stdout):
            assert stream is not None
            stream.close()


@pytest.fixture
def daemon(root_only: Path) -> Iterator[Daemon]:
    with begun(root_only, 0) as it:
        it.script("stop", f'echo "$1 $PYVRRP_ACTION $PYVRRP_REASON" >> {root_only}/log')
        it.script("alarm", f'echo "alarm $1" >> {root_only}/log')
        yield it


def test_when_the_daemon_is_killed_everything_is_stopped_in_reverse(daemon: Daemon) -> None:
    daemon.do("register disk", "register db", "register web", "withdraw web")
    daemon.process.kill()
    assert soon(lambda: gone(daemon.guardian))
    assert daemon.log() == ["db stop test", "disk stop test"]


def test_nothing_is_stopped_twice_when_the_daemon_has_stopped_all_itself(daemon: Daemon) -> None:
    daemon.do("register disk", "withdraw disk", "close")
    assert soon(lambda: gone(daemon.guardian))
    assert daemon.log() == []


def test_a_command_that_was_under_way_is_killed_before_the_first_stop(daemon: Daemon) -> None:
    start = subprocess.Popen(("sleep", "1000"), env={"PYVRRP_RUN": "abc"})
    before = subprocess.Popen(("sleep", "1000"), env={"PYVRRP_RUN": "xyz"})
    try:
        daemon.do("register db", "command abc", "command xyz", "ended xyz")
        log = daemon.place / "log"
        state = f"$(cut -d' ' -f3 /proc/{start.pid}/stat 2>/dev/null)"
        daemon.script("stop", f"[ {state}. = S. ] && echo alive >> {log}; echo stop >> {log}")
        daemon.process.kill()
        assert start.wait(5) == -signal.SIGKILL
        assert soon(lambda: gone(daemon.guardian))
        assert daemon.log() == ["stop"]
        assert before.poll() is None
    finally:
        for process in (start, before):
            process.kill()
            process.wait()


def test_a_stop_that_fails_is_tried_three_times_then_the_alarm_is_raised(daemon: Daemon) -> None:
    daemon.script("stop", f"echo $1 >> {daemon.place}/log; [ $1 != disk ]")
    daemon.do("register base", "register disk", "register db")
    daemon.process.kill()
    assert soon(lambda: gone(daemon.guardian))
    # What stands below the disk stays: nothing is taken away from under what may run.
    assert daemon.log() == ["db", "disk", "disk", "disk", "alarm disk"]


def test_a_stop_that_hangs_is_killed_at_its_timeout(daemon: Daemon) -> None:
    daemon.script(
        "stop", f"echo $1 $$ >> {daemon.place}/log; trap '' TERM; while :; do sleep 1; done"
    )
    daemon.do("register db")
    daemon.process.kill()
    assert soon(lambda: gone(daemon.guardian), 20)
    pids = [int(line.split()[1]) for line in daemon.log()]
    assert len(pids) == 3
    assert all(gone(pid) for pid in pids)


def test_the_next_daemon_waits_while_the_last_ones_guardian_is_at_work(daemon: Daemon) -> None:
    daemon.script("stop", "sleep 1")
    daemon.do("command abc", "register db")
    daemon.process.kill()
    with begun(daemon.place, 0) as following:
        assert following.do("acting") == ["True"]
        assert soon(lambda: following.do("acting") == ["False"])
        assert soon(lambda: gone(daemon.guardian))
        assert not (daemon.place / "lock").exists()


def test_a_daemon_that_goes_on_giving_signs_of_life_is_left_alone(root_only: Path) -> None:
    with begun(root_only, 0.6) as d:
        d.script("stop", f"echo $1 >> {root_only}/log")
        d.do("beat", "register db")
        for _ in range(15):
            time.sleep(0.1)
            d.do("beat")
        assert d.log() == []
        assert d.do("interventions") == ["0"]


def test_a_daemon_that_is_stopped_has_its_resources_stopped_and_learns_of_it(
    root_only: Path,
) -> None:
    with begun(root_only, 0.6) as d:
        d.script("stop", f"echo $1 >> {root_only}/log")
        d.do("beat", "register disk", "register db")
        os.kill(d.process.pid, signal.SIGSTOP)
        assert soon(lambda: d.log() == ["db", "disk"])
        os.kill(d.process.pid, signal.SIGCONT)
        assert soon(lambda: d.do("acting") == ["False"])
        assert d.do("interventions") == ["1"]
        d.do("close")
        assert soon(lambda: gone(d.guardian))
        assert d.log() == ["db", "disk"]


def test_a_large_environment_reaches_the_guardian_whole(root_only: Path) -> None:
    script = DAEMON.replace('[("PYVRRP_REASON", "test")]', '[("PYVRRP_REASON", "x" * 100_000)]')
    with begun(root_only, 0) as d:
        d.process.kill()
    process = subprocess.Popen(
        (sys.executable, "-c", script, str(root_only), "0"),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    d = Daemon(root_only, process)
    d.script("stop", f'echo "$1 ${{#PYVRRP_REASON}}" >> {root_only}/log')
    try:
        d.do("register db")
        time.sleep(0.1)
        d.do("register disk", "beat", "register disk")
        time.sleep(0.1)
        d.do("command a")
    finally:
        process.kill()
        process.wait()
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.close()
        process.stdout.close()
    assert soon(lambda: gone(d.guardian))
    assert d.log() == ["disk 100000", "db 100000"]
