"""Which event follows from the obstacles of a virtual router and the orders of the operator."""

from typing import assert_never

from pyvrrp.virtual_router.events import HandOver, Shutdown, Startup
from pyvrrp.virtual_router.states import Backup, HandingOver, Init, Master, Releasing, State


def due_event(
    state: State, hindered: str | None, ordered: str | None, *, lingers: bool, defers: bool
) -> Startup | Shutdown | HandOver | None:
    """Return the event for an election in *state*, or None if the state already fits.

    *hindered* is why the router cannot serve, *ordered* is the order that keeps it out. *lingers*:
    a master may keep its addresses for a moment, so it hands over. *defers*: the router resigned
    and has not been MASTER since, so it preempts no other router.
    """
    why_not = ordered or hindered
    match state:
        case Init() | Backup(holds_until=None) if why_not is None and _defers(state) is not defers:
            return Startup(defers=defers)
        case Init(reason=known) if why_not != known:
            return Shutdown(why_not or "")
        case Master() if why_not is not None and hindered is None and lingers:
            return HandOver(why_not)
        case Backup(holds_until=instant) if instant is not None and hindered is None:
            # It leaves after it has removed the addresses.
            return HandOver(ordered) if ordered is not None and not state.leaves else None
        case Backup() | Master() if why_not is not None:
            return Shutdown(why_not)
        case HandingOver() if hindered is not None:
            return Shutdown(hindered)
        case HandingOver(reason=known) if ordered is not None and ordered != known:
            return HandOver(ordered)  # it resigned, but now it must stay out
        case Init() | Backup() | Master() | Releasing() | HandingOver():
            return None
        case _:  # pragma: no cover (the type checker proves it)
            assert_never(state)


def _defers(state: Init | Backup) -> bool | None:
    return state.defers if isinstance(state, Backup) else None
