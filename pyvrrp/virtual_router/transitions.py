"""The VRRP state machine: one pure function per state.

BackupHolds is a `Backup` that has the addresses for a moment longer (``holds_until``). RFC 9568
calls Init INIT, both kinds of Backup BACKUP, and the other three MASTER (Active). No event that is
not listed changes the state. ``docs/state-machine.md`` shows these lines as a picture.

In time:
    Init         --Startup-->                Backup
    Init         --Startup-->                Master       it owns the addresses
    Backup       --TimerFired-->             Master       the master is silent or preempted
    Backup       --Shutdown-->               Init
    Master       --AdvertisementReceived-->  BackupHolds  a better master
    Master       --AdvertisementReceived-->  Backup       a better master, linger 0
    Master       --StepDown-->               BackupHolds  its group follows a better master
    Master       --StepDown-->               Backup       its group leaves MASTER
    Master       --HandOver-->               HandingOver  it sends priority 0
    Master       --Shutdown-->               Releasing    the addresses go first
    BackupHolds  --TimerFired-->             Backup       the addresses are removed
    BackupHolds  --Shutdown-->               Init
    HandingOver  --AdvertisementReceived-->  BackupHolds  the successor
    HandingOver  --AdvertisementReceived-->  Backup       the successor, linger 0
    HandingOver  --TimerFired-->             Init         no successor
    HandingOver  --TimerFired-->             Master       no successor, it returns
    HandingOver  --Shutdown-->               Init
    Releasing    --AddressesGone-->          Init         it sends priority 0

After a stall, when the deadline is past by more than Master_Down_Interval:
    Master       --Shutdown-->               Init
    Master       --any other event-->        Backup
    HandingOver  --Shutdown-->               Init
    HandingOver  --any other event-->        Backup
    Releasing    --any event-->              Init

RFC 9568 section 6.4 with errata for VRRPv3, RFC 3768 section 6.4 for VRRPv2, and what
``docs/decisions/0002-beyond-the-rfc.md`` adds: the delay of a preemption, the limit on
re-assertion, the stall guard, the last advertisement of a master that yields, and the two steps of
a release (addresses first, priority 0 when the kernel has confirmed). `handover` has the planned
move.
"""

from dataclasses import replace
from typing import assert_never

from pyvrrp.units import Nanoseconds, in_words
from pyvrrp.virtual_router.actions import (
    Action,
    AddAddresses,
    AnnounceAddresses,
    NewMasterReason,
    RemoveAddresses,
    ReportTransition,
    SendAdvertisement,
    Step,
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
from pyvrrp.virtual_router.rivals import answer_release, answer_rival, sender_wins
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
    """Return the reason, in the terms of RFC 8347, for which a Backup takes over now."""
    return _why_now(state, parameters, now)[1]


def _in_init(state: Init, event: Event, parameters: Parameters, now: Nanoseconds) -> Step:
    """RFC 9568 section 6.4.1."""
    match event:
        case Startup(defers=False) if parameters.priority == OWNER:
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
        case Shutdown():
            report = ReportTransition("BACKUP", "INIT", event.reason)
            held = () if state.holds_until is None else (RemoveAddresses(),)
            return Init(event.reason), (*held, report)
        case AdvertisementReceived() | SuccessorAnnounced() | PriorityChanged():
            return _backup_learns(state, event, parameters, now), ()
        case Startup() | HandOver():
            return _backup_is_ordered(state, event), ()
        case TimerFired() | AddressesGone() | StepDown():
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
    patience = _own_master_down_interval(parameters)
    if state.overtaken:
        patience = parameters.advertisement_interval  # it was silent for the rest already
    if now - state.adver_at > patience:
        # Another router had to take over meanwhile. An advertisement would take the addresses from
        # it, and priority 0 would start an election although it is alive.
        reason = event.reason if isinstance(event, Shutdown) else state.reason
        return Init(reason), (ReportTransition("MASTER", "INIT", reason),)
    match event:
        case AdvertisementReceived() if sender_wins(event, parameters):
            # That router serves already. If it becomes silent, this one advertises again, so that
            # no third router takes over before the addresses are gone here.
            patience = _own_master_down_interval(parameters)
            return replace(state, adver_at=Nanoseconds(now + patience), overtaken=True), ()
        case AddressesGone() if state.overtaken:
            return Init(state.reason), (ReportTransition("MASTER", "INIT", state.reason),)
        case AddressesGone():
            # Sent twice: the loss of a single one would delay the takeover by three intervals.
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
    return not _preempts(event.priority, parameters)


def _preempts(priority: int, parameters: Parameters) -> bool:
    # The owner of the addresses always preempts (RFC 9568 section 6.1).
    preempts = parameters.preempt or parameters.priority == OWNER
    return preempts and priority < parameters.priority


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


def _backup_learns(
    state: Backup,
    event: AdvertisementReceived | SuccessorAnnounced | PriorityChanged,
    parameters: Parameters,
    now: Nanoseconds,
) -> Backup:
    match event:
        case AdvertisementReceived():
            return _backup_hears(state, event, parameters, now)
        case SuccessorAnnounced():
            return successor_announced(state, now)
        case PriorityChanged():
            return _go_on(state, _wait_otherwise(state, event, parameters, now))
        case _:  # pragma: no cover (the type checker proves it)
            assert_never(event)


def _backup_is_ordered(state: Backup, event: Startup | HandOver) -> Backup:
    match event:
        case HandOver():
            return state if state.holds_until is None else replace(state, leaves=True)
        case Startup(defers=False):
            return replace(state, defers=False)
        case Startup():
            # A preemption that was under way is off.
            return replace(state, defers=True, lower=None, preempt_at=None)
        case _:  # pragma: no cover (the type checker proves it)
            assert_never(event)


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
    # RFC 9568 section 6.4.2: always, even if the wait gets longer. The interval is not learned.
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
    # During the delay the lower master counts as the master, so that its failure is noticed.
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
    # A release that has begun continues, whichever router advertises meanwhile.
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
    """Adjust the wait to the new priority: Skew_Time changes, and a lower master may be higher.

    A lower master is not preempted any more either if the router preempts nobody now.
    """
    learned = state.master_adver_interval
    lower = state.lower
    if lower is not None and not _preempts(lower.priority, parameters):
        patience = master_down_interval(parameters.version, parameters.priority, learned)
        return Backup(Nanoseconds(now + patience), learned, lower)
    before = skew_time(parameters.version, event.before, learned)
    after = skew_time(parameters.version, parameters.priority, learned)
    return replace(state, master_down_at=Nanoseconds(state.master_down_at + after - before))


def _become_master(
    before: str, reason: str, cause: NewMasterReason, parameters: Parameters, now: Nanoseconds
) -> tuple[Master, tuple[Action, ...]]:
    # A master uses its own interval. Only a Backup uses the learned one.
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
    # It sends nothing: the router that took over the other members takes over this one too.
    waiting = wait(parameters, parameters.advertisement_interval, now)
    actions: tuple[Action, ...] = (RemoveAddresses(),)
    if event.lingers:
        waiting, actions = keep_for_now(waiting, parameters, now)
    return waiting, (*actions, ReportTransition("MASTER", "BACKUP", event.reason))


def _after_stall(late: Nanoseconds, event: Event, parameters: Parameters, now: Nanoseconds) -> Step:
    """Become a Backup: another router had to take over while this process did not run."""
    reason = f"stalled for {in_words(late)}, longer than Master_Down_Interval"
    waiting = wait(parameters, parameters.advertisement_interval, now)
    given_way = (RemoveAddresses(), ReportTransition("MASTER", "BACKUP", reason))
    if isinstance(event, PriorityChanged):
        return waiting, given_way  # the wait is for the new priority already
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
    return answer_rival(state, event, parameters, now)


def _yield(event: AdvertisementReceived, parameters: Parameters, now: Nanoseconds) -> Step:
    reason = f"{event.sender} has priority {event.priority}"
    if event.priority == parameters.priority:
        reason += " too and the higher address"
    # This advertisement loses. It tells the winner that there was a rival, so that the winner
    # announces the addresses again.
    waiting, actions = keep_for_now(wait(parameters, event.interval, now, event), parameters, now)
    return waiting, (
        SendAdvertisement(parameters.priority),
        *actions,
        ReportTransition("MASTER", "BACKUP", reason),
    )
