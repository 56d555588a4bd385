from dataclasses import replace

import pytest

from pyvrrp.units import SECOND
from pyvrrp.virtual_router.events import Event, HandOver, Shutdown, Startup
from pyvrrp.virtual_router.rules.participation import due_event
from pyvrrp.virtual_router.states import Backup, HandingOver, Init, Master, Releasing, State
from tests.virtual_router.examples import after

WAITING = Backup(after(3000), SECOND)
LINGERING = Backup(after(3000), SECOND, holds_until=after(50))
MASTER, LEAVING = Master(after(0)), Releasing(after(0), "drained")
ON_THE_WAY = HandingOver(after(2000), "drained")


@pytest.mark.parametrize(
    ("state", "hindered", "ordered", "event"),
    [
        (Init("starting"), None, None, Startup()),
        (Init("starting"), "link down", None, Shutdown("link down")),
        (Init("link down"), "link down", None, None),
        (Init("link down"), "link down", "drained", Shutdown("drained")),
        (WAITING, None, None, None),
        (WAITING, "link down", None, Shutdown("link down")),
        (WAITING, None, "drained", Shutdown("drained")),
        (LINGERING, None, None, None),
        (LINGERING, None, "drained", HandOver("drained")),
        (replace(LINGERING, leaves=True), None, "drained", None),
        (LINGERING, "link down", "drained", Shutdown("drained")),
        (MASTER, None, None, None),
        (MASTER, None, "drained", HandOver("drained")),
        (MASTER, "link down", "drained", Shutdown("drained")),
        (MASTER, "link down", None, Shutdown("link down")),
        (ON_THE_WAY, None, "drained", None),
        (ON_THE_WAY, "link down", "drained", Shutdown("link down")),
        (LEAVING, "link down", "drained", None),
    ],
)
def test_what_follows_from_hindrances_and_orders(
    state: State, hindered: str | None, ordered: str | None, event: Event | None
) -> None:
    assert due_event(state, hindered, ordered, lingers=True, defers=False) == event


def test_where_nothing_may_linger_an_order_is_a_shutdown() -> None:
    drained = due_event(MASTER, None, "drained", lingers=False, defers=False)
    assert drained == Shutdown("drained")


def test_one_that_resigned_starts_again_and_defers() -> None:
    assert due_event(Init("resigned"), None, None, lingers=True, defers=True) == Startup(True)


@pytest.mark.parametrize("defers", [False, True])
def test_a_backup_is_told_when_it_defers_and_when_it_does_not_any_more(defers: bool) -> None:
    waiting = replace(WAITING, defers=not defers)
    told = due_event(waiting, None, None, lingers=True, defers=defers)
    assert told == Startup(defers)


def test_a_backup_that_still_has_the_addresses_is_told_afterwards() -> None:
    assert due_event(LINGERING, None, None, lingers=True, defers=True) is None
