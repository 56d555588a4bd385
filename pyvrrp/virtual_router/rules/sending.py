"""How long a master may be one whose advertisements do not leave."""

from pyvrrp.units import Nanoseconds
from pyvrrp.virtual_router.parameters import Parameters
from pyvrrp.virtual_router.rules.kernel_answers import Meaning
from pyvrrp.virtual_router.states import Master, State
from pyvrrp.virtual_router.timers import master_down_interval


def mastership_ends_at(
    state: State,
    parameters: Parameters,
    sent_at: Nanoseconds | None,
    answer: Meaning,
    now: Nanoseconds,
) -> Nanoseconds | None:
    """Return when a master must leave, at *now* at the earliest; None: it is not MASTER.

    Its advertisement did not leave at *now*, for which the kernel gave *answer*. *sent_at* is when
    the last one left, None if none did since it became MASTER. After Master_Down_Interval without
    an advertisement another router takes over. One that will never leave is not waited for.
    """
    if not isinstance(state, Master):
        return None
    if answer is Meaning.CANNOT:
        return now
    patience = master_down_interval(
        parameters.version, parameters.priority, parameters.advertisement_interval
    )
    return max(now, Nanoseconds((now if sent_at is None else sent_at) + patience))
