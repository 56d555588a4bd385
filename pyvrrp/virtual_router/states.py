"""The states of a virtual router. A state holds its own deadline, and nothing that cannot be."""

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address
from typing import TypeAlias, assert_never

from pyvrrp.units import Nanoseconds


@dataclass(frozen=True, slots=True)
class Heard:
    """Who advertised, and with which priority; 0 is a release."""

    sender: IPv4Address | IPv6Address
    priority: int


@dataclass(frozen=True, slots=True)
class Init:
    """Takes no part in the election (RFC 9568 section 6.4.1), for *reason*."""

    reason: str


@dataclass(frozen=True, slots=True)
class Backup:
    """Watches the master (section 6.4.2).

    ``master`` sent the advertisement that ``master_down_at`` counts from. ``lower`` is a master of
    lower priority that was heard since and will be preempted, at ``preempt_at`` if a delay was set.

    ``holds_until``: the router was master until now. It keeps the addresses until then, while the
    announcement of the new master moves the neighbours, and claims nothing. In a handover it keeps
    them longer, until the successor has announced, but not after ``successor_until``.
    ``leaves``: it will not take part afterwards, so its own turn does not end that wait.
    ``defers``: it resigned, so it preempts nobody.
    """

    master_down_at: Nanoseconds
    master_adver_interval: Nanoseconds
    master: Heard | None = None
    lower: Heard | None = None
    preempt_at: Nanoseconds | None = None
    holds_until: Nanoseconds | None = None
    successor_until: Nanoseconds | None = None
    leaves: bool = False
    defers: bool = False


@dataclass(frozen=True, slots=True)
class Rival:
    """Another master that should not be one; once silent until ``quiet_at`` it has given in.

    ``sender`` was heard last, should there be several; ``reported`` are those people know of.
    """

    sender: IPv4Address | IPv6Address
    announced_at: Nanoseconds
    quiet_at: Nanoseconds
    reported: frozenset[IPv4Address | IPv6Address] = frozenset()


@dataclass(frozen=True, slots=True)
class Master:
    """Owns the virtual addresses (section 6.4.3, where it is called Active).

    ``reasserted_at`` is when a losing advertisement was last answered; ``predecessor`` is the
    master that was preempted, whose farewell is expected within the first interval.
    """

    adver_at: Nanoseconds
    reasserted_at: Nanoseconds | None = None
    rival: Rival | None = None
    predecessor: IPv4Address | IPv6Address | None = None


@dataclass(frozen=True, slots=True)
class Releasing:
    """Still master on the wire, until the kernel confirms that the addresses are gone.

    Priority 0 before that would let the next master overlap: a Backup of priority 254 at 10 ms
    waits 78 microseconds. ``overtaken``: a better master is there already, so this one is silent
    until ``adver_at``, which that one moves on, and need not say goodbye.
    """

    adver_at: Nanoseconds
    reason: str
    overtaken: bool = False


@dataclass(frozen=True, slots=True)
class HandingOver:
    """Has released the mastership on the wire, and answers until the successor advertises.

    If nobody has advertised by ``give_up_at``, it leaves for ``reason``, or, if it ``returns``, is
    master again. ``announced_at`` is when another host first announced the addresses.
    """

    give_up_at: Nanoseconds
    reason: str
    returns: bool = False
    announced_at: Nanoseconds | None = None


State: TypeAlias = Init | Backup | Master | Releasing | HandingOver


def deadline(state: State) -> Nanoseconds | None:
    """Return the instant at which the state wants TimerFired, if any."""
    match state:
        case Init():
            return None
        case Backup():
            return _backup_deadline(state)
        case Master(adver_at=instant, rival=rival):
            return instant if rival is None else min(instant, rival.quiet_at)
        case Releasing(adver_at=instant) | HandingOver(give_up_at=instant):
            return instant
        case _:  # pragma: no cover (the type checker proves it)
            assert_never(state)


def _backup_deadline(state: Backup) -> Nanoseconds:
    if state.holds_until is not None:
        return _lets_go_at(state, state.holds_until)
    if state.preempt_at is None:
        return state.master_down_at
    return min(state.master_down_at, state.preempt_at)


def _lets_go_at(state: Backup, holds_until: Nanoseconds) -> Nanoseconds:
    until = state.successor_until
    if until is None:
        return holds_until
    if not state.leaves:
        # It must not miss that it is its own turn again.
        until = min(until, state.master_down_at)
    return max(holds_until, until)


def is_transient(state: State) -> bool:
    """Tell whether the state is a part of a move that ends by itself."""
    if isinstance(state, Backup):
        return state.holds_until is not None
    return isinstance(state, Releasing | HandingOver)


def name(state: State) -> str:
    """Return the state's name for people: INIT, BACKUP or MASTER."""
    match state:
        case Init():
            return "INIT"
        case Backup():
            return "BACKUP"
        case Master() | Releasing() | HandingOver():
            return "MASTER"
        case _:  # pragma: no cover (the type checker proves it)
            assert_never(state)
