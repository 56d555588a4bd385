import json

import pytest

from pyvrrp.testing.errors import BenchError
from pyvrrp.testing.measure.outages import AnswerRun, Observation, Outage, Sample, observe, overlap


def answered(*milliseconds: int, node: str = "r1") -> list[Sample]:
    """Datagrams sent at these milliseconds, each answered half a millisecond later."""
    return [Sample(at / 1000, at / 1000 + 0.0005, node) for at in milliseconds]


def lost(*milliseconds: int) -> list[Sample]:
    return [Sample(at / 1000) for at in milliseconds]


def test_answers_every_millisecond_are_no_outage() -> None:
    seen = observe(answered(*range(100)), {})
    assert seen.outages == ()
    assert seen.runs == (AnswerRun("r1", 0.0005, 0.0995, 100),)


def test_ten_milliseconds_without_an_answer_are_not_yet_an_outage() -> None:
    samples = [*answered(0), *lost(*range(1, 9)), *answered(9)]
    assert observe(samples, {}).outages == ()


def test_an_outage_lasts_from_the_last_answer_to_the_next_and_counts_what_was_lost() -> None:
    samples = [*answered(0, 1), *lost(*range(2, 50)), *answered(50, 51, node="r2")]
    (outage,) = observe(samples, {}).outages
    assert (outage.start, outage.end, outage.lost) == (0.0015, 0.0505, 48)
    assert round(outage.duration, 6) == 0.049
    assert round(outage.stall, 6) == 0.001


def test_a_client_that_was_stopped_itself_saw_a_delay_in_which_nothing_was_lost() -> None:
    (outage,) = observe(answered(0, 1, 41, 42), {}).outages
    assert outage.lost == 0
    assert round(outage.stall, 4) == 0.0395


def test_an_outage_that_never_ends_is_counted_to_the_last_question() -> None:
    seen = observe([*answered(0), *lost(*range(1, 101))], {})
    assert seen.outages == (Outage(0.0005, 0.1, 100, 0.0010000000000000009),)


def test_two_outages_are_told_apart() -> None:
    samples = [
        *answered(0),
        *lost(*range(1, 30)),
        *answered(30),
        *lost(*range(31, 80)),
        *answered(80),
    ]
    assert [outage.lost for outage in observe(samples, {}).outages] == [29, 49]


def test_a_client_that_was_never_answered_has_no_outage_and_no_answers() -> None:
    seen = observe(lost(0, 1, 2), {})
    assert (seen.sent, seen.answered, seen.outages, seen.runs) == (3, 0, (), ())


def test_no_questions_at_all_are_no_outage() -> None:
    assert observe([], {}).outages == ()


def test_each_change_of_the_answering_node_begins_a_run() -> None:
    seen = observe([*answered(0, 1), *answered(2, node="r2"), *answered(3)], {})
    assert [(run.node, run.count) for run in seen.runs] == [("r1", 2), ("r2", 1), ("r1", 1)]


def test_answers_count_in_the_order_they_arrive() -> None:
    late = Sample(0.000, 0.009, "r1")
    seen = observe([late, *answered(1, 2, node="r2")], {})
    assert [run.node for run in seen.runs] == ["r2", "r1"]


def test_a_node_answers_between_neighbouring_direct_probes_that_were_answered() -> None:
    probes = [*answered(0, 5, 10), *lost(15), *answered(20, 25)]
    assert observe([], {"r1": probes}).direct == {"r1": ((0.0, 0.010), (0.020, 0.025))}


def test_direct_probes_too_far_apart_prove_nothing_about_the_time_between() -> None:
    assert observe([], {"r1": answered(0, 5, 100, 105)}).direct == {
        "r1": ((0.0, 0.005), (0.1, 0.105))
    }


def test_two_nodes_answer_at_once_only_where_their_times_overlap() -> None:
    assert overlap([(0.0, 1.0), (2.0, 3.0)], [(0.5, 2.5)]) == [(0.5, 1.0), (2.0, 2.5)]
    assert overlap([(0.0, 1.0)], [(1.0, 2.0)]) == []


def test_an_observation_survives_json() -> None:
    samples = [*answered(0), *lost(*range(1, 30)), *answered(30)]
    seen = observe(samples, {"r1": answered(0, 5)})
    assert Observation.from_json(json.dumps(seen.as_json())) == seen


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"sent": 1}', "Traceback (most recent call last)"]
)
def test_what_is_not_an_observation_is_our_error(text: str) -> None:
    with pytest.raises(BenchError, match="not an observation"):
        Observation.from_json(text)
