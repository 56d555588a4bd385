"""OperatorCommands to a running daemon: what they change, and what a bad one does not."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from pyvrrp.daemon.control_socket import Request
from pyvrrp.daemon.operator_commands import OperatorCommands
from pyvrrp.daemon.state_file import StateFile
from pyvrrp.errors import KernelError, UsageError
from pyvrrp.fencing.weight import Weight
from pyvrrp.runtime.base.json import Json
from pyvrrp.runtime.supervisor import Supervisor
from pyvrrp.virtual_router.states import Init
from tests.support.cluster import Cluster, Node
from tests.support.guard import OPEN


def pair(tmp_path: Path) -> tuple[Cluster, Node, OperatorCommands, StateFile]:
    cluster = Cluster()
    high = cluster.node(200)
    cluster.node(100)
    cluster.run(10)
    state = StateFile(tmp_path / "n1.json")
    return cluster, high, OperatorCommands(high.supervisor, state, OPEN, state.read()), state


def give(order: Callable[[Request], Awaitable[dict[str, Json]]], **request: object) -> object:
    async def ask() -> dict[str, Json]:
        return await order(request)

    return asyncio.run(ask())


def test_drain_moves_the_address_and_is_remembered(tmp_path: Path) -> None:
    cluster, high, orders, state = pair(tmp_path)
    assert give(orders.drain) == {
        "virtual_routers": ["web"],
        "changed": ["web"],
        "patience_ms": 1996.09375,
    }
    cluster.run(10)
    assert cluster.holders() == ["n2"]
    assert high.router.state == Init("drained")
    assert state.read() == {"web"}


def test_a_new_daemon_begins_drained(tmp_path: Path) -> None:
    cluster, high, orders, state = pair(tmp_path)
    give(orders.drain, name="web")
    cluster.run(10)
    high.supervisor.stop(lambda: None)
    cluster.run(1)
    configuration = high.supervisor.configuration
    again = Supervisor(configuration, high.host.ports(), high.journal, state.read())
    again.start()
    cluster.run(60)
    assert cluster.holders() == ["n2"]
    assert again.routers[0].state == Init("drained")
    give(OperatorCommands(again, state, OPEN, state.read()).undrain)
    cluster.run(10)
    assert cluster.holders() == ["n1"]
    assert state.read() == frozenset()


def test_draining_twice_changes_nothing_more(tmp_path: Path) -> None:
    cluster, _, orders, _ = pair(tmp_path)
    give(orders.drain)
    cluster.run(10)
    answer = give(orders.drain)
    assert answer == {"virtual_routers": ["web"], "changed": [], "patience_ms": 0.0}


def test_what_cannot_be_remembered_is_not_done(tmp_path: Path) -> None:
    cluster, high, orders, state = pair(tmp_path)
    state.path = tmp_path / "missing" / "n1.json"
    (tmp_path / "missing").write_text("no directory")
    with pytest.raises(KernelError, match="cannot write the state file"):
        give(orders.drain)
    cluster.run(10)
    assert cluster.holders() == ["n1"]
    assert not high.router.operator.drained


def test_unless_it_need_not_be_remembered(tmp_path: Path) -> None:
    cluster, _, orders, state = pair(tmp_path)
    give(orders.drain, save=False)
    cluster.run(10)
    assert cluster.holders() == ["n2"]
    assert state.read() == frozenset()
    # Nor does the way back need a disk that the way out did not.
    state.path = tmp_path / "missing" / "n1.json"
    (tmp_path / "missing").write_text("no directory")
    give(orders.undrain)
    cluster.run(10)
    assert cluster.holders() == ["n1"]


@pytest.mark.parametrize(
    "command", ["drain", "undrain", "resign", "undo_resign", "priority", "announce"]
)
def test_an_unknown_name_is_refused_with_the_nearest(tmp_path: Path, command: str) -> None:
    cluster, _, orders, state = pair(tmp_path)
    with pytest.raises(UsageError) as refusal:
        give(orders.handlers()[command], name="wbe")
    assert str(refusal.value) == ('there is no virtual router "wbe" here, did you mean "web"?')
    with pytest.raises(UsageError, match="name must be that of a virtual router: web"):
        give(orders.handlers()[command], name=5)
    cluster.run(10)
    assert cluster.holders() == ["n1"]
    assert not state.path.exists()


def test_resign_moves_the_address_and_a_backup_has_nothing_to_resign(tmp_path: Path) -> None:
    cluster, _, orders, _ = pair(tmp_path)
    answer = give(orders.resign, name="web")
    assert answer == {"virtual_routers": ["web"], "changed": ["web"], "patience_ms": 1996.09375}
    cluster.run(30)
    assert cluster.holders() == ["n2"]
    answer = give(orders.resign)
    assert answer == {"virtual_routers": ["web"], "changed": [], "patience_ms": 0.0}


def test_another_priority_moves_the_address_until_it_is_reset(tmp_path: Path) -> None:
    cluster, high, orders, _ = pair(tmp_path)
    give(orders.priority, name="web", priority=50)
    cluster.run(10)
    assert cluster.holders() == ["n2"]
    assert high.router.priority == 50
    give(orders.priority, name="web", priority=None)
    cluster.run(10)
    assert cluster.holders() == ["n1"]


@pytest.mark.parametrize("wrong", [0, 255, -1, "100", 1.5, True, []])
def test_a_priority_that_cannot_be_is_refused(tmp_path: Path, wrong: object) -> None:
    _, high, orders, _ = pair(tmp_path)
    with pytest.raises(UsageError, match="priority must be from 1 to 254, not "):
        give(orders.priority, name="web", priority=wrong)
    assert high.router.priority == 200


def test_an_owner_keeps_its_priority(tmp_path: Path) -> None:
    cluster = Cluster()
    owner = cluster.node(255)
    cluster.run(1)
    orders = OperatorCommands(owner.supervisor, StateFile(tmp_path / "n1.json"), OPEN)
    with pytest.raises(UsageError, match="web owns its addresses: its priority is always 255"):
        give(orders.priority, name="web", priority=100)


def test_announce_tells_the_neighbours_once_more(tmp_path: Path) -> None:
    cluster, high, orders, _ = pair(tmp_path)
    before = len(high.host.announced)
    give(orders.announce)
    cluster.run(0.001)
    assert len(high.host.announced) == before + 5


@pytest.mark.parametrize("command", ["undo_resign", "undrain"])
def test_to_resign_can_be_undone(tmp_path: Path, command: str) -> None:
    cluster, high, orders, state = pair(tmp_path)
    give(orders.resign)
    cluster.run(10)
    assert cluster.holders() == ["n2"]
    answer = give(orders.handlers()[command], name="web")
    assert answer == {"virtual_routers": ["web"], "changed": ["web"], "patience_ms": 1996.09375}
    assert not high.router.operator.resigned
    cluster.run(10)
    assert cluster.holders() == ["n1"]
    assert not state.path.exists()
    assert give(orders.undo_resign) == {
        "virtual_routers": ["web"],
        "changed": [],
        "patience_ms": 0.0,
    }


def test_a_priority_after_a_stall_does_not_stand_on_a_silent_check(tmp_path: Path) -> None:
    cluster = Cluster()
    node = cluster.node(100, fenced=True, weights=(Weight("web", 50),))
    cluster.run(10)
    assert node.router.priority == 150
    cluster.clock.stall(30)
    orders = OperatorCommands(node.supervisor, StateFile(tmp_path / "n1.json"), OPEN)
    give(orders.priority, name="web", priority=10)
    assert [event.text for event in node.events("priority")][-2:] == [
        "priority 150 -> 100",
        "priority 100 -> 10",
    ]


@pytest.mark.parametrize("command", ["drain", "undrain", "resign", "undo_resign", "announce"])
def test_a_misspelt_key_is_refused_and_nothing_is_done(command: str, tmp_path: Path) -> None:
    cluster, _, orders, state = pair(tmp_path)
    with pytest.raises(UsageError, match='unknown key "nmae": known are: name'):
        give(orders.handlers()[command], nmae="web")
    cluster.run(10)
    assert cluster.holders() == ["n1"]
    assert state.read() == frozenset()


def test_what_is_neither_true_nor_false_does_not_decide_what_is_saved(tmp_path: Path) -> None:
    cluster, _, orders, _ = pair(tmp_path)
    with pytest.raises(UsageError, match='save must be true or false, not "no"'):
        give(orders.drain, save="no")
    cluster.run(10)
    assert cluster.holders() == ["n1"]
