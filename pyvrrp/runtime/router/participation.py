"""From what stands in the way of a virtual router to what its election must hear of it."""

from pyvrrp.virtual_router.events import HandOver, Shutdown, Startup
from pyvrrp.virtual_router.states import Backup, HandingOver, Init, Master, Releasing, State


def due_event(
    state: State, hindered: str | None, wished: str | None, *, lingers: bool, defers: bool
) -> Startup | Shutdown | HandOver | None:
    """Return what *state* must be told while it is *hindered* or *wished* away, or neither.

    *lingers*: a master that may stay for a moment hands over. *defers*: it has resigned before.
    """
    why_not = wished or hindered
    match state:
        case Init() if why_not is None:
            return Startup(defers=defers)
        case Init(reason=known) if why_not != known:
            return Shutdown(why_not or "")
        case Master() if why_not is not None and hindered is None and lingers:
            return HandOver(why_not)
        case Backup(holds_until=instant) if instant is not None and hindered is None:
            return None  # its time comes in a moment
        case Backup() | Master() if why_not is not None:
            return Shutdown(why_not)
        case HandingOver() if hindered is not None:
            return Shutdown(hindered)
        case HandingOver(reason=known) if wished is not None and wished != known:
            return HandOver(wished)  # it resigned, and is not to come back any more
        case Init() | Backup() | Master() | Releasing() | HandingOver():
            return None
