"""Translate files as people write them: every line is accounted for, and nearly all run as are."""

from pathlib import Path

import pytest

from pyvrrp.config.parse import parse
from pyvrrp.importers.base.report import Fate
from pyvrrp.importers.keepalived.features import AVAILABLE, Feature
from pyvrrp.importers.keepalived.importer import Translation, translated
from pyvrrp.importers.load import LocalSurroundings

SAMPLES = sorted((Path(__file__).parent / "samples").glob("*.conf"))
NODES = ("r1", "r2")
LVS = ("virtual_server", "virtual_server_group", "real_server")
EVERYTHING = frozenset(Feature)


def translation(sample: Path, node: str, features: frozenset[Feature]) -> Translation:
    surroundings = LocalSurroundings(offline=True)
    return translated(
        sample.read_text(), str(sample), surroundings, identifier=node, available=features
    )


def lost(found: Translation) -> list[str]:
    """Return the lines of the report that say that something has no effect here, but for LVS."""
    return [
        str(line)
        for line in found.report.lines
        if line.fate in (Fate.REFUSED, Fate.WRONG, Fate.DROPPED)
    ]


def lines_with_a_setting(sample: Path) -> set[int]:
    """Return the numbers of the lines with more than braces and comments, outside LVS."""
    numbers, depth, in_lvs = set(), 0, False
    for number, text in enumerate(sample.read_text().splitlines(), start=1):
        words = text.split("#")[0].strip()
        starts_lvs = depth == 0 and words.split(" ")[0] in LVS
        if words.strip(" {}") and not words.startswith("!") and not in_lvs:
            numbers.add(number)
        in_lvs = in_lvs or starts_lvs
        depth += words.count("{") - words.count("}")
        in_lvs = in_lvs and depth > 0
    return numbers


def test_there_are_at_least_forty_samples_and_each_says_what_it_is() -> None:
    assert len(SAMPLES) >= 40
    for sample in SAMPLES:
        assert sample.read_text()[0] in "#!", sample.name


@pytest.mark.parametrize("node", NODES)
@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.stem)
def test_every_line_is_accounted_for(sample: Path, node: str) -> None:
    report = translation(sample, node, EVERYTHING).report
    told = {line.source.number for line in report.lines if line.source.file == str(sample)}
    assert lines_with_a_setting(sample) - told == set()


@pytest.mark.parametrize("node", NODES)
@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.stem)
def test_what_is_translated_without_a_refusal_is_a_configuration(sample: Path, node: str) -> None:
    found = translation(sample, node, AVAILABLE)
    if not lost(found):
        configuration = parse(found.document, str(sample), node=node, hostname=node, any_node=False)
        assert configuration.virtual_routers


def test_nine_of_ten_samples_lose_nothing_but_lvs(capsys: pytest.CaptureFixture[str]) -> None:
    losses = {sample.stem: lost(translation(sample, "r1", EVERYTHING)) for sample in SAMPLES}
    whole = [name for name, lines in losses.items() if not lines]
    now = [sample for sample in SAMPLES if not lost(translation(sample, "r1", AVAILABLE))]
    with capsys.disabled():
        print(  # noqa: T201 - the share is what this test is for
            f"\n{len(whole)} of {len(SAMPLES)} samples lose nothing but LVS with all features, "
            f"{len(now)} with those that are built"
        )
    assert len(whole) >= 0.9 * len(SAMPLES), losses
