"""A planned move: the mastership goes first, the addresses when the successor has announced.

Priority 0 is sent while this router still answers for the addresses. The first advertisement of the
successor makes it a BACKUP. It keeps the addresses for ``linger`` more, until the successor's
announcement has moved the neighbours. A successor that is held up after its first advertisement
announces later: it is waited for, but not longer than ``LONGEST_WAIT``. So at every instant a host
answers. ``docs/decisions/0006-handover.md`` has the reasons.
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
from pyvrrp.virtual_router.timers import handover_patience

LONGEST_WAIT = Nanoseconds(450 * MILLISECOND)  # beyond ``linger``, for a successor that is silent
AFTER_ANNOUNCEMENT = Nanoseconds(20 * MILLISECOND)  # for what the neighbours have sent already


def begin(event: HandOver, parameters: Parameters, now: Nanoseconds) -> Step:
    """Give the mastership up on the wire, and nothing else."""
    patience = handover_patience(parameters.version, parameters.advertisement_interval)
    return HandingOver(Nanoseconds(now + patience), event.reason, event.returns), (
        ReportHandover(f"hands over: {event.reason}"),
        # Twice, as one of them may be lost and the cost of that is three intervals.
        SendAdvertisement(RELEASE),
        SendAdvertisement(RELEASE),
    )


def in_handing_over(
    state: HandingOver, event: Event, parameters: Parameters, now: Nanoseconds
) -> Step:
    """Wait for the successor."""
    match event:
        case AdvertisementReceived(priority=0):
            return state, ()  # it does not want the addresses either
        case AdvertisementReceived():
            return _succeeded(state, event, parameters, now)
        case SuccessorAnnounced() if state.announced_at is None:
            return replace(state, announced_at=now), ()
        case TimerFired() if now >= state.give_up_at:
            return _nobody_came(state, parameters, now)
        case Shutdown():
            # The service is dead, say: nobody is served by going on.
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
    """Stop announcing the addresses, and have them removed a moment later."""
    if parameters.linger == 0:
        return waiting, (RemoveAddresses(),)
    return replace(waiting, holds_until=Nanoseconds(now + parameters.linger)), (CeaseAnnouncing(),)


def successor_announced(state: Backup, now: Nanoseconds) -> Backup:
    """Return a Backup that keeps the addresses no longer than the neighbours need."""
    if state.successor_until is None:
        return state
    until = Nanoseconds(now + AFTER_ANNOUNCEMENT)
    return replace(state, successor_until=min(state.successor_until, until))


def _succeeded(
    state: HandingOver, event: AdvertisementReceived, parameters: Parameters, now: Nanoseconds
) -> Step:
    waiting = replace(wait(parameters, event.interval, now, event), defers=state.returns)
    held, actions = keep_for_now(waiting, parameters, now)
    if held.holds_until is not None:
        until = Nanoseconds(held.holds_until + LONGEST_WAIT)
        held = replace(held, successor_until=until, leaves=not state.returns)
        if state.announced_at is not None:
            held = successor_announced(held, state.announced_at)
    text = f"{state.reason}: handed over to {event.sender} of priority {event.priority}"
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
