"""A daemon that dies hands over through its guardian, whatever it dies of."""

import os
import signal
import sys

import pytest

from tests.kernel.daemons import VIP, Bench, Daemon, eventually

pytestmark = pytest.mark.kernel

# It ends by an error that nobody catches, a second after its start.
DEFECT = """
import asyncio, sys
from pyvrrp.net.guardian.parent import GuardianProcess
guardian = GuardianProcess.fork()
from pyvrrp.daemon.process_setup import Foundation
from pyvrrp.cli import main
async def defect(self):
    while not open(sys.argv[-1]).read():
        await asyncio.sleep(0.05)
    raise RuntimeError("a defect")
Foundation.asked_to_stop = defect
main._fork_guardian = lambda: guardian
sys.exit(main.main(sys.argv[1:-1]))
"""


def reasons(daemon: Daemon) -> list[str]:
    return [str(event["reason"]) for event in daemon.events("transition")]


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV, signal.SIGABRT])
def test_the_standby_learns_of_the_death_at_once(bench: Bench, number: int) -> None:
    high = bench.start(bench.host("r1", 1), 200, interval="1s")
    eventually("r1 holds the address", high.holds)
    low = bench.start(bench.host("r2", 2), 100, interval="1s")
    eventually("r2 hears r1", lambda: low.counter("advertisement_rcvd") > 0)
    os.kill(high.pid, number)
    eventually("r2 holds the address", low.holds)
    eventually("r1 does not", lambda: not high.holds())
    assert "192.0.2.1 released the addresses" in reasons(low)


def test_an_error_that_nobody_catches_is_a_death_too(bench: Bench) -> None:
    low = bench.start(bench.host("r2", 2), 100, interval="1s")
    host = bench.host("r1", 1)
    config, order = bench.directory / "r1.toml", bench.directory / "order"
    order.write_text("")
    config.write_text(low.config.read_text().replace("r2", "r1").replace("= 100", "= 200"))
    words = (sys.executable, "-c", DEFECT, "run", "-c", str(config), str(order))
    process = host.spawn(*words)
    eventually("r1 holds the address", lambda: VIP in host.addresses("eth0"))
    eventually("r2 does not", lambda: not low.holds())
    eventually("it may be handed over", lambda: low.counter("advertisement_rcvd") > 1)
    order.write_text("now")
    eventually("it has ended", lambda: not process.running)
    eventually("r2 holds the address", low.holds)
    eventually("r1 does not", lambda: VIP not in host.addresses("eth0"))
    assert reasons(low)[-1] == "192.0.2.1 released the addresses"
    assert any("a defect" in line.text for line in process.lines)


def many(count: int, priority: int, more: str = "") -> str:
    return "".join(
        f'[[virtual_router]]\nname = "v{n}"\ninterface = "eth0"\nvrid = {n}\n'
        f'priority = {priority}\naddresses = ["198.51.100.{n}/32"]\n'
        f'advertisement_interval = "1s"\n{more}\n'
        for n in range(100, 100 + count)
    )


@pytest.mark.parametrize(("count", "more"), [(100, ""), (3, 'group = "site"')])
def test_all_virtual_routers_of_one_daemon_are_handed_over(
    bench: Bench, count: int, more: str
) -> None:
    hosts = [bench.host("r1", 1), bench.host("r2", 2)]
    found = []
    for host, priority in zip(hosts, (200, 100), strict=True):
        daemon = bench.start(host, priority, interval="1s")
        daemon.process.signal(signal.SIGTERM)
        daemon.process.finish()
        head = daemon.config.read_text().partition("[[virtual_router]]")[0]
        daemon.config.write_text(head + many(count, priority, more))
        words = (sys.executable, "-m", "pyvrrp", "run", "-c", str(daemon.config))
        process = host.spawn(*words, "--log-format", "json")
        found.append(Daemon(host, process, daemon.socket, daemon.config))
        if priority == 200:
            eventually("r1 holds all", lambda: len(hosts[0].addresses("eth0")) > count)
    high, low = found
    eventually("r2 is ready", lambda: len(low.events("transition")) >= count)
    eventually("r2 hears r1", lambda: low.counter("advertisement_rcvd") > 1)
    os.kill(high.pid, signal.SIGKILL)
    eventually("r2 holds all", lambda: len(hosts[1].addresses("eth0")) > count)
    eventually("r1 holds none", lambda: not any("198.51" in a for a in hosts[0].addresses("eth0")))
    released = [text for text in reasons(low) if "released the addresses" in text]
    assert len(released) == count


def test_without_a_standby_the_addresses_go_and_a_new_daemon_waits_for_that(bench: Bench) -> None:
    alone = bench.start(bench.host("r1", 1), 200, more='lease = "off"', interval="1s")
    eventually("it holds the address", alone.holds)
    eventually("it may be handed over", lambda: alone.counter("advertisement_sent") > 1)
    os.kill(alone.pid, signal.SIGKILL)
    words = (sys.executable, "-m", "pyvrrp", "run", "-c", str(alone.config))
    again = alone.host.spawn(*words, "--log-format", "json")
    eventually("the guardian has removed it", lambda: not alone.holds())
    eventually("the new daemon holds it", alone.holds)
    new = Daemon(alone.host, again, alone.socket, alone.config)
    eventually("it says so", lambda: len(new.events("transition")) == 2)
    assert [event["to"] for event in new.events("transition")] == ["BACKUP", "MASTER"]


def test_a_daemon_that_was_stopped_for_long_before_it_dies_is_not_handed_over(
    bench: Bench,
) -> None:
    high = bench.start(bench.host("r1", 1), 200)
    eventually("r1 holds the address", high.holds)
    low = bench.start(bench.host("r2", 2), 100)
    eventually("r2 hears r1", lambda: low.counter("advertisement_rcvd") > 0)
    os.kill(high.pid, signal.SIGSTOP)
    eventually("r2 holds the address", low.holds)
    os.kill(high.pid, signal.SIGKILL)
    eventually("r1 does not", lambda: not high.holds())
    assert low.counter("priority_zero_pkts_rcvd") == 0
