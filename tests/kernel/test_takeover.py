"""`pyvrrp takeover` as a user starts it: a server, its spare machine, the kernel's truth."""

import json
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from pyvrrp.testing.processes import SpawnedProcess
from pyvrrp.testing.segment import Host, Network, Segment
from tests.support.patience import PATIENCE

pytestmark = pytest.mark.kernel

VIP = "192.0.2.10"
VIP6 = "2001:db8::10"


def eventually(what: str, holds: Callable[[], bool]) -> None:
    until = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < until, f"still not so: {what}"
        time.sleep(0.02)


@dataclass
class Scene:
    lan: Segment
    primary: Host
    spare: Host
    web: SpawnedProcess

    def start(self, *more: str, address: str = f"{VIP}/24") -> SpawnedProcess:
        process = self.spare.spawn(
            *(sys.executable, "-m", "pyvrrp", "takeover", "--interface", "eth0"),
            *("--address", address, "--http", "http://192.0.2.1:8080/", "--interval", "200ms"),
            *("--timeout", "150ms", "--log-format", "json", *more),
        )
        eventually("it watches", lambda: bool(events(process, "check")) or not process.running)
        assert process.running, process.output
        return process

    def taken(self, address: str = VIP) -> bool:
        return address in self.spare.addresses("eth0")


def events(process: SpawnedProcess, name: str) -> list[dict[str, object]]:
    told = [json.loads(line.text) for line in list(process.lines) if not line.error]
    return [event for event in told if event["event"] == name]


@pytest.fixture
def scene() -> Iterator[Scene]:
    with Network() as network:
        lan = network.segment("lan")
        primary = lan.host("primary", "192.0.2.1/24", f"{VIP}/24", f"{VIP6}/64")
        spare = lan.host("spare", "192.0.2.2/24")
        web = primary.spawn(
            sys.executable, "-m", "pyvrrp.testing.webserver", "--address", "0.0.0.0"
        )
        eventually("the web server serves", lambda: bool(web.lines))
        yield Scene(lan, primary, spare, web)


def test_a_dead_service_is_named_a_dead_host_replaced_and_its_return_respected(
    scene: Scene,
) -> None:
    process = scene.start("--release-when-back")
    scene.web.say("500")
    eventually("the holder is named", lambda: bool(events(process, "address_in_use")))
    assert events(process, "address_in_use")[0]["mac"] == scene.primary.macs["eth0"].hex(":")
    assert not scene.taken()

    scene.lan.cut(scene.primary)
    eventually("the spare machine has the address", scene.taken)
    eventually("it has told so", lambda: bool(events(process, "announced")))
    [taken] = events(process, "taken_over")
    assert taken["forced"] is False

    # The host comes back as a good one does: without the service address, until it is given back.
    scene.primary.ip(f"address del {VIP}/24 dev eth0")
    scene.web.say("200")
    scene.lan.heal(scene.primary)
    eventually("the address is let go", lambda: not scene.taken())
    eventually("it says why", lambda: bool(events(process, "addresses_absent")))
    assert "http passes: HTTP 200" in str(events(process, "let_go")[0]["reason"])
    assert process.stop() == 0
    assert "Traceback" not in process.output


def test_a_dead_host_is_replaced_in_time_and_sigterm_gives_the_address_back(scene: Scene) -> None:
    process = scene.start()
    scene.lan.cut(scene.primary)
    eventually("the spare machine has the address", scene.taken)
    assert process.stop() == 0
    assert not scene.taken()
    assert len(events(process, "stopped")) == 1


def test_force_takes_it_from_a_host_that_answers(scene: Scene) -> None:
    process = scene.start("--force")
    scene.web.say("500")
    eventually("the spare machine has the address", scene.taken)
    eventually("it says so", lambda: bool(events(process, "taken_over")))
    assert events(process, "taken_over")[0]["level"] == "error"


def test_after_a_kill_the_guardian_removes_the_address(scene: Scene) -> None:
    # No lease, so that nothing but the guardian can have done it.
    process = scene.start("--lease", "off")
    scene.lan.cut(scene.primary)
    eventually("the spare machine has the address", scene.taken)
    os.kill(process.pid, signal.SIGKILL)
    eventually("the guardian has removed it", lambda: not scene.taken())


def test_without_a_guardian_the_lease_ends_it(scene: Scene) -> None:
    process = scene.start("--no-guardian")
    scene.lan.cut(scene.primary)
    eventually("the spare machine has the address", scene.taken)
    os.kill(process.pid, signal.SIGKILL)
    eventually("the kernel has removed it", lambda: not scene.taken())


def test_ipv6_addresses_are_asked_for_and_taken_too(scene: Scene) -> None:
    process = scene.start(address=f"{VIP6}/64")
    scene.web.say("500")
    eventually("the holder is named", lambda: bool(events(process, "address_in_use")))
    assert events(process, "address_in_use")[0]["mac"] == scene.primary.macs["eth0"].hex(":")
    scene.lan.cut(scene.primary)
    eventually("the spare machine has the address", lambda: scene.taken(VIP6))


def test_an_address_that_is_there_already_is_refused_and_stays(scene: Scene) -> None:
    scene.spare.ip(f"address add {VIP}/32 dev eth0")
    process = scene.spare.spawn(
        *(sys.executable, "-m", "pyvrrp", "takeover", "--interface", "eth0"),
        *("--address", f"{VIP}/24", "--http", "http://192.0.2.1:8080/"),
    )
    eventually("it has ended", lambda: not process.running)
    assert process.finish() == 3
    assert f"pyvrrp: {VIP}/32 is on eth0 already" in process.output
    assert scene.taken()


def test_a_second_host_that_claims_the_address_gets_it(scene: Scene) -> None:
    process = scene.start()
    scene.lan.cut(scene.primary)
    eventually("the spare machine has the address", scene.taken)
    eventually("it has told so", lambda: bool(events(process, "announced")))
    scene.lan.heal(scene.primary)
    scene.web.say("500")
    eventually("there is one holder again", lambda: not scene.taken())
    eventually("it says why", lambda: bool(events(process, "let_go")))
    assert "192.0.2.10 is at" in str(events(process, "let_go")[0]["reason"])
