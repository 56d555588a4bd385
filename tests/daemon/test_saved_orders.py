"""The state file while the disk is slow, hangs, or fails: a refused order changes nothing, ever."""

import asyncio
from collections.abc import Callable, Collection
from pathlib import Path
from threading import Event

import pytest

from pyvrrp.daemon import saved_orders
from pyvrrp.daemon.operator_commands import OperatorCommands
from pyvrrp.daemon.saved_orders import SavedOrders
from pyvrrp.daemon.state_file import StateFile
from pyvrrp.errors import KernelError
from tests.support.cluster import Cluster
from tests.support.guard import OPEN


class SlowDisk(StateFile):
    """A write waits for *disk*: before it begins, or after the file was replaced."""

    def __init__(self, path: Path, *, replaces_first: bool = False) -> None:
        super().__init__(path)
        self.disk = Event()
        self.replaces_first = replaces_first

    def write(self, drained: Collection[str]) -> None:
        if self.replaces_first:
            super().write(drained)
        self.disk.wait()
        if not self.replaces_first:
            super().write(drained)


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(saved_orders, "DISK_SECONDS", 0.05)


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not holds():
            await asyncio.sleep(0.005)


@pytest.mark.parametrize("replaces_first", [False, True])
def test_a_drain_that_was_refused_is_not_remembered_when_the_disk_works_again(
    tmp_path: Path, replaces_first: bool
) -> None:
    state = SlowDisk(tmp_path / "n1.json", replaces_first=replaces_first)

    async def drain() -> None:
        saved = SavedOrders(state)
        with pytest.raises(KernelError, match=r"could not be written within 0\.05 s; nothing was"):
            await saved.save(frozenset({"web"}))
        assert saved.drained == frozenset()
        state.disk.set()
        # The next order waits for the end of the refused one.
        await saved.save(frozenset({"db"}))

    asyncio.run(drain())
    assert StateFile(state.path).read() == {"db"}
    assert [entry.name for entry in tmp_path.iterdir()] == ["n1.json"]


@pytest.mark.parametrize("replaces_first", [False, True])
def test_what_was_saved_before_a_refused_order_stays(tmp_path: Path, replaces_first: bool) -> None:
    state = SlowDisk(tmp_path / "n1.json", replaces_first=replaces_first)
    StateFile(state.path).write({"db"})

    async def drain() -> None:
        saved = SavedOrders(state, {"db"})
        with pytest.raises(KernelError):
            await saved.save(frozenset({"db", "web"}))
        state.disk.set()
        await until(lambda: StateFile(state.path).read() == {"db"})
        await saved.save(frozenset({"db"}))

    asyncio.run(drain())
    assert StateFile(state.path).read() == {"db"}


def test_while_the_disk_hangs_each_order_is_refused_and_says_why(tmp_path: Path) -> None:
    state = SlowDisk(tmp_path / "n1.json")

    async def drain() -> None:
        saved = SavedOrders(state)
        with pytest.raises(KernelError, match="could not be written"):
            await saved.save(frozenset({"web"}))
        with pytest.raises(KernelError, match="is still being written for an order that was ref"):
            await saved.save(frozenset({"web"}))
        state.disk.set()

    asyncio.run(drain())


def test_an_order_whose_connection_is_closed_meanwhile_changes_nothing(tmp_path: Path) -> None:
    state = SlowDisk(tmp_path / "n1.json")
    cluster = Cluster()
    node = cluster.node(200)
    cluster.run(10)

    async def drain() -> None:
        orders = OperatorCommands(node.supervisor, state, OPEN)
        order = asyncio.create_task(orders.drain({"name": "web"}))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        order.cancel()
        with pytest.raises(asyncio.CancelledError):
            await order
        state.disk.set()
        # It is obeyed when it is given again.
        await orders.drain({"name": "web", "save": False})

    asyncio.run(drain())
    assert StateFile(state.path).read() == frozenset()
    assert node.router.operator.drained


def test_two_operators_at_once_are_served_one_after_the_other(tmp_path: Path) -> None:
    state = StateFile(tmp_path / "n1.json")
    cluster = Cluster()
    node = cluster.node(200)
    cluster.node(100)
    cluster.run(10)

    async def both() -> None:
        orders = OperatorCommands(node.supervisor, state, OPEN)
        await asyncio.gather(orders.drain({}), orders.undrain({}), orders.drain({}))

    asyncio.run(both())
    assert node.router.operator.drained
    assert StateFile(state.path).read() == {"web"}


def test_a_directory_that_is_gone_is_made_again_and_one_that_cannot_be_made_is_refused(
    tmp_path: Path,
) -> None:
    state = StateFile(tmp_path / "state" / "n1.json")

    async def drain() -> None:
        saved = SavedOrders(state)
        await saved.save(frozenset({"web"}))
        state.path.unlink()
        state.path.parent.rmdir()
        await saved.save(frozenset({"web", "db"}))
        assert state.read() == {"web", "db"}
        state.path = tmp_path / "file" / "n1.json"
        (tmp_path / "file").write_text("no directory")
        with pytest.raises(KernelError, match="cannot write the state file"):
            await saved.save(frozenset())
        assert saved.drained == {"web", "db"}

    asyncio.run(drain())
