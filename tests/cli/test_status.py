"""The command ``pyvrrp status``, with a control socket that gives a known answer."""

import asyncio
import json
from ipaddress import IPv4Address
from pathlib import Path

import pytest

from pyvrrp.cli.main import main
from pyvrrp.config.model.configuration import LinkConfig
from pyvrrp.daemon.control_socket import ControlSocket, Request
from pyvrrp.daemon.snapshot import Snapshots
from pyvrrp.fencing.weight import Weight
from pyvrrp.identity import Place
from pyvrrp.ports import ProbeResult
from pyvrrp.runtime.base.json import Json
from pyvrrp.units import Nanoseconds
from tests.support.cluster import Cluster, Node
from tests.support.world import Lan


def nodes() -> tuple[dict[str, Json], dict[str, Json]]:
    """Return the status of a master and of a fenced standby, ten seconds after their start."""
    cluster = Cluster()
    master, standby = cluster.node(200, fenced=True), cluster.node(100, fenced=True)
    standby.set_service(ProbeResult(False, "HTTP 503"))
    cluster.run(10)
    return taken(cluster, master), taken(cluster, standby)


def taken(cluster: Cluster, node: Node) -> dict[str, Json]:
    return Snapshots(node.supervisor, cluster.clock).take(Nanoseconds(cluster.clock.now()))


def status(path: Path, answer: dict[str, Json], *words: str) -> int:
    async def tell(_request: Request) -> dict[str, Json]:
        return answer

    async def serve_and_ask() -> int:
        control = ControlSocket(path, {"status": tell})
        await control.open()
        try:
            return await asyncio.to_thread(main, ["status", "--socket", str(path), *words])
        finally:
            await control.close()

    return asyncio.run(serve_and_ask())


def test_the_status_of_a_master(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    master, _ = nodes()
    assert status(tmp_path / "s", master) == 0
    shown = capsys.readouterr().out.splitlines()
    assert shown[0].startswith("node n1, pyvrrp ")
    assert shown[2].startswith("web  MASTER for ")
    assert shown[2].endswith(": nobody was heard for 3.219 s")
    assert shown[3:] == [
        "  VRID 51 on eth0, ipv4, VRRPv3, priority 200",
        "  master: 192.0.2.1",
        "  address 192.0.2.100/24: here",
        "  check web passes: HTTP 200, 1.0 s ago",
        ("  interval 1000 ms, Master_Down_Interval 3218.75 ms, next timer in 222 ms, lease 2 s"),
        "  master_transitions 1, advertisement_sent 6, announcements_sent 11",
    ]


def test_the_status_of_a_fenced_node(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, standby = nodes()
    assert status(tmp_path / "s", standby) == 0
    shown = capsys.readouterr().out
    assert ": fenced by web: HTTP 503\n" in shown
    assert "  check web FAILS: HTTP 503, 1.0 s ago\n" in shown
    assert "  address 192.0.2.100/24: not here\n" in shown


def test_the_status_before_and_in_a_last_resort(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cluster = Cluster()
    node = cluster.node(200, fenced=True, last_resort=True)
    node.set_service(ProbeResult(False, "HTTP 503"))
    cluster.run(10)
    assert status(tmp_path / "s", taken(cluster, node), "web") == 1
    assert "  NOBODY SERVES: this node is fenced and hears no other one\n" in (
        capsys.readouterr().out
    )
    cluster.run(10)
    assert status(tmp_path / "s", taken(cluster, node), "web") == 0
    shown = capsys.readouterr().out
    assert (
        ": last resort, although fenced by web: HTTP 503: nobody was heard for 3.996 s\n" in shown
    )
    assert "priority 1 (configured 200)" in shown


def test_the_status_contains_the_effective_priority_the_weights_and_other_holders(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cluster = Cluster()
    node = cluster.node(200, fenced=True, weights=(Weight("web", -120),))
    cluster.node(100).host.filtered = node.host.filtered = True
    node.set_service(ProbeResult(False, "HTTP 503"))
    cluster.run(10)
    assert status(tmp_path / "s", taken(cluster, node)) == 0
    shown = capsys.readouterr().out
    assert ", VRRPv3, priority 80 (configured 200)\n" in shown
    assert "  check web (weight -120) FAILS: HTTP 503, 1.0 s ago\n" in shown
    assert "  WARNING: 192.0.2.100 is claimed by 02:00:00:00:00:02 too, " in shown


def test_with_a_name_the_exit_status_is_0_on_the_master_and_1_on_other_nodes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    master, standby = nodes()
    assert status(tmp_path / "s", master, "web") == 0
    assert status(tmp_path / "s", standby, "web") == 1
    assert "owner_discards 0" in capsys.readouterr().out


def test_an_unknown_name_is_refused_with_the_known_names(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    master, _ = nodes()
    assert status(tmp_path / "s", master, "wbe") == 2
    assert capsys.readouterr().err == "pyvrrp: no virtual router 'wbe' here; there is web\n"


def test_json_contains_the_documented_fields(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    master, _ = nodes()
    assert status(tmp_path / "s", master, "--json") == 0
    shown = json.loads(capsys.readouterr().out)
    assert {"node", "virtual_routers"} <= set(shown)
    assert {
        "name",
        "interface",
        "vrid",
        "family",
        "state",
        "reason",
        "since",
        "priority",
        "master",
        "addresses",
        "checks",
        "counters",
    } <= set(shown["virtual_routers"][0])


def test_the_exit_status_without_a_daemon_is_3(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["status", "--socket", str(tmp_path / "gone")]) == 3
    assert capsys.readouterr().err == (
        f"pyvrrp: cannot reach a daemon at {tmp_path}/gone: No such file or directory\n"
    )


@pytest.mark.parametrize("answer", [b"", b"nonsense\n", b"[]\n", b'{"error": "no"}\n'])
def test_the_exit_status_for_an_unusable_answer_is_3(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], answer: bytes
) -> None:
    path = tmp_path / "s"

    async def talk() -> int:
        async def reply(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readline()
            writer.write(answer)
            writer.close()

        server = await asyncio.start_unix_server(reply, path)
        async with server:
            return await asyncio.to_thread(main, ["status", "--socket", str(path)])

    assert asyncio.run(talk()) == 3
    assert capsys.readouterr().err.startswith(f"pyvrrp: the daemon at {path} ")


def test_links_are_shown_if_there_are_several_or_peers(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cluster = Cluster()
    lan = Lan(cluster.clock)
    first = (IPv4Address("192.0.2.1"), IPv4Address("192.0.2.2"))
    second = (IPv4Address("10.0.0.1"), IPv4Address("10.0.0.2"))
    further = (LinkConfig(Place("", "eth1"), second),)
    for number, priority in enumerate((200, 100)):
        node = cluster.node(priority, peers=first, further_links=further, start=False)
        card = node.host.attach("eth1", lan, f"{second[number]}/24")
        node.supervisor.start()
    cluster.run(10)
    card.connected = False
    cluster.run(10)
    answer = Snapshots(node.supervisor, cluster.clock).take(Nanoseconds(cluster.clock.now()))
    assert status(tmp_path / "s", answer) == 0
    assert [line for line in capsys.readouterr().out.splitlines() if "  link " in line] == [
        "  link eth0: unicast with 192.0.2.1, 192.0.2.2, heard 0.8 s ago",
        (
            "  link eth1: unicast with 10.0.0.1, 10.0.0.2, LOST: silent while eth0 brings "
            "advertisements, heard 10.8 s ago"
        ),
    ]
