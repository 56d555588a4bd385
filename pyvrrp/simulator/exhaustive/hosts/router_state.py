"""One virtual router of a host as the search keeps it: its state, its addresses, what it remembers.

Instants are relative to NOW, as in `node_state`.
"""

from dataclasses import replace
from typing import NamedTuple

from pyvrrp.simulator.exhaustive.hosts.host_scope import HostScope
from pyvrrp.simulator.exhaustive.routers.node_state import NOW, aged_state, earlier, less
from pyvrrp.units import Nanoseconds
from pyvrrp.virtual_router.parameters import Parameters
from pyvrrp.virtual_router.rules.admission import STARTING
from pyvrrp.virtual_router.rules.last_resort import SILENCE_TO_STAND
from pyvrrp.virtual_router.states import Heard, Init, Master, Rival, State


class RouterState(NamedTuple):
    """One virtual router of a host.

    ``wanted`` is what the election asked for, ``held`` what the kernel has; ``removal`` is the time
    left to remove the addresses. ``is_fenced``, ``is_cut_off`` and ``is_drained``: its fence is
    closed, its link is down, its operator wants it to stand aside. ``is_resigned``: it stepped down
    and has not been MASTER since. ``stands`` and the two instants after it are those of the last
    resort, ``asked_at`` and ``held_back`` those of the capacity. ``heard`` is the last
    advertisement of another router, heard at ``heard_at``.
    """

    state: State = Init(STARTING)
    wanted: bool = False
    held: bool = False
    removal: Nanoseconds | None = None
    is_fenced: bool = False
    is_cut_off: bool = False
    is_drained: bool = False
    is_resigned: bool = False
    stands: bool = False
    stands_since: Nanoseconds = NOW
    failed_since: Nanoseconds | None = None
    heard: Heard | None = None
    heard_at: Nanoseconds | None = None
    asked_at: Nanoseconds | None = None
    held_back: bool = False

    @property
    def is_able(self) -> bool:
        """Whether nothing speaks against its taking part."""
        return not (self.is_fenced or self.is_cut_off or self.is_drained)


class HostState(NamedTuple):
    """A host: whether its process runs, its virtual routers, and which of its groups claim."""

    is_running: bool
    routers: tuple[RouterState, ...]
    claiming: tuple[bool, ...]


def aged(host: HostState, passed: Nanoseconds, index: int, scope: HostScope) -> HostState:
    """Return the host number *index* after a while in which nothing happened to it."""
    if not host.is_running:
        return host
    routers = [
        _aged_router(one, passed, own, scope)
        for one, own in zip(host.routers, scope.hosts[index], strict=True)
    ]
    return host._replace(routers=tuple(routers))


def _aged_router(
    one: RouterState, passed: Nanoseconds, own: Parameters, scope: HostScope
) -> RouterState:
    # What is older than this decides nothing any more.
    oldest = Nanoseconds(SILENCE_TO_STAND * scope.longest_wait)

    def older(instant: Nanoseconds | None) -> Nanoseconds | None:
        return None if instant is None else earlier(instant, passed, oldest)

    heard_at = older(one.heard_at)
    remembered = one._replace(
        state=aged_state(one.state, passed, own),
        removal=less(one.removal, passed),
        failed_since=older(one.failed_since),
        heard_at=heard_at,
        asked_at=older(one.asked_at),
        # Only whether something was heard after it matters.
        stands_since=earlier(one.stands_since, passed, oldest) if one.stands else NOW,
    )
    if heard_at is not None and heard_at <= NOW - oldest:
        return remembered._replace(heard=None, heard_at=None)
    return remembered


def without_words(state: State, own: Parameters) -> State:
    """Return *state* without what decides nothing but the wording and number of reports.

    Unlike `without_reports` it keeps the reasons: the rules compare them.
    """
    if not isinstance(state, Master):
        return state
    rival = state.rival
    if rival is not None:
        rival = Rival(own.primary_address, rival.announced_at, rival.quiet_at)
    return replace(state, rival=rival, predecessor=None)
