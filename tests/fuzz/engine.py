"""Run one target with one mutated input after the other, and keep what goes wrong."""

import hashlib
import time
import traceback
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from tests.fuzz.limits import HangError, memory, start_watch, stop_watch, watchdog
from tests.fuzz.lines import Lines
from tests.fuzz.mutations import mutated
from tests.fuzz.target import Target

MOST_GROWTH = 16 * 1024 * 1024  # octets, after the first fifth of the run
_MOST_FAILURES = 10
_LARGEST_KEPT = 4096  # octets of a new entry of the corpus
_WARM = 5  # the first fifth fills what is bounded, such as caches


@dataclass(frozen=True)
class Failure:
    """An input that raised an exception or took too long, and what happened."""

    octets: bytes
    what: str

    def save(self, directory: Path, target: str) -> Path:
        """Write the input to a file named after its content, and return its path."""
        directory.mkdir(parents=True, exist_ok=True)
        path = directory / f"{target}-{hashlib.sha256(self.octets).hexdigest()[:12]}"
        path.write_bytes(self.octets)
        return path


@dataclass
class Outcome:
    """What one run did."""

    seed: int
    executions: int = 0
    lines: int = 0
    growth: int = 0  # octets of memory
    entries: list[bytes] = field(default_factory=list)  # new in the corpus
    failures: list[Failure] = field(default_factory=list)

    @property
    def is_good(self) -> bool:
        """Whether nothing was found."""
        return not self.failures and self.growth <= MOST_GROWTH


def fuzz(target: Target, seed: int, *, seconds: float = 0.0, executions: int = 0) -> Outcome:
    """Run *target* for *seconds* or *executions*, whichever is not 0. The corpus comes first."""
    random, lines, outcome = Random(seed), Lines(), Outcome(seed)
    corpus = target.corpus()
    kinds: set[str] = set()
    began, before, warm = time.monotonic(), 0, False
    with watchdog():
        for octets in corpus:
            _execute(target, octets, lines, outcome, kinds)
        known = lines.count
        while len(outcome.failures) < _MOST_FAILURES:
            elapsed = time.monotonic() - began
            share = elapsed / seconds if seconds else outcome.executions / executions
            if share >= 1:
                break
            if not warm and share * _WARM >= 1:
                before, warm = memory(), True
            octets = mutated(corpus, target.tokens, random)
            if random.random() < 0.7:
                octets = target.repair(octets)
            _execute(target, octets, lines, outcome, kinds)
            if lines.count > known:
                known = lines.count
                outcome.entries.append(octets)
                if len(octets) <= _LARGEST_KEPT:
                    corpus.append(octets)  # a long one would slow all that follows
    outcome.lines = lines.count
    outcome.growth = memory() - before if warm else 0
    return outcome


def _execute(
    target: Target, octets: bytes, lines: Lines, outcome: Outcome, kinds: set[str]
) -> None:
    outcome.executions += 1
    try:
        start_watch()
        lines.start()
        target.run(octets)
    except (Exception, HangError) as error:  # noqa: BLE001 - each one is a finding
        lines.stop()
        stop_watch()
        place = traceback.extract_tb(error.__traceback__)[-1]
        # The same error at the same place is one finding.
        if (kind := f"{type(error).__name__} in {place.filename}:{place.lineno}") not in kinds:
            kinds.add(kind)
            what = "".join(traceback.format_exception(error, limit=-8))
            outcome.failures.append(Failure(octets, what))
    finally:
        lines.stop()
        stop_watch()


def save_entries(target: Target, entries: list[bytes], directory: Path) -> int:
    """Write new small entries of the corpus to *directory*, and return their number."""
    small = [octets for octets in entries if len(octets) <= _LARGEST_KEPT]
    for octets in small:
        path = directory / target.name / hashlib.sha256(octets).hexdigest()[:12]
        path.write_bytes(octets)
    return len(small)
