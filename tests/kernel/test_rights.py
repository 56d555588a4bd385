"""What a daemon that was started as root may still do, and what its children have of it."""

import os
import sys
from pathlib import Path

import pytest

from pyvrrp.net.process.capabilities import mask_of
from tests.kernel.daemons import Bench, Daemon, eventually

pytestmark = pytest.mark.kernel

BASE = mask_of(["CAP_NET_ADMIN", "CAP_NET_RAW"])
OTHER_USERS = ["CAP_SETUID", "CAP_SETGID", "CAP_KILL"]
EXEC = """checks = ["mine"]
[check.mine]
exec = ["/usr/bin/sleep", "0.3"]
interval = "1s"
"""
RESOURCE = """resources = ["job"]
i_accept_split_brain = true
[resource.job]
start = ["/bin/true"]
stop = ["/bin/true"]
monitor = ["/bin/true"]
"""


def kernel_says(pid: int | str) -> dict[str, str]:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return {key: value.strip() for key, _, value in (line.partition(":") for line in lines)}


def rights(pid: int) -> tuple[set[int], str]:
    shown = kernel_says(pid)
    masks = {int(shown[key], 16) for key in ("CapEff", "CapPrm", "CapBnd")}
    return masks, shown["NoNewPrivs"]


def child_called(name: str, daemon: Daemon) -> int:
    for child in Path(f"/proc/{daemon.pid}/task/{daemon.pid}/children").read_text().split():
        if kernel_says(child)["Name"] == name:
            return int(child)
    return 0


def is_master(daemon: Daemon) -> bool:
    return daemon.status()["state"] == "MASTER" and daemon.holds()


def test_root_keeps_what_the_configuration_needs_and_so_does_the_guardian(bench: Bench) -> None:
    daemon = bench.start(bench.host("r1", 1), 200)
    eventually("it is master", lambda: is_master(daemon))
    assert rights(daemon.pid) == ({BASE}, "1")
    guardian = child_called("pyvrrp-guard", daemon)
    eventually("the guardian has given up the same", lambda: rights(guardian) == ({BASE}, "1"))
    daemon.process.kill()
    eventually("the guardian removes the address", lambda: not daemon.holds())


def test_a_program_of_another_user_runs_is_ended_and_inherits_nothing(bench: Bench) -> None:
    top = "realtime_priority = 5\nlock_memory = true"
    daemon = bench.start(bench.host("r1", 1), 200, EXEC, top)
    eventually("its check passes", lambda: is_master(daemon))
    (kept,), ban = rights(daemon.pid)
    assert ban == "1"
    assert kept & mask_of(OTHER_USERS) == mask_of(OTHER_USERS)
    assert not kept & mask_of(["CAP_SYS_ADMIN", "CAP_SETPCAP", "CAP_CHOWN"])
    assert os.sched_getscheduler(daemon.pid) == os.SCHED_RR | os.SCHED_RESET_ON_FORK
    threads = [int(one.name) for one in Path(f"/proc/{daemon.pid}/task").iterdir()]
    assert kernel_says(daemon.pid)["VmLck"] != "0 kB"
    in_real_time = [one for one in threads if os.sched_getscheduler(one) & os.SCHED_RR]
    assert len(in_real_time) == 2  # the event loop and the thread of the kernel requests
    program: list[int] = []

    def runs() -> bool:
        program[:] = [
            int(one)
            for thread in Path(f"/proc/{daemon.pid}/task").iterdir()
            for one in (thread / "children").read_text().split()
            if kernel_says(one)["Name"] == "sleep"
        ]
        return bool(program)

    eventually("the program runs", runs)
    shown = kernel_says(program[0])
    assert int(shown["CapEff"], 16) == int(shown["CapPrm"], 16) == 0
    assert shown["NoNewPrivs"] == "1"
    assert shown["VmLck"] == "0 kB"
    assert os.sched_getscheduler(program[0]) == os.SCHED_OTHER
    assert os.sched_getscheduler(child_called("pyvrrp-guard", daemon)) == os.SCHED_OTHER


def test_resources_keep_all_rights_of_root(bench: Bench) -> None:
    daemon = bench.start(bench.host("r1", 1), 200, RESOURCE, "nice = -5")
    own = int(kernel_says("self")["CapEff"], 16)
    masks, ban = rights(daemon.pid)
    assert own in masks
    assert ban == "0"
    assert os.getpriority(os.PRIO_PROCESS, daemon.pid) == -5
    guardian = child_called("pyvrrp-guard", daemon)
    assert own in rights(guardian)[0]
    assert os.getpriority(os.PRIO_PROCESS, guardian) == 0


def test_what_is_missing_is_said_before_anything_starts(bench: Bench) -> None:
    host = bench.host("r1", 1)
    config = bench.directory / "poor.toml"
    config.write_text(
        'node = "r1"\nlock_memory = true\n[[virtual_router]]\nname = "web"\n'
        'interface = "eth0"\nvrid = 51\naddresses = ["192.0.2.100/24"]\n'
    )
    words = ("run", "-c", str(config))
    process = host.spawn(
        *("prlimit", "--memlock=65536:65536", "setpriv", "--bounding-set", "-ipc_lock"),
        *(sys.executable, "-m", "pyvrrp", *words),
    )
    eventually("it has ended", lambda: not process.running)
    said = " ".join(line.text for line in list(process.lines))
    assert "cannot lock memory (lock_memory = true): CAP_IPC_LOCK is missing" in said
