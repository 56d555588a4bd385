"""Processor time and memory of other processes."""

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

from pyvrrp.testing.errors import BenchError
from pyvrrp.testing.measure.process_cost import (
    memory,
    processes_in,
    processor_times,
    used_between,
)
from pyvrrp.testing.segment import Network

# Says so when it has used 0.2 s of processor time, half of it in a thread that has ended then.
BURNS = """
import sys, threading, time
def burn(until):
    while time.process_time() < until:
        pass
print("ready", flush=True)
sys.stdin.readline()
thread = threading.Thread(target=burn, args=(0.1 + time.process_time(),))
thread.start()
thread.join()
burn(0.1 + time.process_time())
print("burnt", flush=True)
sys.stdin.readline()
"""


@pytest.fixture
def burner() -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [sys.executable, "-c", BURNS], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        yield process
        process.kill()


def answer(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def go_on(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    process.stdin.write("\n")
    process.stdin.flush()


def test_the_time_of_a_process_counts_threads_that_have_ended(
    burner: subprocess.Popen[str],
) -> None:
    assert answer(burner) == "ready"
    before = processor_times([burner.pid])
    go_on(burner)
    assert answer(burner) == "burnt"
    used = used_between(before, processor_times([burner.pid]))
    assert 200_000_000 <= used < 300_000_000


def test_a_new_process_counts_from_its_start() -> None:
    assert used_between({1: 100}, {1: 150, 2: 30}) == 80


def test_a_process_that_has_ended_leaves_no_number() -> None:
    with pytest.raises(BenchError, match=r"ended while they were measured: \[2\]"):
        used_between({1: 100, 2: 30}, {1: 150})


def test_the_time_of_a_process_that_is_gone_is_left_out(burner: subprocess.Popen[str]) -> None:
    burner.kill()
    burner.wait()
    assert processor_times([burner.pid]) == {}


def test_memory_is_the_sum_over_the_processes(burner: subprocess.Popen[str]) -> None:
    assert answer(burner) == "ready"
    one = memory([burner.pid])
    assert 1_000_000 < one < 100_000_000
    assert memory([burner.pid, os.getpid()]) > one


def test_memory_of_a_process_that_is_gone_is_refused(burner: subprocess.Popen[str]) -> None:
    burner.kill()
    burner.wait()
    with pytest.raises(BenchError, match=f"memory of process {burner.pid}"):
        memory([burner.pid])


@pytest.mark.kernel
def test_all_processes_in_a_namespace_are_found() -> None:
    with Network() as network:
        host = network.host("r1")
        process = host.spawn("sh", "-c", "sleep 1000 & echo $!; wait")
        while not process.lines:
            assert process.running
        assert processes_in(host.namespace) == [process.pid, int(process.lines[0].text)]
