"""The same keepalived.conf with keepalived on one node and pyvrrp on the other, in both roles.

Two keepalived show what is to happen; a pair of keepalived and pyvrrp must do the same. A dozen
samples are run beside what two keepalived held when that was recorded; --thorough runs all, and
compares the record with two keepalived. The interface of the node that serves goes down and up, its
scripts fail and pass, its tracked file and interfaces change, and at last its daemon is stopped.
"""

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from experiments.same_file import SameFile, SampleFile, State
from pyvrrp.importers.base.report import Fate
from pyvrrp.importers.keepalived.importer import translated
from pyvrrp.importers.load import LocalSurroundings
from results.result import Check, ExperimentResult
from scenarios.options import ScenarioOptions

NEEDS = ("pyvrrp", "keepalived")
SAMPLES = Path(__file__).parents[3] / "tests" / "importers" / "keepalived" / "samples"
_SHORT = (
    "minimal",
    "long_password",
    "negative_weight",
    "script_without_weight",
    "unicast",
    "nopreempt",
    "version_3_fast",
    "ipv6",
    "router_pair",
    "group_of_script",
    "variables",
    "owner",
)
_TWO_KEEPALIVED = ("keepalived", "keepalived")
_PAIRS = (("keepalived", "pyvrrp"), ("pyvrrp", "keepalived"))
_RECORD = Path(__file__).with_suffix(".json")  # a thorough run writes it if it is not there
_AT_ONCE = 40  # pairs of nodes; nearly all of their time is waiting


@dataclass(frozen=True, slots=True)
class _Observed:
    found: dict[str, State]
    said: str


def experiments(options: ScenarioOptions) -> Iterator[ExperimentResult]:
    """Run it."""
    begun = time.time()
    known = [SampleFile(path) for path in sorted(SAMPLES.glob("*.conf"))]
    samples = [one for one in known if one.for_the_lab and not _refused(one)]
    if not options.thorough:
        samples = [one for one in samples if one.name in _SHORT]
    record = _recorded()
    pairs = (_TWO_KEEPALIVED, *_PAIRS) if options.thorough else _PAIRS
    wanted = [(one, programs) for one in samples for programs in pairs]

    def observe(sample_and_programs: tuple[SampleFile, tuple[str, str]]) -> _Observed:
        sample, programs = sample_and_programs
        expected = {} if options.thorough else record.get(sample.name, {})
        with SameFile(sample, programs, expected) as pair:
            return _Observed(pair.observe(), pair.said())

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        runs = dict(
            zip(
                ((one.name, programs) for one, programs in wanted),
                pool.map(observe, wanted),
                strict=True,
            )
        )
    if not record:
        record = {one.name: runs[one.name, _TWO_KEEPALIVED].found for one in samples}
        _RECORD.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    checks = [
        check
        for one in samples
        for programs in pairs
        for check in _compare(one.name, programs, record.get(one.name, {}), runs)
    ]
    setting = f"{len(samples)} of {len(known)} samples, each as three pairs"
    yield ExperimentResult(
        "the same file", setting, begun, time.time(), (), checks, (), (), (), 0.0
    )


def _refused(sample: SampleFile) -> bool:
    """Return whether the importer refuses a line: the feature is not built yet."""
    report = translated(
        sample.text, str(sample.path), LocalSurroundings(offline=True), identifier="r1"
    ).report
    return report.has(Fate.REFUSED)


def _recorded() -> dict[str, dict[str, State]]:
    if not _RECORD.exists():
        return {}
    record: dict[str, dict[str, State]] = json.loads(_RECORD.read_text(encoding="utf-8"))
    return record


def _compare(
    name: str,
    programs: tuple[str, str],
    expected: dict[str, State],
    runs: dict[tuple[str, tuple[str, str]], _Observed],
) -> Iterator[Check]:
    run = runs[name, programs]
    title = f"{name}, {'/'.join(programs)}"
    serves = any(expected.get("start", {}).values())
    yield Check(f"{title}: recorded, and somebody serves", str(serves), "True", serves)
    for phase, state in expected.items():
        found = run.found.get(phase)
        passed = found == state
        shown = _shown(found) if passed else f"{_shown(found)}{run.said}"
        yield Check(f"{title}, {phase}", shown, _shown(state), passed)


def _shown(state: State | None) -> str:
    if state is None:
        return "not reached"
    return "; ".join(f"{node}: {', '.join(held) or '-'}" for node, held in state.items())
