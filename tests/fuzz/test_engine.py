"""The engine finds what it is made to find, and does the same again with the same seed."""

import os
from pathlib import Path

import pytest

from tests.fuzz import limits
from tests.fuzz.engine import MOST_GROWTH, Failure, Outcome, fuzz
from tests.fuzz.target import Target
from tests.fuzz.targets import TARGETS

SEED = b"status"


class Toy(Target):
    def corpus(self) -> list[bytes]:
        return [SEED]


def test_an_exception_is_found_once_for_each_place() -> None:
    def run(octets: bytes) -> None:
        if octets != SEED:
            raise KeyError(octets)

    outcome = fuzz(Toy("toy", run), 1, executions=50)
    (failure,) = outcome.failures
    assert "KeyError" in failure.what
    assert failure.octets != SEED
    assert not outcome.is_good


def test_a_hang_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "PROCESSOR_SECONDS", 0.01)

    def run(octets: bytes) -> None:
        while octets != SEED:
            pass

    outcome = fuzz(Toy("toy", run), 1, executions=3)
    assert "HangError" in outcome.failures[0].what


def test_an_input_that_waits_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "SECONDS", 0.01)
    reading, writing = os.pipe()

    def run(octets: bytes) -> None:
        if octets != SEED:
            os.read(reading, 1)

    try:
        assert "it waits" in fuzz(Toy("toy", run), 1, executions=3).failures[0].what
    finally:
        os.close(reading)
        os.close(writing)


def test_growth_is_found() -> None:
    kept: list[bytes] = []
    outcome = fuzz(Toy("toy", lambda _: kept.append(b"x" * 200_000)), 1, executions=200)
    assert outcome.growth > MOST_GROWTH
    assert not outcome.is_good


def test_the_same_seed_gives_the_same_inputs() -> None:
    def inputs(seed: int) -> list[bytes]:
        seen: list[bytes] = []
        fuzz(Toy("toy", seen.append), seed, executions=50)
        return seen

    assert inputs(7) == inputs(7)
    assert inputs(7) != inputs(8)


def test_a_failure_is_saved_under_a_name_of_its_own(tmp_path: Path) -> None:
    path = Failure(b"bad", "").save(tmp_path / "new", "toy")
    assert path.read_bytes() == b"bad"
    assert path.name.startswith("toy-")


def test_a_run_without_findings_is_good() -> None:
    assert Outcome(1).is_good
    assert not Outcome(1, growth=MOST_GROWTH + 1).is_good


@pytest.mark.parametrize("name", TARGETS)
def test_every_target_has_a_corpus_of_small_files(name: str) -> None:
    corpus = TARGETS[name].corpus()
    assert corpus
    assert max(map(len, corpus)) <= 8192
