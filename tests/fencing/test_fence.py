"""The fence: several checks together."""

from pyvrrp.fencing.fence import FenceState, fence_state
from pyvrrp.fencing.policy import CheckPolicy
from pyvrrp.fencing.verdict import Verdict
from pyvrrp.units import Nanoseconds

S = 1_000_000_000
POLICY = CheckPolicy()  # silence after 2.8 s, max_age 1.8 s
T = Nanoseconds(10 * S)


def passed_at(seconds: int) -> Verdict:
    instant = Nanoseconds(seconds * S)
    return Verdict(passing=True, reason="HTTP 200", last_result_at=instant, last_pass_at=instant)


def failed(reason: str) -> Verdict:
    return Verdict(passing=False, reason=reason, last_result_at=T)


def judged(**verdicts: Verdict) -> FenceState:
    return fence_state(verdicts, dict.fromkeys(verdicts, POLICY), T)


def test_without_checks_the_fence_is_open_and_fresh() -> None:
    fence = fence_state({}, {}, T)
    assert fence == FenceState(failing=(), stale=(), reason="", closes_at=None)
    assert fence.is_open
    assert fence.is_fresh


def test_the_fence_is_open_while_all_checks_pass() -> None:
    fence = judged(web=passed_at(10), db=passed_at(10))
    assert fence.is_open
    assert fence.reason == ""


def test_a_failing_check_closes_the_fence_and_is_named_with_its_reason() -> None:
    fence = judged(db=passed_at(10), web=failed("HTTP 503"))
    assert not fence.is_open
    assert fence.failing == ("web",)
    assert fence.reason == "fenced by web: HTTP 503"


def test_the_reason_names_the_first_failing_check_and_counts_the_others() -> None:
    fence = judged(web=failed("HTTP 503"), db=failed("connection refused"), dns=failed("x"))
    assert fence.failing == ("web", "db", "dns")
    assert fence.reason == "fenced by web: HTTP 503 (and 2 more)"


def test_the_reason_counts_the_second_of_two_failing_checks() -> None:
    fence = judged(web=failed("HTTP 503"), db=failed("connection refused"))
    assert fence.reason == "fenced by web: HTTP 503 (and 1 more)"


def test_a_check_without_a_result_closes_the_fence() -> None:
    assert judged(web=Verdict()).reason == "fenced by web: no result yet"


def test_a_check_without_recent_results_closes_the_fence() -> None:
    fence = judged(web=passed_at(7))
    assert not fence.is_open
    assert fence.reason == "fenced by web: no result for 3 s"


def test_an_open_fence_names_the_checks_whose_last_pass_is_too_old_for_a_claim() -> None:
    fence = judged(web=passed_at(8), db=passed_at(9))
    assert fence.is_open
    assert not fence.is_fresh
    assert fence.stale == ("web",)


def test_an_open_fence_has_an_instant_at_which_silence_closes_it() -> None:
    assert judged(web=passed_at(9), db=passed_at(8)).closes_at == 10_800_000_000


def test_a_closed_fence_has_no_instant_at_which_it_closes() -> None:
    assert judged(web=passed_at(9), db=failed("HTTP 503")).closes_at is None


def test_each_check_is_judged_by_its_own_policy() -> None:
    slow = CheckPolicy(interval=Nanoseconds(60 * S), timeout=Nanoseconds(5 * S))
    fence = fence_state({"web": passed_at(7), "db": passed_at(7)}, {"web": slow, "db": POLICY}, T)
    assert fence.failing == ("db",)
