"""The machine that the daemon runs keeps every promise in every history of these scopes."""

from dataclasses import replace
from ipaddress import IPv4Address

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pyvrrp.identity import Version
from pyvrrp.simulator.exhaustive.matrix import matrix, router
from pyvrrp.simulator.exhaustive.routers.node_state import (
    NOW,
    NodeState,
    ProcessState,
    aged,
    without_reports,
)
from pyvrrp.simulator.exhaustive.scope import Scope, SearchedFault
from pyvrrp.simulator.exhaustive.search import SearchLimits, SearchProgress, search
from pyvrrp.units import SECOND, Nanoseconds
from pyvrrp.virtual_router.actions import (
    Action,
    AddAddresses,
    AnnounceAddresses,
    CountSuppressed,
    RemoveAddresses,
    SendAdvertisement,
)
from pyvrrp.virtual_router.events import (
    AddressesGone,
    AdvertisementReceived,
    Event,
    HandOver,
    Shutdown,
    Startup,
    TimerFired,
)
from pyvrrp.virtual_router.states import Init, State, deadline
from pyvrrp.virtual_router.transitions import step

NONE: frozenset[SearchedFault] = frozenset()
ALL = frozenset(SearchedFault)
DECISIONS = AddAddresses | AnnounceAddresses | CountSuppressed | RemoveAddresses | SendAdvertisement


@pytest.mark.parametrize("scope", matrix(2, 0, NONE), ids=lambda scope: scope.name)
def test_without_faults_two_nodes_keep_every_promise_for_ever(scope: Scope) -> None:
    verdict = search(scope)
    assert verdict.violation is None
    assert verdict.complete
    assert verdict.states > 400


@pytest.mark.slow
@pytest.mark.parametrize("version", Version)
def test_with_any_single_fault_two_nodes_keep_every_promise_for_ever(
    version: Version,
) -> None:
    routers = (router(1, 128, version), router(2, 64, version))
    verdict = search(Scope("pair", routers, faults=1))
    assert verdict.violation is None
    assert verdict.complete
    assert verdict.states > 50_000


@pytest.mark.parametrize("scope", matrix(3, 1, ALL)[:3], ids=lambda scope: scope.name)
def test_three_nodes_keep_every_promise_in_the_first_histories(scope: Scope) -> None:
    verdict = search(scope, SearchLimits(states=15_000))
    assert verdict.violation is None


def test_a_search_that_ends_early_says_so() -> None:
    verdict = search(matrix(2, 1, ALL)[0], SearchLimits(depth=9))
    assert (verdict.depth, verdict.complete) == (9, False)


@pytest.mark.slow
def test_progress_is_shown_while_it_searches() -> None:
    seen: list[SearchProgress] = []
    search(matrix(2, 1, ALL)[0], SearchLimits(states=40_000), report=seen.append)
    assert [progress.states for progress in seen[:2]] == [20_000, 40_000]


events: st.SearchStrategy[Event] = st.one_of(
    st.just(Startup()),
    st.just(Shutdown("fenced")),
    st.builds(HandOver, st.just("resigned"), st.booleans()),
    st.just(TimerFired()),
    st.just(AddressesGone()),
    st.builds(
        AdvertisementReceived,
        st.sampled_from([IPv4Address("192.0.2.1"), IPv4Address("192.0.2.9")]),
        st.sampled_from([0, 64, 128, 192, 255]),
        st.sampled_from([SECOND, Nanoseconds(2 * SECOND)]),
    ),
)


@pytest.mark.slow
@settings(max_examples=300, deadline=None)
@given(
    version=st.sampled_from(Version),
    preempt=st.booleans(),
    delay=st.sampled_from([0, 2_000_000_000]),
    history=st.lists(
        st.tuples(
            st.one_of(st.integers(0, 5_000_000_000), st.sampled_from([0, 250_000_000])), events
        ),
        max_size=40,
    ),
)
def test_what_the_search_forgets_decides_nothing(
    version: Version, preempt: bool, delay: int, history: list[tuple[int, Event]]
) -> None:
    """The state and its short form behave alike."""
    own = replace(router(5, 128, version), preempt=preempt, preempt_delay=Nanoseconds(delay))
    own = replace(own, linger=Nanoseconds(SECOND // 4))
    state: State = Init("starting")
    short = NodeState(ProcessState.RUNNING)
    now = Nanoseconds(10**15)
    for passed, event in history:
        now = Nanoseconds(now + passed)
        short = aged(short, Nanoseconds(passed), own)
        state, actions = step(state, event, own, now)
        short_state, short_actions = step(short.state, event, own, NOW)
        assert decisions(short_actions) == decisions(actions)
        short = short._replace(state=without_reports(short_state, own))
        assert type(short.state) is type(state)
        assert due_in(short.state, NOW) == due_in(state, now)


def decisions(actions: tuple[Action, ...]) -> list[Action]:
    return [action for action in actions if isinstance(action, DECISIONS)]


def due_in(state: State, now: Nanoseconds) -> int | None:
    due = deadline(state)
    return None if due is None else max(due - now, 0)
