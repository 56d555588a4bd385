"""The verdict on one check after its results."""

from hypothesis import given
from hypothesis import strategies as st

from pyvrrp.fencing.policy import CheckPolicy
from pyvrrp.fencing.verdict import Verdict, presumed
from pyvrrp.units import Nanoseconds

S = 1_000_000_000
# Silence is failure after 1 s + 0.8 s + 1 s = 2.8 s.
POLICY = CheckPolicy(
    interval=Nanoseconds(S),
    timeout=Nanoseconds(800_000_000),
    rise=2,
    fall=3,
    max_age=Nanoseconds(1_800_000_000),
)


def at(seconds: float) -> Nanoseconds:
    return Nanoseconds(round(seconds * S))


def after(verdict: Verdict, results: str, begin: int = 0) -> Verdict:
    """Return the verdict after one result each second: ``P`` is a pass, ``F`` a failure."""
    for offset, result in enumerate(results):
        reason = "HTTP 200" if result == "P" else "HTTP 503"
        verdict = verdict.after(result == "P", reason, at(begin + offset), POLICY)
    return verdict


def test_a_check_without_a_result_fails_and_says_so() -> None:
    verdict = Verdict()
    assert not verdict.is_passing(at(0), POLICY)
    assert not verdict.is_fresh(at(0), POLICY)
    assert verdict.fails_by_silence_at(POLICY) is None
    assert verdict.why(at(100), POLICY) == "no result yet"


def test_with_rise_two_a_check_passes_after_two_passes() -> None:
    assert not after(Verdict(), "P").passing
    assert after(Verdict(), "PP").passing


def test_passes_must_be_consecutive() -> None:
    assert not after(Verdict(), "PFP").passing
    assert after(Verdict(), "PFPP").passing


def test_with_fall_three_a_check_fails_after_three_failures() -> None:
    assert after(Verdict(), "PPFF").passing
    assert not after(Verdict(), "PPFFF").passing


def test_failures_must_be_consecutive() -> None:
    assert after(Verdict(), "PPFFPFF").passing


def test_the_streak_counts_the_results_that_contradict_the_verdict() -> None:
    assert after(Verdict(), "PPFF") == Verdict(
        passing=True, reason="HTTP 200", streak=2, last_result_at=at(3), last_pass_at=at(1)
    )
    assert after(Verdict(), "PPFFF") == Verdict(
        passing=False, reason="HTTP 503", streak=0, last_result_at=at(4), last_pass_at=at(1)
    )


def test_a_recovering_check_says_how_many_passes_it_has() -> None:
    assert after(Verdict(), "FP").why(at(1), POLICY) == "HTTP 200, pass 1 of 2"


def test_a_failed_check_says_why_it_failed() -> None:
    assert after(Verdict(), "F").why(at(1), POLICY) == "HTTP 503"


def test_a_passing_check_keeps_the_reason_of_its_last_pass() -> None:
    assert after(Verdict(), "PPF").why(at(2), POLICY) == "HTTP 200"


def test_silence_fails_a_passing_check_after_interval_timeout_and_grace() -> None:
    verdict = after(Verdict(), "PP")
    assert verdict.fails_by_silence_at(POLICY) == 3_800_000_000
    assert verdict.is_passing(Nanoseconds(3_799_999_999), POLICY)
    assert not verdict.is_passing(Nanoseconds(3_800_000_000), POLICY)


def test_the_reason_of_a_silent_check_says_for_how_long() -> None:
    verdict = after(Verdict(), "PP")
    assert verdict.why(at(4.19), POLICY) == "no result for 3.1 s"


def test_a_failed_check_has_no_instant_at_which_silence_fails_it() -> None:
    assert after(Verdict(), "F").fails_by_silence_at(POLICY) is None


def test_after_silence_a_check_needs_as_many_passes_as_a_failed_one() -> None:
    silent = after(Verdict(), "PP")
    assert not after(silent, "P", begin=10).passing
    assert after(silent, "PP", begin=10).passing


def test_passes_on_both_sides_of_a_silence_are_not_consecutive() -> None:
    one_pass = after(Verdict(), "P")
    assert not after(one_pass, "P", begin=10).passing


def test_a_result_just_before_the_silence_limit_still_counts() -> None:
    one_pass = after(Verdict(), "P")
    assert one_pass.after(True, "HTTP 200", Nanoseconds(2_799_999_999), POLICY).passing


def test_a_pass_is_fresh_up_to_max_age() -> None:
    verdict = after(Verdict(), "PP")
    assert verdict.is_fresh(Nanoseconds(2_800_000_000), POLICY)
    assert not verdict.is_fresh(Nanoseconds(2_800_000_001), POLICY)


def test_a_failure_does_not_renew_freshness() -> None:
    verdict = after(Verdict(), "PPF")
    assert verdict.is_passing(at(2), POLICY)
    assert not verdict.is_fresh(at(3), POLICY)


counts = st.integers(min_value=1, max_value=5)
gaps = st.integers(min_value=0, max_value=5 * S)
histories = st.lists(st.tuples(st.booleans(), gaps), max_size=30)


def replay(history: list[tuple[bool, int]], policy: CheckPolicy) -> tuple[Verdict, Nanoseconds]:
    verdict, now = Verdict(), Nanoseconds(0)
    for passed, gap in history:
        now = Nanoseconds(now + gap)
        verdict = verdict.after(passed, "any", now, policy)
    return verdict, now


def trailing(history: list[tuple[bool, int]], wanted: bool) -> int:
    count = 0
    for passed, _ in reversed(history):
        if passed is not wanted:
            break
        count += 1
    return count


@given(histories, counts, counts)
def test_a_check_never_passes_before_it_has_passed_rise_times_in_a_row(
    history: list[tuple[bool, int]], rise: int, fall: int
) -> None:
    policy = CheckPolicy(rise=rise, fall=fall)
    longest = max((trailing(history[:end], True) for end in range(len(history) + 1)), default=0)
    verdict, now = replay(history, policy)
    assert not (verdict.is_passing(now, policy) and longest < rise)


@given(histories, counts, counts)
def test_after_fall_failures_in_a_row_a_check_is_always_failed(
    history: list[tuple[bool, int]], rise: int, fall: int
) -> None:
    policy = CheckPolicy(rise=rise, fall=fall)
    verdict, now = replay([*history, *[(False, S)] * fall], policy)
    assert not verdict.is_passing(now, policy)


@given(histories, counts, counts, st.lists(gaps, min_size=1))
def test_without_results_a_check_can_only_turn_failed_and_ends_failed(
    history: list[tuple[bool, int]], rise: int, fall: int, waits: list[int]
) -> None:
    policy = CheckPolicy(rise=rise, fall=fall)
    verdict, now = replay(history, policy)
    seen = []
    for wait in waits:
        now = Nanoseconds(now + wait)
        seen.append(verdict.is_passing(now, policy))
    assert seen == sorted(seen, reverse=True)
    assert not verdict.is_passing(Nanoseconds(now + 2_800_000_000), policy)


@given(histories, counts, counts)
def test_a_check_fails_exactly_at_the_instant_it_gives_for_silence(
    history: list[tuple[bool, int]], rise: int, fall: int
) -> None:
    policy = CheckPolicy(rise=rise, fall=fall)
    verdict, _ = replay(history, policy)
    fails_at = verdict.fails_by_silence_at(policy)
    assert (fails_at is not None) == verdict.passing
    if fails_at is not None:
        assert verdict.is_passing(Nanoseconds(fails_at - 1), policy)
        assert not verdict.is_passing(fails_at, policy)


def test_a_check_has_failed_if_it_had_a_result_and_its_last_one_is_not_a_pass() -> None:
    assert not Verdict().has_failed(at(0), POLICY)
    assert after(Verdict(), "F").has_failed(at(1), POLICY)
    assert not after(Verdict(), "FP").has_failed(at(1), POLICY)
    assert not after(Verdict(), "PP").has_failed(at(1), POLICY)


def test_a_silent_check_has_failed_even_if_its_last_result_was_a_pass() -> None:
    assert after(Verdict(), "PP").has_failed(at(100), POLICY)
    assert after(Verdict(), "FP").has_failed(at(100), POLICY)


def test_a_presumed_pass_is_no_fresh_one_and_fails_by_failures_or_by_silence() -> None:
    verdict = presumed(at(10))
    assert verdict.is_passing(at(12), POLICY)
    assert not verdict.is_fresh(at(10), POLICY)
    assert not verdict.is_passing(at(12.8), POLICY)
    assert after(verdict, "FF", 11).is_passing(at(12), POLICY)
    assert not after(verdict, "FFF", 11).is_passing(at(13), POLICY)
