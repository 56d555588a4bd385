"""Whether the address lease of a virtual router may be renewed."""

from typing import assert_never

from pyvrrp.units import Nanoseconds
from pyvrrp.virtual_router.parameters import Parameters
from pyvrrp.virtual_router.states import Backup, HandingOver, Init, Master, Releasing, State
from pyvrrp.virtual_router.timers import handover_patience


def may_hold(
    state: State,
    parameters: Parameters,
    sent_at: Nanoseconds | None,
    renewal_limit: Nanoseconds,
    now: Nanoseconds,
) -> bool:
    """Return whether the address lease may be renewed at *now*.

    *sent_at* is when the last advertisement left, None if it could not be sent. *renewal_limit* is
    how old it may be while MASTER. In a handover the last advertisement is the one with priority 0.
    The successor answers that within `handover_patience`.
    """
    if sent_at is None:
        return False
    age = now - sent_at
    match state:
        case Master():
            return age <= renewal_limit
        case HandingOver(give_up_at=give_up_at):
            interval = parameters.advertisement_interval
            return age <= handover_patience(parameters.version, interval) and now < give_up_at
        case Init() | Backup() | Releasing():
            return False
        case _:  # pragma: no cover (the type checker proves it)
            assert_never(state)
