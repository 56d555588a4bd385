"""A planned move: the router gives up MASTER first, and the addresses a moment later.

The router sends priority 0 while it still answers for the addresses. The first advertisement of the
successor makes it a BACKUP. It keeps the addresses for ``linger`` longer, until the neighbours have
heard the announcement of the successor. If the successor announces late, the router waits for that,
but at most ``LONGEST_WAIT`` longer. So one host or the other answers at every instant.
``docs/decisions/0006-handover.md`` has the reasons.
"""

from dataclasses import replace
from typing import assert_never

from pyvrrp.units import MILLISECOND, Nanoseconds, in_words
from pyvrrp.virtual_router.actions import (
    Action,
    AnnounceAddresses,
    CeaseAnnouncing,
    RemoveAddresses,
    ReportHandover,
    ReportTransition,
    SendAdvertisement,
    Step,
)
from pyvrrp.virtual_router.backup_wait import wait
from pyvrrp.virtual_router.events import (
    AddressesGone,
    AdvertisementReceived,
    Event,
    HandOver,
    PriorityChanged,
    Shutdown,
    Startup,
    StepDown,
    SuccessorAnnounced,
    TimerFired,
)
from pyvrrp.virtual_router.parameters import RELEASE, Parameters
from pyvrrp.virtual_router.states import Backup, HandingOver, Init, Master
from pyvrrp.virtual_router.timers import handover_patience, skew_time

LONGEST_WAIT = Nanoseconds(450 * MILLISECOND)  # beyond ``linger``, for a late announcement
AFTER_ANNOUNCEMENT = Nanoseconds(
    20 * MILLISECOND
)  # for frames that the neighbours have already sent here


def begin(event: HandOver, parameters: Parameters, now: Nanoseconds) -> Step:
    """Send priority 0 and keep the addresses."""
    patience = handover_patience(parameters.version, parameters.advertisement_interval)
    return HandingOver(Nanoseconds(now + patience), event.reason, event.returns), (
        ReportHandover(f"hands over: {event.reason}"),
        # Sent twice: the loss of a single one would delay the takeover by three intervals.
        SendAdvertisement(RELEASE),
        SendAdvertisement(RELEASE),
    )


def in_handing_over(
    state: HandingOver, event: Event, parameters: Parameters, now: Nanoseconds
) -> Step:
    """Handle an event while the router waits for a successor."""
    match event:
        case AdvertisementReceived():
            # Priority 0 too: only a master sends it, so that router has taken over and leaves.
            return _succeeded(state, event, parameters, now)
        case SuccessorAnnounced() if state.announced_at is None:
            return replace(state, announced_at=now), ()
        case TimerFired() if now >= state.give_up_at:
            return _nobody_came(state, parameters, now)
        case Shutdown():
            # The service has failed, for example, so it does not help to wait for a successor.
            return Init(event.reason), (
                RemoveAddresses(),
                ReportTransition("MASTER", "INIT", event.reason),
            )
        case HandOver():
            returns = state.returns and event.returns
            return replace(state, reason=event.reason, returns=returns), ()
        case Startup() | TimerFired() | AddressesGone() | PriorityChanged() | StepDown():
            return state, ()
        case SuccessorAnnounced():
            return state, ()
        case _:  # pragma: no cover (the type checker proves it)
            assert_never(event)


def keep_for_now(
    waiting: Backup, parameters: Parameters, now: Nanoseconds
) -> tuple[Backup, tuple[Action, ...]]:
    """Stop the announcements, and remove the addresses after ``linger`` (at once if it is 0)."""
    if parameters.linger == 0:
        return waiting, (RemoveAddresses(),)
    return replace(waiting, holds_until=Nanoseconds(now + parameters.linger)), (CeaseAnnouncing(),)


def successor_announced(state: Backup, now: Nanoseconds) -> Backup:
    """Return *state* with a shorter wait: the successor has announced the addresses."""
    if state.successor_until is None:
        return state
    until = Nanoseconds(now + AFTER_ANNOUNCEMENT)
    return replace(state, successor_until=min(state.successor_until, until))


def _succeeded(
    state: HandingOver, event: AdvertisementReceived, parameters: Parameters, now: Nanoseconds
) -> Step:
    waiting = replace(wait(parameters, event.interval, now, event), defers=state.returns)
    if event.priority == RELEASE:
        own = parameters.advertisement_interval
        skew = skew_time(parameters.version, parameters.priority, own)
        waiting = replace(
            waiting, master_down_at=Nanoseconds(now + skew), master_adver_interval=own
        )
    held, actions = keep_for_now(waiting, parameters, now)
    if held.holds_until is not None:
        until = Nanoseconds(held.holds_until + LONGEST_WAIT)
        held = replace(held, successor_until=until, leaves=not state.returns)
        if state.announced_at is not None:
            held = successor_announced(held, state.announced_at)
    what = f" of priority {event.priority}"
    if event.priority == RELEASE:
        what = ", which releases the addresses too"
    text = f"{state.reason}: handed over to {event.sender}{what}"
    return held, (*actions, ReportTransition("MASTER", "BACKUP", text))


def _nobody_came(state: HandingOver, parameters: Parameters, now: Nanoseconds) -> Step:
    patience = in_words(handover_patience(parameters.version, parameters.advertisement_interval))
    if state.returns:
        adver_at = Nanoseconds(now + parameters.advertisement_interval)
        return Master(adver_at), (
            SendAdvertisement(parameters.priority),
            AnnounceAddresses(),
            ReportHandover(
                f"{state.reason}: nobody took over within {patience}, so it stays master",
                failed=True,
            ),
        )
    return Init(state.reason), (
        RemoveAddresses(),
        ReportHandover(f"{state.reason}: nobody took over within {patience}", failed=True),
        ReportTransition("MASTER", "INIT", state.reason),
    )
