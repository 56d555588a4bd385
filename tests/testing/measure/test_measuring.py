"""The observer and the client, on a real segment."""

import json
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from pyvrrp.testing.processes import SpawnedProcess
from pyvrrp.testing.segment import Host, Network, Segment
from tests.support.patience import PATIENCE

pytestmark = pytest.mark.kernel

ADDRESS = {"ipv4": ("10.9.0.100", "/24", "10.9.0.9"), "ipv6": ("fd09::100", "/64", "fd09::9")}
# An announcement, sent by the lab itself: gratuitous ARP for 10.9.0.100.
ANNOUNCE = """
import socket, sys
wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
wire.bind(("eth0", 0))
mac = bytes.fromhex(sys.argv[1])
address = socket.inet_aton("10.9.0.100")
wire.send(b"\\xff" * 6 + mac + bytes.fromhex("08060001080006040001") + mac + address
          + b"\\xff" * 6 + address)
"""


@dataclass
class Lab:
    segment: Segment
    r1: Host
    r2: Host
    client: Host
    observer: SpawnedProcess

    def seen(self, kind: str, node: str) -> list[dict[str, object]]:
        events = [json.loads(line.text) for line in list(self.observer.lines) if not line.error]
        return [event for event in events if (event["kind"], event.get("node")) == (kind, node)]

    def start_client(self, family: str) -> SpawnedProcess:
        address, _prefix, own = ADDRESS[family]
        process = self.client.spawn(
            *(sys.executable, "-m", "pyvrrp.testing.measure.client", address, "--source", own),
            *("--mac", self.client.macs["eth0"].hex(":")),
            *("--direct", f"r1={self.r1.macs['eth0'].hex(':')}"),
            *("--direct", f"r2={self.r2.macs['eth0'].hex(':')}"),
        )
        eventually(lambda: process.lines)
        return process


def eventually(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.fixture
def lab() -> Iterator[Lab]:
    with Network() as network:
        lan = network.segment("lan")
        r1 = lan.host("r1", "10.9.0.1/24", "fd09::1/64")
        r2 = lan.host("r2", "10.9.0.2/24", "fd09::2/64")
        client = lan.host("client", "10.9.0.9/24", "fd09::9/64")
        observer = SpawnedProcess(
            (
                *(
                    sys.executable,
                    "-m",
                    "pyvrrp.testing.measure.observer",
                    "--switch",
                    lan.namespace,
                ),
                *("--port", "r1", "--port", "r2"),
                *("--node", f"r1={r1.namespace}", "--node", f"r2={r2.namespace}"),
            )
        )
        network.remember(observer)
        echoes = [
            host.spawn(sys.executable, "-m", "pyvrrp.testing.measure.echo", host.name)
            for host in (r1, r2)
        ]
        eventually(lambda: all(process.lines for process in (observer, *echoes)))
        yield Lab(lan, r1, r2, client, observer)


@pytest.mark.parametrize("address", ["10.9.0.100/24", "fd09::100/64"])
def test_the_observer_tells_when_a_kernel_gets_and_loses_an_address(lab: Lab, address: str) -> None:
    def holdings() -> list[object]:
        wanted = address.partition("/")[0]
        return [e["held"] for e in lab.seen("address", "r1") if e["address"] == wanted]

    before = time.time()
    lab.r1.ip(f"address add {address} dev eth0")
    eventually(lambda: holdings() == [True])
    lab.r1.ip(f"address del {address} dev eth0")
    eventually(lambda: holdings() == [True, False])
    times = [float(str(event["time"])) for event in lab.seen("address", "r1")]
    assert max(times) >= before


def test_an_address_that_is_only_renewed_is_told_once(lab: Lab) -> None:
    for lifetime in (10, 20, 30):
        lab.r1.ip(f"address replace 10.9.0.100/24 dev eth0 valid_lft {lifetime} preferred_lft 5")
    lab.r1.ip("address add 10.9.0.101/24 dev eth0")
    eventually(lambda: any(e["address"] == "10.9.0.101" for e in lab.seen("address", "r1")))
    told = [e for e in lab.seen("address", "r1") if e["address"] == "10.9.0.100"]
    assert [event["held"] for event in told] == [True]


def test_an_address_on_a_virtual_interface_without_carrier_is_not_held(lab: Lab) -> None:
    def told() -> list[object]:
        return [e["held"] for e in lab.seen("address", "r1") if e["address"] == "10.9.0.100"]

    lab.r1.ip(
        "link add name vrrp1 link eth0 type macvlan mode bridge",
        "link set vrrp1 protodown on",
        "address add 10.9.0.100/24 dev vrrp1",
        "link set vrrp1 up",
    )
    time.sleep(0.1)
    assert told() == []
    lab.r1.ip("link set vrrp1 protodown off")
    eventually(lambda: told() == [True])


def test_the_observer_hears_announcements_at_the_port_they_enter_even_after_a_cut(
    lab: Lab,
) -> None:
    lab.segment.cut(lab.r1)
    lab.segment.heal(lab.r1)
    before = time.time()
    eventually(lambda: announced(lab))
    (event, *_more) = lab.seen("announcement", "r1")
    assert event["address"] == "10.9.0.100"
    assert float(str(event["time"])) >= before
    assert lab.seen("announcement", "r2") == []


def announced(lab: Lab) -> bool:
    lab.r1.run(sys.executable, "-c", ANNOUNCE, lab.r1.macs["eth0"].hex())
    return bool(lab.seen("announcement", "r1"))


@pytest.mark.parametrize("family", ["ipv4", "ipv6"])
def test_the_client_measures_an_outage_and_says_who_answered(lab: Lab, family: str) -> None:
    address, prefix, _own = ADDRESS[family]
    lab.r1.ip(f"address add {address}{prefix} dev eth0")
    process = lab.start_client(family)
    time.sleep(0.5)
    start = time.time()
    lab.segment.cut(lab.r1)
    time.sleep(0.3)
    lab.r2.ip(f"address add {address}{prefix} dev eth0")
    # Nobody announces here: the client is told by hand where the address is now.
    mac = lab.r2.macs["eth0"].hex(":")
    lab.client.ip(f"neighbour replace {address} dev eth0 lladdr {mac} nud reachable")
    time.sleep(0.5)
    end = time.time()
    assert process.finish() == 0
    seen = json.loads(process.lines[-1].text)
    longest = max(seen["outages"], key=lambda outage: outage["end"] - outage["start"])
    assert 0.25 < longest["end"] - longest["start"] < 0.3 + (end - start - 0.8) + 0.25
    assert longest["lost"] > 100
    assert {run["node"] for run in seen["runs"]} == {"r1", "r2"}
    assert seen["runs"][0]["node"] == "r1"
    assert seen["runs"][-1]["node"] == "r2"


def test_the_client_sees_that_two_nodes_answer_at_once(lab: Lab) -> None:
    for host in (lab.r1, lab.r2):
        host.ip("address add 10.9.0.100/24 dev eth0")
    process = lab.start_client("ipv4")
    time.sleep(0.5)
    lab.r2.ip("address del 10.9.0.100/24 dev eth0")
    time.sleep(0.5)
    process.finish()
    direct = json.loads(process.lines[-1].text)["direct"]
    r1 = sum(end - start for start, end in direct["r1"])
    r2 = sum(end - start for start, end in direct["r2"])
    assert r1 > 0.7
    assert 0.2 < r2 < r1 - 0.2
