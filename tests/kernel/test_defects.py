"""A defect in a running daemon: in the election it is a death, elsewhere the daemon goes on."""

import json
import os
import signal
import socket
import sys
from pathlib import Path

import pytest

from tests.kernel.daemons import Bench, Daemon, eventually, pyvrrp

pytestmark = pytest.mark.kernel

# The daemon, changed in memory. The defects show themselves once a file has been written.
PROGRAM = """
import sys
from pathlib import Path
from pyvrrp.net.guardian.parent import GuardianProcess
guardian = GuardianProcess.fork()
from pyvrrp.cli import main
from pyvrrp.daemon import logs, signals, snapshot
from pyvrrp.net.system.kernel_thread import KernelThread
from pyvrrp.runtime.addresses import lease_renewals
from pyvrrp.runtime.router.router import Router
order = Path(sys.argv[-1])
def deep(n): return deep(n + 1)
def breaks(owner, name, fail):
    sound = getattr(owner, name)
    def changed(*args, **kwargs):
        if order.exists():
            fail()
        return sound(*args, **kwargs)
    setattr(owner, name, changed)
def defect(): raise RuntimeError("a defect")
def memory(): raise MemoryError("a defect")
def leave(): raise SystemExit("a defect")
{breaks}
main._fork_guardian = lambda: guardian
sys.exit(main.main(sys.argv[1:-1]))
"""
IN_THE_ELECTION = {
    "a timer": 'breaks(Router, "take", defect)',
    "no memory": 'breaks(Router, "take", memory)',
    "an endless recursion": 'breaks(Router, "take", lambda: deep(0))',
    "the end of the interpreter": 'breaks(Router, "take", leave)',
    "an answer of the kernel": 'breaks(lease_renewals._Namespace, "_answered", defect)',
    "the thread for the kernel": 'breaks(KernelThread, "_report", memory)',
}
AROUND_IT = """
breaks(snapshot.Snapshots, "take", defect)
breaks(signals.SignalReports, "write_counters", defect)
logs._FORMATS = {form: (lambda sound: lambda at, event: defect() if event.name == "status"
    and order.exists() else sound(at, event))(sound) for form, sound in logs._FORMATS.items()}
"""


def start_with(bench: Bench, breaks: str, order: Path) -> tuple[Daemon, Daemon]:
    """Return a master that has defects, and its standby."""
    low = bench.start(bench.host("r2", 2), 100, interval="1s")
    host = bench.host("r1", 1)
    config, control = bench.directory / "r1.toml", bench.directory / "r1.sock"
    config.write_text(low.config.read_text().replace("r2", "r1").replace("= 100", "= 200"))
    program = PROGRAM.replace("{breaks}", breaks)
    words = ("run", "-c", str(config), "--log-format", "json", str(order))
    process = host.spawn(sys.executable, "-c", program, *words)
    high = Daemon(host, process, control, config)
    eventually("r1 holds the address", high.holds)
    eventually("r2 does not", lambda: not low.holds())
    heard = low.counter("advertisement_rcvd")
    eventually("it may be handed over", lambda: low.counter("advertisement_rcvd") > heard + 1)
    return high, low


def ask(control: Path, command: str) -> dict[str, object]:
    with socket.socket(socket.AF_UNIX) as peer:
        peer.settimeout(10)
        peer.connect(str(control))
        peer.sendall(json.dumps({"command": command}).encode() + b"\n")
        answer = json.loads(peer.makefile().readline())
    assert isinstance(answer, dict)
    return answer


def has_died_and_was_handed_over(high: Daemon, low: Daemon) -> None:
    eventually("it has ended", lambda: not high.process.running)
    eventually("r2 holds the address", low.holds)
    eventually("r1 does not", lambda: not high.holds())
    released = "192.0.2.1 released the addresses"
    eventually("r2 says why", lambda: low.events("transition")[-1]["reason"] == released)
    assert high.process.finish() == 70
    (told,) = high.events("internal_error")
    assert told["fatal"] is True
    assert told["level"] == "error"
    assert "this process ends" in str(told["text"])
    assert "Traceback" in str(told["traceback"])
    assert len(str(told["traceback"])) <= 4096
    assert any(line.error and "Traceback" in line.text for line in high.process.lines)


@pytest.mark.parametrize("what", IN_THE_ELECTION)
def test_an_error_in_the_election_ends_the_daemon_and_its_guardian_hands_over(
    bench: Bench, what: str
) -> None:
    order = bench.directory / "order"
    high, low = start_with(bench, IN_THE_ELECTION[what], order)
    order.touch()
    has_died_and_was_handed_over(high, low)


def test_an_order_that_fails_half_way_is_an_error_in_the_election(bench: Bench) -> None:
    order = bench.directory / "order"
    high, low = start_with(bench, 'breaks(Router, "resign_alone", defect)', order)
    order.touch()
    pyvrrp("resign", "web", "--socket", str(high.socket))
    has_died_and_was_handed_over(high, low)


def test_an_error_while_it_stops_is_a_death_too(bench: Bench) -> None:
    order = bench.directory / "order"
    high, low = start_with(bench, 'breaks(Router, "stop", defect)', order)
    order.touch()
    os.kill(high.pid, signal.SIGTERM)
    has_died_and_was_handed_over(high, low)


def test_errors_around_the_election_are_counted_and_the_daemon_goes_on(bench: Bench) -> None:
    order = bench.directory / "order"
    high, low = start_with(bench, AROUND_IT, order)
    order.touch()
    for _ in range(100):
        assert ask(high.socket, "status") == {
            "error": "internal error: RuntimeError('a defect')",
            "kind": "refused",
        }
    sent = low.counter("advertisement_rcvd")
    os.kill(high.pid, signal.SIGUSR1)  # its lines cannot be written
    os.kill(high.pid, signal.SIGUSR2)
    eventually("it says so", lambda: bool(high.events("log_lines_lost")))
    eventually("it still advertises", lambda: low.counter("advertisement_rcvd") > sent + 1)
    order.unlink()
    eventually("both are counted", lambda: ask(high.socket, "status")["internal_errors"] == 101)
    assert high.holds()
    assert len(high.events("internal_error")) == 1
    assert high.events("internal_error")[0]["fatal"] is False
    high.process.signal(signal.SIGTERM)
    assert high.process.finish() == 0
