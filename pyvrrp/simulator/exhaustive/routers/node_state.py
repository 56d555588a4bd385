"""One node as the search sees it: the real state, and what a process and a kernel have around it.

Times are relative: the present is always NOW, and when time passes the instants that a state
holds move towards the past. Instants that are so old that their age makes no difference any more
stay where they are, and what only reports use is forgotten; so there are finitely many nodes.
"""

from dataclasses import replace
from enum import IntEnum
from typing import NamedTuple, assert_never

from pyvrrp.units import Nanoseconds
from pyvrrp.virtual_router.handover import AFTER_ANNOUNCEMENT
from pyvrrp.virtual_router.parameters import Parameters
from pyvrrp.virtual_router.states import (
    Backup,
    HandingOver,
    Init,
    Master,
    Releasing,
    Rival,
    State,
)
from pyvrrp.virtual_router.timers import master_down_interval, reassertion_gap

NOW = Nanoseconds(1_000_000_000_000)


class ProcessState(IntEnum):
    """What the daemon's process does."""

    DEAD = 0
    STANDING = 1
    RUNNING = 2


class HeardAdvertisement(NamedTuple):
    """An advertisement that waits in the socket of a process that stands."""

    sender: int
    priority: int


class NodeState(NamedTuple):
    """A node.

    ``wanted`` is what the machine asked for, ``held`` what the kernel has. ``removal`` is the time
    left to remove the addresses, ``adding`` the time left to add them, ``lease`` the time left to
    addresses that nothing renews; ``leftovers`` are of an earlier process. ``kept`` says that the
    kernel refused to remove the addresses, ``refused`` that it refused to add them a while ago.
    ``not_before`` and ``preempts_in`` are the reference: how long the router must still be patient
    by the letter of the RFC, and by its preemption delay.
    """

    process: ProcessState = ProcessState.DEAD
    state: State = Init("")
    fence_open: bool = True
    wanted: bool = False
    held: bool = False
    removal: Nanoseconds | None = None
    adding: Nanoseconds | None = None
    lease: Nanoseconds | None = None
    leftovers: bool = False
    kept: bool = False
    refused: bool = False
    socket: tuple[HeardAdvertisement, ...] = ()
    not_before: Nanoseconds = Nanoseconds(0)
    preempts_in: Nanoseconds | None = None


def aged(node: NodeState, passed: Nanoseconds, parameters: Parameters) -> NodeState:
    """Return the node after a while in which nothing happened to it."""
    running = node.process is ProcessState.RUNNING
    lease = less(node.lease, passed)
    held = node.held and lease != 0
    return node._replace(
        state=aged_state(node.state, passed, parameters),
        held=held,
        # The request of a process that stands may stand with it.
        removal=less(node.removal, passed) if running else node.removal,
        adding=less(node.adding, passed) if running else node.adding,
        lease=lease if held else None,
        not_before=less(node.not_before, passed) or Nanoseconds(0),
        preempts_in=less(node.preempts_in, passed),
    )


def less(left: Nanoseconds | None, passed: Nanoseconds) -> Nanoseconds | None:
    """Return the time that is *left* after a while, if there is any."""
    return None if left is None else Nanoseconds(max(left - passed, 0))


def aged_state(state: State, passed: Nanoseconds, parameters: Parameters) -> State:
    """Return *state* after a while in which nothing happened."""
    match state:
        case Init():
            return state
        case Backup():
            return replace(
                state,
                master_down_at=earlier(state.master_down_at, passed, Nanoseconds(0)),
                preempt_at=_earlier_if_any(state.preempt_at, passed),
                holds_until=_earlier_if_any(state.holds_until, passed),
                successor_until=_earlier_if_any(state.successor_until, passed),
            )
        case Master():
            return _aged_master(state, passed, parameters)
        case Releasing(adver_at=adver_at):
            stalled = Nanoseconds(_own_master_down_interval(parameters) + 1)
            return replace(state, adver_at=earlier(adver_at, passed, stalled))
        case HandingOver(give_up_at=give_up_at):
            stalled = Nanoseconds(_own_master_down_interval(parameters) + 1)
            announced_at = state.announced_at
            if announced_at is not None:
                announced_at = earlier(announced_at, passed, AFTER_ANNOUNCEMENT)
            give_up_at = earlier(give_up_at, passed, stalled)
            return replace(state, give_up_at=give_up_at, announced_at=announced_at)
        case _:  # pragma: no cover (the type checker proves it)
            assert_never(state)


def _aged_master(state: Master, passed: Nanoseconds, parameters: Parameters) -> Master:
    version, priority = parameters.version, parameters.priority
    interval = parameters.advertisement_interval
    stalled = Nanoseconds(_own_master_down_interval(parameters) + 1)
    reasserted_at, rival = state.reasserted_at, state.rival
    if reasserted_at is not None:
        gap = reassertion_gap(version, priority, interval)
        reasserted_at = earlier(reasserted_at, passed, gap)
    if rival is not None:
        rival = replace(
            rival,
            announced_at=earlier(rival.announced_at, passed, interval),
            quiet_at=earlier(rival.quiet_at, passed, Nanoseconds(0)),
        )
    adver_at = earlier(state.adver_at, passed, stalled)
    return Master(adver_at, reasserted_at, rival, state.predecessor)


def _own_master_down_interval(parameters: Parameters) -> Nanoseconds:
    version, priority = parameters.version, parameters.priority
    return master_down_interval(version, priority, parameters.advertisement_interval)


def _earlier_if_any(instant: Nanoseconds | None, passed: Nanoseconds) -> Nanoseconds | None:
    return None if instant is None else earlier(instant, passed, Nanoseconds(0))


def earlier(instant: Nanoseconds, passed: Nanoseconds, oldest: Nanoseconds) -> Nanoseconds:
    """Return *instant* a while later, as it is seen from NOW, and not older than *oldest*."""
    return Nanoseconds(max(instant - passed, NOW - oldest))


def without_reports(state: State, parameters: Parameters) -> State:
    """Return *state* without what decides nothing but the wording and number of reports."""
    match state:
        case Init():
            return Init("")
        case Releasing() | HandingOver():
            return replace(state, reason="")
        case Master(rival=rival):
            if rival is not None:
                rival = Rival(parameters.primary_address, rival.announced_at, rival.quiet_at)
            return replace(state, rival=rival, predecessor=None)
        case Backup():
            return state
        case _:  # pragma: no cover (the type checker proves it)
            assert_never(state)
