"""How long a BACKUP must wait: the table of the RFCs again, in the shortest form.

Written from RFC 9568 section 6.4.2 and RFC 3768 section 6.4.2 and not from the machine, so that
the two can disagree.
"""

from pyvrrp.identity import Version
from pyvrrp.simulator.exhaustive.routers.node_state import NodeState
from pyvrrp.simulator.exhaustive.scope import expected_skew, expected_wait
from pyvrrp.units import Nanoseconds
from pyvrrp.virtual_router.events import AdvertisementReceived, Event
from pyvrrp.virtual_router.parameters import OWNER, RELEASE, Parameters
from pyvrrp.virtual_router.states import Backup, HandingOver

NO_TIME = Nanoseconds(0)


def allowed(node: NodeState) -> bool:
    """Return whether a BACKUP may take over now."""
    return node.not_before == 0 or node.preempts_in == 0


def reference(before: NodeState, after: NodeState, event: Event, own: Parameters) -> NodeState:
    """Return *after* with the wait that *event* demands of it."""
    if not isinstance(after.state, Backup):
        return after._replace(not_before=NO_TIME, preempts_in=None)
    if not isinstance(before.state, Backup):
        wait = expected_wait(own, own.advertisement_interval)
        after = after._replace(not_before=wait, preempts_in=None)
    if not isinstance(event, AdvertisementReceived):
        return after
    if event.priority == RELEASE:
        pace = _pace_of(before, own)
        return after._replace(not_before=expected_skew(own, pace))
    # A router that resigned accepts every successor, whatever its priority.
    if isinstance(before.state, HandingOver) or _defers(after):
        wait = expected_wait(own, _believed(event.interval, own))
        return after._replace(not_before=wait, preempts_in=None)
    preempts = own.preempt or own.priority == OWNER
    if not preempts or event.priority >= own.priority:
        wait = expected_wait(own, _believed(event.interval, own))
        return after._replace(not_before=wait, preempts_in=None)
    if own.preempt_delay:
        wait = expected_wait(own, _believed(event.interval, own))
        since = own.preempt_delay if after.preempts_in is None else after.preempts_in
        return after._replace(not_before=wait, preempts_in=since)
    return after


def _pace_of(before: NodeState, own: Parameters) -> Nanoseconds:
    if own.version is Version.V3 and isinstance(before.state, Backup):
        return before.state.master_adver_interval
    return own.advertisement_interval


def _believed(interval: Nanoseconds, own: Parameters) -> Nanoseconds:
    if own.version is Version.V2:
        return own.advertisement_interval
    return min(interval, max(own.max_learned_interval, own.advertisement_interval))


def _defers(node: NodeState) -> bool:
    return isinstance(node.state, Backup) and node.state.defers
