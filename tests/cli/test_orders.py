"""The commands that send orders, with a daemon in virtual time."""

import asyncio
import json
from pathlib import Path

import pytest

from pyvrrp.cli.main import main
from pyvrrp.daemon.control_socket import ControlSocket, Request
from pyvrrp.daemon.operator_commands import OperatorCommands
from pyvrrp.daemon.snapshot import Snapshots
from pyvrrp.daemon.state_file import StateFile
from pyvrrp.runtime.base.json import Json
from pyvrrp.units import Nanoseconds
from tests.support.cluster import Cluster
from tests.support.guard import OPEN


class Daemon:
    """A node. Each request for its status advances the virtual time by 100 ms."""

    def __init__(self, tmp_path: Path, *, alone: bool = False) -> None:
        self.cluster = Cluster()
        self.node = self.cluster.node(200)
        if not alone:
            self.cluster.node(100)
        self.cluster.run(10)
        self.state = StateFile(tmp_path / "n1.json")
        self.socket = tmp_path / "n1.sock"

    def order(self, *words: str) -> int:
        return asyncio.run(self._order(words))

    async def _order(self, words: tuple[str, ...]) -> int:
        orders = OperatorCommands(self.node.supervisor, self.state, OPEN, self.state.read())
        control = ControlSocket(self.socket, {"status": self._status, **orders.handlers()})
        await control.open()
        try:
            return await asyncio.to_thread(main, [*words, "--socket", str(self.socket)])
        finally:
            await control.close()

    async def _status(self, _request: Request) -> dict[str, Json]:
        self.cluster.run(0.1)
        now = Nanoseconds(self.cluster.clock.now())
        return Snapshots(self.node.supervisor, self.cluster.clock).take(now)


def test_drain_waits_until_another_node_is_master_and_names_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    daemon = Daemon(tmp_path)
    assert daemon.order("drain") == 0
    assert capsys.readouterr().out == "web (ipv4): INIT: drained; master: 192.0.2.2\n"
    assert daemon.cluster.holders() == ["n2"]
    assert daemon.order("undrain", "web", "--json") == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["changed"] == ["web"]
    assert shown["virtual_routers"][0]["drained"] is False


def test_resign_prints_which_node_is_master_now(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    daemon = Daemon(tmp_path)
    assert daemon.order("resign", "web") == 0
    assert capsys.readouterr().out.startswith("web (ipv4): BACKUP: 192.0.2.2 advertised priority")
    assert daemon.order("resign") == 1
    assert capsys.readouterr().err == "pyvrrp: nothing to resign: not MASTER here\n"


def test_resign_can_be_undone_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    daemon = Daemon(tmp_path)
    assert daemon.order("resign", "web") == 0
    assert "resigned: preempts no master until it has been master itself" in capsys.readouterr().out
    assert daemon.order("resign", "--undo", "web") == 0
    daemon.cluster.run(10)
    assert daemon.cluster.holders() == ["n1"]
    assert daemon.order("resign", "--undo") == 1
    assert capsys.readouterr().err == ("pyvrrp: nothing to undo: no order to resign stands here\n")


def test_the_exit_status_of_resign_is_1_if_no_node_took_over(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    daemon = Daemon(tmp_path, alone=True)
    assert daemon.order("resign") == 1
    assert capsys.readouterr().err == "pyvrrp: nobody took over\n"
    assert daemon.cluster.holders() == ["n1"]


def test_the_exit_status_for_an_unknown_name_is_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    daemon = Daemon(tmp_path)
    assert daemon.order("drain", "wbe") == 2
    assert capsys.readouterr().err == (
        'pyvrrp: there is no virtual router "wbe" here, did you mean "web"?\n'
    )


def test_the_exit_status_of_drain_is_3_if_the_state_file_cannot_be_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    daemon = Daemon(tmp_path)
    monkeypatch.setattr("pyvrrp.daemon.state_file.os.urandom", bytes)
    (tmp_path / f".n1.json.{bytes(8).hex()}.new").mkdir()
    assert daemon.order("drain") == 3
    assert "cannot write the state file" in capsys.readouterr().err
    assert daemon.cluster.holders() == ["n1"]
    assert daemon.order("drain", "--until-restart") == 0
    assert daemon.cluster.holders() == ["n2"]


def test_priority_takes_a_number_or_reset(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    daemon = Daemon(tmp_path)
    assert daemon.order("priority", "web", "50") == 0
    assert daemon.node.router.priority == 50
    assert daemon.order("priority", "web", "reset") == 0
    assert daemon.node.router.priority == 200
    for wrong in ("high", "0", "255", "1" * 5000):
        assert daemon.order("priority", "web", wrong) == 2
    assert "priority must be from 1 to 254" in capsys.readouterr().err


def test_the_exit_status_of_announce_is_1_if_the_node_holds_no_address(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    daemon = Daemon(tmp_path)
    assert daemon.order("announce") == 0
    daemon.order("drain")
    assert daemon.order("announce") == 1
    assert "nothing to announce" in capsys.readouterr().err
