"""`pyvrrp reload` as an operator types it, judged by the kernel and by a client."""

import json
import sys

import pytest

from tests.kernel.daemons import VIP, Bench, Daemon, eventually, pyvrrp

pytestmark = pytest.mark.kernel

MORE = """
[[virtual_router]]
name = "db"
interface = "eth0"
vrid = 52
priority = 200
addresses = ["192.0.2.120/24"]
advertisement_interval = "100ms"
"""
CHECK = """
[check.port]
interface = "eth0"
interval = "200ms"
timeout = "100ms"
"""


def reload(daemon: Daemon, *words: str) -> tuple[int, str]:
    done = pyvrrp("reload", "--socket", str(daemon.socket), *words)
    return done.returncode, done.stdout + done.stderr


def test_a_client_loses_nothing_through_any_reload_that_leaves_its_router_in_place(
    bench: Bench,
) -> None:
    high = bench.start(bench.host("r1", 1), 200)
    low = bench.start(bench.host("r2", 2), 100)
    client = bench.host("c1", 9)
    eventually("r1 holds the address", high.holds)
    echo = high.host.spawn(sys.executable, "-m", "pyvrrp.testing.measure.echo", "r1")
    eventually("the echo answers", lambda: "ready" in echo.output)
    watch = client.spawn(sys.executable, "-m", "pyvrrp.testing.measure.client", VIP)
    eventually("the client asks", lambda: "ready" in watch.output)
    text = high.config.read_text()
    good = text
    for old, new in (
        ("priority = 200", "priority = 190"),
        ('"100ms"', '"200ms"'),
        (f'["{VIP}/24"]', f'["{VIP}/24", "192.0.2.101/24"]'),
    ):
        good = good.replace(old, new)
    high.config.write_text(good)
    assert reload(high)[0] == 0
    eventually("the new address is there", lambda: high.holds("192.0.2.101"))
    high.config.write_text(good + MORE)
    assert reload(high)[0] == 0
    eventually("the new router serves", lambda: high.holds("192.0.2.120"))
    high.config.write_text(good.replace("vrid = 51", 'vrid = 51\nchecks = ["port"]') + CHECK)
    status, said = reload(high)
    assert status == 0, said
    eventually("the other router is gone", lambda: not high.holds("192.0.2.120"))
    high.config.write_text(good.replace("priority = 190", "priority = 300"))
    status, said = reload(high)
    assert status == 2
    assert "priority" in said
    high.config.write_text(text)
    assert reload(high)[0] == 0
    eventually("the address is gone", lambda: not high.holds("192.0.2.101"))
    watch.finish()
    observation = json.loads(watch.output.split("ready", 1)[1])
    assert observation["lost_at"] == []
    assert (high.status()["state"], low.status()["state"]) == ("MASTER", "BACKUP")
    assert len(high.events("transition")) == 2 + 2 + 1  # those of the other router too


def test_a_dry_run_says_what_would_change_and_changes_nothing(bench: Bench) -> None:
    daemon = bench.start(bench.host("r1", 1), 200)
    eventually("it holds the address", daemon.holds)
    daemon.config.write_text(daemon.config.read_text().replace("priority = 200", "priority = 90"))
    status, said = reload(daemon, "--dry-run")
    assert (status, said) == (
        0,
        "virtual router web (IPv4): changed in place: priority 200 -> 90\n",
    )
    assert daemon.status()["priority"] == 200
