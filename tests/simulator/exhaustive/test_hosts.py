"""Hosts with groups, last resorts and a capacity keep every promise; a broken rule is found."""

import pytest

from pyvrrp.simulator.exhaustive.hosts.host_matrix import host_matrix
from pyvrrp.simulator.exhaustive.matrix import matrix
from pyvrrp.simulator.exhaustive.promises import Promise
from pyvrrp.simulator.exhaustive.scope import StepFunction
from pyvrrp.simulator.exhaustive.search import SearchLimits, search
from pyvrrp.virtual_router import transitions
from pyvrrp.virtual_router.rules import capacity, group, last_resort
from tests.simulator.exhaustive import broken_rules

SCOPES = {scope.name: scope for scope in host_matrix(thorough=False)}
COLD, ONE_FAULT, FENCED = "group, cold start", "group, any fault", "last resort, all fenced"
SMALL = (COLD, ONE_FAULT, FENCED, "group, planned move")
SLOW_SUCCESSOR = "v3 2 nodes by priority, planned moves, slow successor"


@pytest.mark.parametrize("name", SMALL)
def test_hosts_keep_every_promise_for_ever(name: str) -> None:
    verdict = search(SCOPES[name], SearchLimits(states=60_000))
    assert verdict.violation is None
    assert verdict.complete
    assert verdict.states > 300


@pytest.mark.slow
@pytest.mark.parametrize(
    ("scope", "module", "rule", "mistake", "promise"),
    [
        (ONE_FAULT, group, "is_claim_due", "claims_when_one_is_due", Promise.ABLE_HOST_SERVES),
        (COLD, group, "is_claim_due", "never_claims", Promise.TIMER_IS_SERVED),
        ("group, two cuts", group, "consequences", "leaves_one_behind", Promise.TOGETHER),
        (ONE_FAULT, group, "consequences", "fences_one_alone", Promise.ABLE_HOST_SERVES),
        (ONE_FAULT, group, "consequences", "says_goodbye_early", Promise.GOODBYE_OF_ALL),
        (ONE_FAULT, group, "consequences", "never_says_goodbye", Promise.ABLE_HOST_SERVES),
        (FENCED, last_resort, "decide", "stands_for_ever", Promise.HEALTHY_ONE_WINS),
        (FENCED, last_resort, "decide", "never_stands", Promise.ONE_HOST_SERVES),
        (FENCED, transitions, "step", "is_patient_with_a_last_resort", Promise.HEALTHY_ONE_WINS),
        (
            "max_held, a crash",
            capacity,
            "may_claim_from",
            "leaves_the_claim_for_ever",
            Promise.ABLE_HOST_SERVES,
        ),
    ],
)
def test_a_broken_rule_is_found(
    monkeypatch: pytest.MonkeyPatch,
    scope: str,
    module: object,
    rule: str,
    mistake: str,
    promise: Promise,
) -> None:
    monkeypatch.setattr(module, rule, getattr(broken_rules, mistake))
    verdict = search(SCOPES[scope], SearchLimits(states=60_000))
    assert verdict.violation is not None
    assert verdict.violation.invariant is promise


@pytest.mark.parametrize(
    ("step", "promise"),
    [
        (broken_rules.lets_go_before_the_successor_announces, Promise.ANSWERED),
        (broken_rules.takes_an_announcement_for_the_end, Promise.ANSWERED),
        (broken_rules.waits_for_an_announcement_for_ever, Promise.REMOVED_IN_TIME),
    ],
)
def test_a_mistake_about_the_successors_announcement_is_found(
    step: StepFunction, promise: Promise
) -> None:
    (slow,) = (scope for scope in matrix(2, 0, frozenset()) if scope.name == SLOW_SUCCESSOR)
    verdict = search(slow, SearchLimits(states=60_000), step)
    assert verdict.violation is not None
    assert verdict.violation.invariant is promise


def test_a_trace_of_hosts_tells_every_virtual_router(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(group, "consequences", broken_rules.says_goodbye_early)
    verdict = search(SCOPES[ONE_FAULT], SearchLimits(states=60_000))
    assert verdict.violation is not None
    assert [f"{line.seconds:.2f} {line.text}" for line in verdict.violation.trace] == [
        (
            "0.00 lan of node 1: FAULT: its fence closes; lan asks the kernel to remove the "
            "addresses; wan asks the kernel to remove the addresses"
        ),
        (
            "0.00 lan of node 1: the kernel has removed its addresses; lan sends priority 0; "
            "lan sends priority 0; lan MASTER -> INIT (fenced)"
        ),
    ]
