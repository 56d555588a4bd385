"""The search finds each mistake that is made here, and prints a short trace of it."""

from dataclasses import replace

import pytest

from pyvrrp.identity import Version
from pyvrrp.simulator.exhaustive.matrix import router
from pyvrrp.simulator.exhaustive.promises import Promise as Inv
from pyvrrp.simulator.exhaustive.scope import Scope, SearchedFault, SearchStart, StepFunction
from pyvrrp.simulator.exhaustive.search import SearchLimits, search
from pyvrrp.units import SECOND, Nanoseconds
from tests.simulator.exhaustive import broken

pytestmark = pytest.mark.slow  # more than thirty, half a second each

ENOUGH = SearchLimits(states=60_000)
PAIR = Scope("pair", (router(1, 128), router(2, 64)), faults=1)
EQUAL = Scope("equal", (router(1, 128), router(2, 128)), faults=1)
SLOW_PEER = Scope(
    "slow peer",
    (router(1, 64), replace(router(2, 128), advertisement_interval=Nanoseconds(2 * SECOND))),
    faults=1,
    kinds=frozenset({SearchedFault.CRASH}),
)
STEADY = replace(PAIR, faults=0, start=SearchStart.SETTLED)
STALLING = replace(STEADY, faults=1, kinds=frozenset({SearchedFault.STALL}))
REFUSED_REMOVALS = frozenset({SearchedFault.REFUSED_REMOVAL, SearchedFault.CUT})
REFUSING = replace(STEADY, faults=2, kinds=REFUSED_REMOVALS, addition=STEADY.quantum)
REFUSING_A_FENCED = replace(
    REFUSING, kinds=frozenset({SearchedFault.REFUSED_REMOVAL, SearchedFault.FENCE})
)
REFUSING_ADDITIONS = replace(
    REFUSING, kinds=frozenset({SearchedFault.REFUSED_ADDITION, SearchedFault.FENCE})
)
FENCING = replace(STEADY, faults=1, kinds=frozenset({SearchedFault.FENCE}))
LINGER = Nanoseconds(SECOND // 4)
MOVES = replace(
    STEADY,
    routers=tuple(replace(one, linger=LINGER) for one in STEADY.routers),
    handovers=2,
    answered=True,
)
V2 = Scope("v2", (router(1, 128, Version.V2), router(2, 64, Version.V2)), faults=1)


@pytest.mark.parametrize(
    ("scope", "step", "promise"),
    [
        (PAIR, broken.skips_the_skew, Inv.NOT_BEFORE_ITS_TIME),
        (V2, broken.skips_the_skew, Inv.NOT_BEFORE_ITS_TIME),
        (EQUAL, broken.ignores_the_tie_break, Inv.OVERLAP),
        (PAIR, broken.never_yields, Inv.OVERLAP),
        (PAIR, broken.releases_before_the_kernel_has_removed, Inv.RELEASE_AFTER_REMOVAL),
        (SLOW_PEER, broken.uses_the_learned_interval_as_master, Inv.PACE),
        (PAIR, broken.yields_with_priority_zero, Inv.RELEASE_AFTER_REMOVAL),
        (PAIR, broken.answers_as_a_backup, Inv.ONLY_MASTER_SENDS),
        (PAIR, broken.keeps_the_addresses_when_it_yields, Inv.ONLY_MASTER_HOLDS),
        (STALLING, broken.has_no_stall_guard, Inv.STALLED_GIVES_WAY),
        (PAIR, broken.is_deaf_to_releases, Inv.NOT_LATER),
        (PAIR, broken.lets_any_advertisement_restart_its_timer, Inv.NOT_LATER),
        (PAIR, broken.ignores_its_fence_as_a_backup, Inv.FOLLOWS_FENCE),
        (PAIR, broken.serves_its_timer_without_a_new_deadline, Inv.TIMER_IS_SERVED),
        (PAIR, broken.claims_at_start, Inv.ONLY_MASTER_HOLDS),
        (PAIR, broken.sends_the_priority_it_heard, Inv.OWN_PRIORITY),
        (STEADY, broken.stops_advertising_after_the_first, Inv.TWO_MISSING),
        (PAIR, broken.never_takes_over, Inv.NOT_LATER),
        (FENCING, broken.forgets_its_release, Inv.SETTLED),
        (REFUSING_ADDITIONS, broken.forgets_its_release, Inv.SETTLED),
        (
            REFUSING_A_FENCED,
            broken.releases_when_the_kernel_takes_long,
            Inv.RELEASE_AFTER_REMOVAL,
        ),
        (PAIR, broken.raises_at_a_rival, Inv.NO_EXCEPTION),
        (MOVES, broken.lets_go_when_it_is_asked_to, Inv.ANSWERED),
        (MOVES, broken.keeps_what_it_held_for_its_successor, Inv.ONLY_MASTER_HOLDS),
        (MOVES, broken.is_too_patient, Inv.PACE),
    ],
)
def test_a_mistake_is_found(scope: Scope, step: StepFunction, promise: Inv) -> None:
    verdict = search(scope, ENOUGH, step)
    assert verdict.violation is not None
    assert verdict.violation.invariant is promise
    assert not verdict.complete


def test_a_lease_that_outlives_the_wait_of_a_backup_is_found() -> None:
    verdict = search(
        replace(PAIR, lease=Nanoseconds(4 * SECOND), kinds=frozenset({SearchedFault.CRASH})), ENOUGH
    )
    assert verdict.violation is not None
    assert verdict.violation.invariant is Inv.DEAD_ONE_IS_GONE


def test_a_kernel_that_refuses_a_removal_keeps_an_address_until_the_lease_is_over(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert search(REFUSING, ENOUGH).violation is None

    # The promise is strict: without the lease in its bound it is broken.
    monkeypatch.setattr(Scope, "certainly_gone", REFUSING.certainly_gone)
    monkeypatch.setattr(Scope, "refused", Nanoseconds(0))
    verdict = search(REFUSING, ENOUGH)

    assert verdict.violation is not None
    assert verdict.violation.invariant is Inv.SHARED_ADDRESS
    assert any(
        line.text.endswith("the kernel refuses to remove its addresses")
        for line in verdict.violation.trace
    )


def test_the_trace_is_the_shortest_and_is_readable() -> None:
    verdict = search(PAIR, ENOUGH, broken.releases_before_the_kernel_has_removed)
    assert verdict.violation is not None
    assert verdict.violation.steps == 18
    assert [f"{line.seconds:.2f} {line.text}" for line in verdict.violation.trace] == [
        "0.00 node 1: its process starts",
        "0.00 node 1: follows its fence; INIT -> BACKUP (ready, listening for a master)",
        (
            "3.50 node 1: its timer fires; sends priority 128; takes the addresses; "
            "BACKUP -> MASTER (nobody was heard for 3.5 s)"
        ),
        (
            "3.50 node 1: FAULT: its fence closes; asks the kernel to remove the addresses; "
            "sends priority 0; MASTER -> INIT (fenced)"
        ),
    ]
    assert [line.nodes[0].strip() for line in verdict.violation.trace] == [
        "INIT",
        "BACKUP",
        "MASTER*",
        "INIT*#",
    ]
