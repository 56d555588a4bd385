"""What holds for every history, found out by hypothesis."""

from dataclasses import replace
from ipaddress import IPv4Address
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from pyvrrp.identity import Version
from pyvrrp.units import Nanoseconds
from pyvrrp.virtual_router.actions import (
    Action,
    AddAddresses,
    AnnounceAddresses,
    CeaseAnnouncing,
    CountSuppressed,
    RemoveAddresses,
    ReportHandover,
    ReportSplitBrain,
    ReportTransition,
    SendAdvertisement,
)
from pyvrrp.virtual_router.events import (
    AddressesGone,
    AdvertisementReceived,
    Event,
    HandOver,
    PriorityChanged,
    Shutdown,
    Startup,
    StepDown,
    TimerFired,
)
from pyvrrp.virtual_router.parameters import Parameters
from pyvrrp.virtual_router.states import (
    Backup,
    HandingOver,
    Init,
    Master,
    Releasing,
    State,
    deadline,
    name,
)
from pyvrrp.virtual_router.transitions import step

OWN = IPv4Address("192.0.2.10")
senders = st.sampled_from([IPv4Address(f"192.0.2.{n}") for n in (5, 10, 20, 30)])
intervals = st.integers(1, 4095).map(lambda cs: Nanoseconds(cs * 10_000_000))
any_interval = st.integers(0, 10**13).map(Nanoseconds)  # the machine does not trust the decoder
priorities = st.one_of(st.sampled_from([0, 1, 99, 100, 101, 254, 255]), st.integers(0, 255))
advertisements = st.builds(AdvertisementReceived, senders, priorities, any_interval)
events: st.SearchStrategy[Event] = st.one_of(
    st.builds(Startup, st.booleans()),
    st.builds(HandOver, st.sampled_from(["drained", "resigned"]), st.booleans()),
    st.builds(Shutdown, st.sampled_from(["fenced", "stopping"])),
    advertisements,
    st.just(TimerFired()),
    st.just(AddressesGone()),
    st.builds(StepDown, st.just("follows lan: fenced"), st.booleans()),
)
parameter_sets = st.builds(
    Parameters,
    version=st.sampled_from(Version),
    priority=st.integers(1, 255),
    advertisement_interval=intervals,
    primary_address=st.just(OWN),
    preempt=st.booleans(),
    preempt_delay=st.sampled_from([0, 10**9, 30 * 10**9]).map(Nanoseconds),
    max_learned_interval=intervals,
    linger=st.sampled_from([0, 50_000_000]).map(Nanoseconds),
)


class AnyHistory(RuleBasedStateMachine):
    """One router, every event at every time; time only moves forward."""

    @initialize(parameters=parameter_sets, start=st.integers(0, 10**15))
    def begin(self, parameters: Parameters, start: int) -> None:
        self.parameters = parameters
        self.now = Nanoseconds(start)
        self.state: State = Init("starting")
        self.held = False
        self.named = "INIT"

    def happen(self, event: Event) -> tuple[Action, ...]:
        before = self.state
        self.state, actions = step(before, event, self.parameters, self.now)
        for action in actions:
            self.check(before, event, action)
        return actions

    def check(self, before: State, event: Event, action: Action) -> None:
        match action:
            case SendAdvertisement(priority=0):
                self.check_release(before, event)
            case SendAdvertisement(priority=priority):
                assert priority == self.parameters.priority
            case AddAddresses():
                assert not self.held
                self.held = True
            case RemoveAddresses():
                assert self.held
                self.held = False
            case AnnounceAddresses():
                assert self.held
            case ReportTransition(before=left, after=entered, reason=reason):
                assert left == self.named
                assert reason
                self.named = entered
            case CeaseAnnouncing():
                assert self.held
                assert self.parameters.linger
            case ReportHandover():
                assert isinstance(before, Master | HandingOver)
            case ReportSplitBrain() | CountSuppressed():
                assert isinstance(before, Master)

    def check_release(self, before: State, event: Event) -> None:
        if isinstance(event, HandOver):
            assert isinstance(before, Master)
        else:
            assert isinstance(before, Releasing)
            assert event == AddressesGone()
            assert not self.held

    @rule(event=events)
    def something_happens(self, event: Event) -> None:
        self.happen(event)

    @rule(priority=st.integers(1, 254))
    def the_priority_changes(self, priority: int) -> None:
        before = self.parameters.priority
        self.parameters = replace(self.parameters, priority=priority)
        self.happen(PriorityChanged(before))

    @rule(passed=st.one_of(st.integers(0, 10**8), st.integers(0, 10**12)))
    def time_passes(self, passed: int) -> None:
        self.now = Nanoseconds(self.now + passed)

    @precondition(lambda self: deadline(self.state) is not None)
    @rule(late=st.sampled_from([0, 0, 0, 1, 50_000, 5_000_000]))
    def the_deadline_is_kept(self, late: int) -> None:
        due = deadline(self.state)
        assert due is not None
        self.now = Nanoseconds(max(self.now, due) + late)
        before = self.state
        self.happen(TimerFired())
        # A deadline that was served is gone, or the timer would fire at wire speed.
        assert self.state != before
        following = deadline(self.state)
        lingered = isinstance(before, Backup) and before.holds_until is not None
        assert following is None or following > self.now or lingered

    @precondition(lambda self: deadline(self.state) is not None)
    @rule(early=st.integers(1, 10**12))
    def a_timer_before_the_deadline_changes_nothing(self, early: int) -> None:
        due = deadline(self.state)
        assert due is not None
        instant = Nanoseconds(due - early)
        assert step(self.state, TimerFired(), self.parameters, instant) == (self.state, ())

    @invariant()
    def addresses_are_held_exactly_while_master_or_succeeded_a_moment_ago(self) -> None:
        lingers = isinstance(self.state, Backup) and self.state.holds_until is not None
        assert self.held is (isinstance(self.state, Master | HandingOver) or lingers)

    @invariant()
    def only_init_has_no_deadline(self) -> None:
        assert (deadline(self.state) is None) is isinstance(self.state, Init)

    @invariant()
    def the_last_reported_transition_is_where_it_is(self) -> None:
        assert self.named == name(self.state)


TestAnyHistory = AnyHistory.TestCase
TestAnyHistory.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)


@settings(max_examples=60, deadline=None)
@given(
    parameters=parameter_sets,
    flood=st.lists(
        st.tuples(st.integers(0, 5_000_000), senders, st.integers(0, 254)),
        min_size=20,
        max_size=150,
    ),
)
def test_no_flood_gets_more_answers_than_the_limit_allows(
    parameters: Parameters, flood: list[tuple[int, IPv4Address, int]]
) -> None:
    """At most one answer per 10 ms, one announcement per interval, eight reports."""
    owner = replace(parameters, priority=255, advertisement_interval=Nanoseconds(40_000_000_000))
    start = Nanoseconds(10**12)
    state: State = Master(Nanoseconds(start + 40_000_000_000))
    now, answers, announced, reported = start, [], 0, 0
    for gap, sender, priority in flood:
        now = Nanoseconds(now + gap)
        event = AdvertisementReceived(sender, priority, Nanoseconds(10**9))
        state, actions = step(state, event, owner, now)
        assert isinstance(state, Master)
        answers += [now for action in actions if action == SendAdvertisement(255)]
        announced += actions.count(AnnounceAddresses())
        reported += sum(isinstance(action, ReportSplitBrain) for action in actions)
    assert all(later - earlier >= 10_000_000 for earlier, later in pairwise(answers))
    assert announced <= 1
    assert reported <= 8


@settings(max_examples=100, deadline=None)
@given(
    parameters=parameter_sets,
    history=st.lists(st.tuples(st.integers(0, 5 * 10**9), events), max_size=30),
    shift=st.integers(-(10**12), 10**15),
)
def test_the_origin_of_time_does_not_matter(
    parameters: Parameters, history: list[tuple[int, Event]], shift: int
) -> None:
    def actions_from(origin: int) -> list[tuple[Action, ...]]:
        state: State = Init("starting")
        now, seen = origin, []
        for gap, event in history:
            now += gap
            state, actions = step(state, event, parameters, Nanoseconds(now))
            seen.append(actions)
        return seen

    assert actions_from(0) == actions_from(shift)


@settings(max_examples=100, deadline=None)
@given(parameters=parameter_sets, heard=advertisements)
def test_no_single_advertisement_postpones_a_takeover_beyond_four_believed_intervals(
    parameters: Parameters, heard: AdvertisementReceived
) -> None:
    state, _ = step(
        Backup(Nanoseconds(1), parameters.advertisement_interval), heard, parameters, Nanoseconds(0)
    )
    limit = max(parameters.max_learned_interval, parameters.advertisement_interval, 10**9)
    assert isinstance(state, Backup)
    assert state.master_down_at <= 4 * limit
