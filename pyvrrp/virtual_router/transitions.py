"""The VRRP state machine: one pure function per state.

RFC 9568 section 6.4 with errata for VRRPv3, RFC 3768 section 6.4 for VRRPv2, and what
``docs/decisions/0002-beyond-the-rfc.md`` adds: the delay of a preemption, the limit on
re-assertion, the stall guard, the farewell of a master that yields, and the two steps of a release
(addresses first, priority 0 when the kernel has confirmed). A planned move is in `handover`.
"""

from dataclasses import replace
from typing import TypeAlias, assert_never

from pyvrrp.units import Nanoseconds, in_words
from pyvrrp.virtual_router.actions import (
    Action,
    AddAddresses,
    AnnounceAddresses,
    NewMasterReason,
    RemoveAddresses,
    ReportTransition,
    SendAdvertisement,
)
from pyvrrp.virtual_router.backup_wait import hear_last_resort, wait
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
from pyvrrp.virtual_router.handover import (
    begin,
    in_handing_over,
    keep_for_now,
    successor_announced,
)
from pyvrrp.virtual_router.parameters import (
    LAST_RESORT,
    MAY_LEAVE_EARLY,
    OWNER,
    RELEASE,
    Parameters,
)
from pyvrrp.virtual_router.rivals import answer_release, meet_rival, sender_wins
from pyvrrp.virtual_router.states import (
    Backup,
    HandingOver,
    Heard,
    Init,
    Master,
    Releasing,
    State,
    deadline,
)
from pyvrrp.virtual_router.timers import master_down_interval, skew_time

Step: TypeAlias = tuple[State, tuple[Action, ...]]


def step(state: State, event: Event, parameters: Parameters, now: Nanoseconds) -> Step:
    """Return the next state and the actions to carry out, in order."""
    match state:
        case Init():
            return _in_init(state, event, parameters, now)
        case Backup():
            return _in_backup(state, event, parameters, now)
        case Master():
            return _in_master(state, event, parameters, now)
        case Releasing():
            return _in_releasing(state, event, parameters, now)
        case HandingOver():
            late = Nanoseconds(now - state.give_up_at)
            if late > _own_master_down_interval(parameters):
                return _after_stall(late, event, parameters, now)
            return in_handing_over(state, event, parameters, now)
        case _:  # pragma: no cover (the type checker proves it)
            assert_never(state)


def takeover_cause(state: Backup, parameters: Parameters, now: Nanoseconds) -> NewMasterReason:
    """Return why a Backup whose time has come takes over."""
    return _why_now(state, parameters, now)[1]


def _in_init(state: Init, event: Event, parameters: Parameters, now: Nanoseconds) -> Step:
    """RFC 9568 section 6.4.1."""
    match event:
        case Startup() if parameters.priority == OWNER:
            return _become_master(
                "INIT", "address owner", NewMasterReason.PRIORITY, parameters, now
            )
        case Startup():
            waiting = wait(parameters, parameters.advertisement_interval, now)
            waiting = replace(waiting, defers=event.defers)
            report = ReportTransition("INIT", "BACKUP", "ready, listening for a master")
            return waiting, (report,)
        case Shutdown() if event.reason != state.reason:
            return Init(event.reason), (ReportTransition("INIT", "INIT", event.reason),)
        case Shutdown() | HandOver() | AdvertisementReceived() | TimerFired() | AddressesGone():
            return state, ()
        case PriorityChanged() | StepDown() | SuccessorAnnounced():
            return state, ()
        case _:  # pragma: no cover (the type checker proves it)
            assert_never(event)


def _in_backup(state: Backup, event: Event, parameters: Parameters, now: Nanoseconds) -> Step:
    """RFC 9568 section 6.4.2."""
    match event:
        case TimerFired() if state.holds_until is not None:
            return _let_go_in_time(state, now)
        case TimerFired() if takeover_is_due(state, now):
            reason, cause = _why_now(state, parameters, now)
            taken, actions = _become_master("BACKUP", reason, cause, parameters, now)
            if cause is NewMasterReason.PREEMPTED and state.lower is not None:
                taken = replace(taken, predecessor=state.lower.sender)
            return taken, actions
        case AdvertisementReceived():
            return _backup_hears(state, event, parameters, now), ()
        case SuccessorAnnounced():
            return successor_announced(state, now), ()
        case HandOver() if state.holds_until is not None:
            return replace(state, leaves=True), ()
        case Shutdown():
            report = ReportTransition("BACKUP", "INIT", event.reason)
            held = () if state.holds_until is None else (RemoveAddresses(),)
            return Init(event.reason), (*held, report)
        case PriorityChanged():
            return _go_on(state, _wait_otherwise(state, event, parameters, now)), ()
        case Startup() | HandOver() | TimerFired() | AddressesGone() | StepDown():
            return state, ()
        case _:  # pragma: no cover (the type checker proves it)
            assert_never(event)


def _in_master(state: Master, event: Event, parameters: Parameters, now: Nanoseconds) -> Step:
    """RFC 9568 section 6.4.3."""
    late = Nanoseconds(now - state.adver_at)
    # Master_Down_Interval is longer than three intervals, and takes longer to work out.
    if late > parameters.advertisement_interval and late > _own_master_down_interval(parameters):
        return _after_stall(late, event, parameters, now)
    match event:
        case TimerFired(with_turn=with_turn):
            return _master_timer(state, with_turn, parameters, now)
        case AdvertisementReceived():
            return _master_hears(state, event, parameters, now)
        case Shutdown():
            return Releasing(state.adver_at, event.reason), (RemoveAddresses(),)
        case HandOver():
            return begin(event, parameters, now)
        case StepDown():
            return _follow(event, parameters, now)
        case Startup() | AddressesGone() | SuccessorAnnounced():
            return state, ()
        case PriorityChanged():
            adver_at = Nanoseconds(now + parameters.advertisement_interval)
            return replace(state, adver_at=adver_at), (SendAdvertisement(parameters.priority),)
        case _:  # pragma: no cover (the type checker proves it)
            assert_never(event)


def _in_releasing(state: Releasing, event: Event, parameters: Parameters, now: Nanoseconds) -> Step:
    if now - state.adver_at > _own_master_down_interval(parameters):
        # Others had to take over meanwhile. An advertisement would take the addresses from them,
        # and priority 0 would start an election beside a living master.
        reason = event.reason if isinstance(event, Shutdown) else state.reason
        return Init(reason), (ReportTransition("MASTER", "INIT", reason),)
    match event:
        case AdvertisementReceived() if sender_wins(event, parameters):
            # It serves already. Should it fall silent, this claim keeps the others away again.
            patience = _own_master_down_interval(parameters)
            return replace(state, adver_at=Nanoseconds(now + patience), overtaken=True), ()
        case AddressesGone() if state.overtaken:
            return Init(state.reason), (ReportTransition("MASTER", "INIT", state.reason),)
        case AddressesGone():
            # Twice, as one of them may be lost and the cost of that is three intervals.
            return Init(state.reason), (
                SendAdvertisement(RELEASE),
                SendAdvertisement(RELEASE),
                ReportTransition("MASTER", "INIT", state.reason),
            )
        case TimerFired() if now >= state.adver_at:
            adver_at = Nanoseconds(now + parameters.advertisement_interval)
            claim = replace(state, adver_at=adver_at, overtaken=False)
            return claim, (SendAdvertisement(parameters.priority),)
        case Shutdown():
            return replace(state, reason=event.reason), ()
        case Startup() | HandOver() | AdvertisementReceived() | TimerFired():
            return state, ()
        case PriorityChanged() | StepDown() | SuccessorAnnounced():
            return state, ()
        case _:  # pragma: no cover (the type checker proves it)
            assert_never(event)


def _accepts(event: AdvertisementReceived, parameters: Parameters) -> bool:
    # The owner preempts whatever the flag says (RFC 9568 section 6.1).
    preempts = parameters.preempt or parameters.priority == OWNER
    return not preempts or event.priority >= parameters.priority


def takeover_is_due(state: Backup, now: Nanoseconds) -> bool:
    """Tell whether a Backup is to become master at *now*."""
    if state.holds_until is not None:
        return False
    return now >= state.master_down_at or (state.preempt_at is not None and now >= state.preempt_at)


def _why_now(
    state: Backup, parameters: Parameters, now: Nanoseconds
) -> tuple[str, NewMasterReason]:
    if state.lower is not None and (state.preempt_at is None or now >= state.preempt_at):
        return (
            f"preempts {state.lower.sender} of priority {state.lower.priority}",
            NewMasterReason.PREEMPTED,
        )
    if state.master is not None and state.master.priority == RELEASE:
        return f"{state.master.sender} released the addresses", NewMasterReason.PRIORITY
    silence = in_words(
        master_down_interval(parameters.version, parameters.priority, state.master_adver_interval)
    )
    last = state.lower or state.master
    who = "nobody was heard" if last is None else f"{last.sender} was silent"
    return f"{who} for {silence}", NewMasterReason.NO_RESPONSE


def _backup_hears(
    state: Backup, event: AdvertisementReceived, parameters: Parameters, now: Nanoseconds
) -> Backup:
    if event.priority == RELEASE:
        return _hear_release(state, event, parameters, now)
    if event.priority == LAST_RESORT < parameters.priority:
        return hear_last_resort(state, event, parameters, now)
    if state.defers or _accepts(event, parameters):
        return _go_on(state, wait(parameters, event.interval, now, event))
    return _hear_lower(state, event, parameters, now)


def _hear_release(
    state: Backup, event: AdvertisementReceived, parameters: Parameters, now: Nanoseconds
) -> Backup:
    # Unconditional, even where it lengthens a wait, and the interval is not learned (6.4.2).
    skew = skew_time(parameters.version, parameters.priority, state.master_adver_interval)
    lower = state.lower
    if lower is not None and lower.sender == event.sender:
        lower = None
    return replace(
        state,
        master_down_at=Nanoseconds(now + skew),
        master=Heard(event.sender, RELEASE),
        lower=lower,
    )


def _hear_lower(
    state: Backup, event: AdvertisementReceived, parameters: Parameters, now: Nanoseconds
) -> Backup:
    lower = Heard(event.sender, event.priority)
    if parameters.preempt_delay == 0:
        return state if state.lower == lower else replace(state, lower=lower)
    # While the delay runs, the lower master is believed, so that its death is noticed in time.
    preempt_at = state.preempt_at
    if preempt_at is None:
        preempt_at = Nanoseconds(now + parameters.preempt_delay)
    waiting = _go_on(state, wait(parameters, event.interval, now, event))
    return replace(waiting, lower=lower, preempt_at=preempt_at)


def _let_go_in_time(state: Backup, now: Nanoseconds) -> Step:
    due = deadline(state)
    if due is None or now < due:
        return state, ()
    let_go = replace(state, holds_until=None, successor_until=None, leaves=False)
    return let_go, (RemoveAddresses(),)


def _go_on(state: Backup, waiting: Backup) -> Backup:
    # What was begun goes on, no matter which router is heard meanwhile.
    if state.holds_until is None and not state.defers:
        return waiting
    return replace(
        waiting,
        holds_until=state.holds_until,
        successor_until=state.successor_until,
        leaves=state.leaves,
        defers=state.defers,
    )


def _wait_otherwise(
    state: Backup, event: PriorityChanged, parameters: Parameters, now: Nanoseconds
) -> Backup:
    """Wait as the new priority has to: the skew is another one, and a lower master may be none."""
    learned = state.master_adver_interval
    lower = state.lower
    if lower is not None and lower.priority >= parameters.priority:
        patience = master_down_interval(parameters.version, parameters.priority, learned)
        return Backup(Nanoseconds(now + patience), learned, lower)
    before = skew_time(parameters.version, event.before, learned)
    after = skew_time(parameters.version, parameters.priority, learned)
    return replace(state, master_down_at=Nanoseconds(state.master_down_at + after - before))


def _become_master(
    before: str, reason: str, cause: NewMasterReason, parameters: Parameters, now: Nanoseconds
) -> tuple[Master, tuple[Action, ...]]:
    # Becoming master uses the own interval; what was learned matters to a Backup only.
    adver_at = Nanoseconds(now + parameters.advertisement_interval)
    return Master(adver_at), (
        SendAdvertisement(parameters.priority),
        AddAddresses(),
        ReportTransition(before, "MASTER", reason, cause),
    )


def _own_master_down_interval(parameters: Parameters) -> Nanoseconds:
    return master_down_interval(
        parameters.version, parameters.priority, parameters.advertisement_interval
    )


def _follow(event: StepDown, parameters: Parameters, now: Nanoseconds) -> Step:
    # Not a word on the wire: who has the other members has this one too, or will in a moment.
    waiting = wait(parameters, parameters.advertisement_interval, now)
    actions: tuple[Action, ...] = (RemoveAddresses(),)
    if event.lingers:
        waiting, actions = keep_for_now(waiting, parameters, now)
    return waiting, (*actions, ReportTransition("MASTER", "BACKUP", event.reason))


def _after_stall(late: Nanoseconds, event: Event, parameters: Parameters, now: Nanoseconds) -> Step:
    """Give way: others had to take over while this process did not run."""
    reason = f"stalled for {in_words(late)}, longer than Master_Down_Interval"
    waiting = wait(parameters, parameters.advertisement_interval, now)
    given_way = (RemoveAddresses(), ReportTransition("MASTER", "BACKUP", reason))
    if isinstance(event, PriorityChanged):
        return waiting, given_way  # it waits as the new priority has to already
    state, actions = _in_backup(waiting, event, parameters, now)
    return state, (*given_way, *actions)


def _master_timer(
    state: Master, with_turn: Nanoseconds | None, parameters: Parameters, now: Nanoseconds
) -> Step:
    interval, rival = parameters.advertisement_interval, state.rival
    actions: tuple[Action, ...] = ()
    turn = state.adver_at
    if with_turn is not None and 0 < turn - with_turn <= interval // MAY_LEAVE_EARLY:
        turn = with_turn
    if now >= turn:
        # Counted from the turn, not from now, so that lateness does not add up.
        adver_at = Nanoseconds(turn + interval)
        if adver_at <= now:
            adver_at = Nanoseconds(now + interval)
        # A predecessor that is still master after a whole interval is a rival like any other.
        state = Master(adver_at, state.reasserted_at, rival, None)
        actions = (SendAdvertisement(parameters.priority),)
    if rival is not None and now >= rival.quiet_at:
        # Its last gratuitous ARP may have come after ours.
        state = replace(state, rival=None)
        actions = (*actions, AnnounceAddresses())
    return state, actions


def _master_hears(
    state: Master, event: AdvertisementReceived, parameters: Parameters, now: Nanoseconds
) -> Step:
    if sender_wins(event, parameters):
        return _yield(event, parameters, now)
    if event.priority == RELEASE:
        return answer_release(state, parameters, now)
    return meet_rival(state, event, parameters, now)


def _yield(event: AdvertisementReceived, parameters: Parameters, now: Nanoseconds) -> Step:
    reason = f"{event.sender} has priority {event.priority}"
    if event.priority == parameters.priority:
        reason += " too and the higher address"
    # The losing advertisement tells the winner that there was a rival, so that it announces.
    waiting, actions = keep_for_now(wait(parameters, event.interval, now, event), parameters, now)
    return waiting, (
        SendAdvertisement(parameters.priority),
        *actions,
        ReportTransition("MASTER", "BACKUP", reason),
    )
