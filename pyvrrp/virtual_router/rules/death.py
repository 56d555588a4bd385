"""Whether the guardian may hand over for a router whose daemon dies.

It is asked while the daemon lives. The guardian gets the answer as an instant, and compares it with
the clock when the daemon has died.
"""

from typing import assert_never

from pyvrrp.units import SECOND, Nanoseconds
from pyvrrp.virtual_router.after_death import TimesAfterDeath
from pyvrrp.virtual_router.handover import AFTER_ANNOUNCEMENT, LONGEST_WAIT
from pyvrrp.virtual_router.parameters import Parameters
from pyvrrp.virtual_router.states import Backup, HandingOver, Init, Master, Releasing, State
from pyvrrp.virtual_router.timers import handover_patience

# A service manager may kill the guardian later than that, and nothing would remove the addresses.
LONGEST_PATIENCE = Nanoseconds(10 * SECOND)


def may_hand_over_until(
    state: State, parameters: Parameters, sent_at: Nanoseconds | None, *, lingers: bool
) -> Nanoseconds | None:
    """Return until when a death is followed by a handover; None: the addresses go at once.

    *sent_at* is when the last advertisement left, None if it could not be sent. No backup takes
    over within three intervals after it. A daemon that dies later was hanging, and what it knew of
    its checks may be wrong by then. *lingers*: two nodes may have the addresses for a moment
    (`group.lingers`).
    """
    if not lingers or parameters.linger == 0 or sent_at is None:
        return None
    match state:
        case Master():
            return Nanoseconds(sent_at + 3 * parameters.advertisement_interval)
        case HandingOver(give_up_at=give_up_at):
            return give_up_at
        case Init() | Backup() | Releasing():
            return None
        case _:  # pragma: no cover (the type checker proves it)
            assert_never(state)


def times_after_death(parameters: Parameters) -> TimesAfterDeath:
    """Return the times of a handover by the guardian."""
    patience = handover_patience(parameters.version, parameters.advertisement_interval)
    least = min(patience, LONGEST_PATIENCE)
    return least, parameters.linger, LONGEST_WAIT, AFTER_ANNOUNCEMENT
