"""What the election of a virtual router must hear of obstacles and of the operator's orders."""

from pyvrrp.virtual_router.events import HandOver, Shutdown, Startup
from pyvrrp.virtual_router.states import Backup, HandingOver, Init, Master, Releasing, State


def due_event(
    state: State, hindered: str | None, ordered: str | None, *, lingers: bool, defers: bool
) -> Startup | Shutdown | HandOver | None:
    """Return the event that *state* must take, or None if it is as it shall be.

    *hindered* is why the router cannot serve, *ordered* why the operator wants it to stand aside.
    *lingers*: a master may keep its addresses for a moment, so it hands over. *defers*: the router
    resigned before, so it preempts nobody when it starts.
    """
    why_not = ordered or hindered
    match state:
        case Init() if why_not is None:
            return Startup(defers=defers)
        case Init(reason=known) if why_not != known:
            return Shutdown(why_not or "")
        case Master() if why_not is not None and hindered is None and lingers:
            return HandOver(why_not)
        case Backup(holds_until=instant) if instant is not None and hindered is None:
            # It leaves when it has let go of the addresses.
            return HandOver(ordered) if ordered is not None and not state.leaves else None
        case Backup() | Master() if why_not is not None:
            return Shutdown(why_not)
        case HandingOver() if hindered is not None:
            return Shutdown(hindered)
        case HandingOver(reason=known) if ordered is not None and ordered != known:
            return HandOver(ordered)  # it resigned, and shall not come back any more
        case Init() | Backup() | Master() | Releasing() | HandingOver():
            return None
