"""docs/testing.md says which scenario proves which behaviour. The scenarios exist."""

import re

from tests.architecture.tree import ROOT

NUMBERED = {"A": 11, "D": 8, "C": 6, "H": 8, "S": 6}
SCENARIOS = ROOT / "netns-lab" / "scenarios"


def rows() -> dict[str, list[str]]:
    """Return the proofs of each behaviour: names of scenarios and paths of tests."""
    text = (ROOT / "docs" / "testing.md").read_text(encoding="utf-8")
    section = text.partition("## Which scenario proves what")[2].partition("\n## ")[0]
    found = {}
    for line in section.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if re.fullmatch(r"[A-Z]\d+", cells[0]):
            assert cells[0] not in found, f"{cells[0]} has two rows"
            found[cells[0]] = re.findall(r"`([^`]+)`", cells[-1])
    return found


def exists(proof: str) -> bool:
    path, _colons, test = proof.partition("::")
    if "/" not in path:
        return any(SCENARIOS.glob(f"*/{path}.py"))
    file = ROOT / path
    return file.exists() and (not test or f"def {test}(" in file.read_text(encoding="utf-8"))


def test_every_behaviour_has_a_row() -> None:
    wanted = {f"{letter}{n}" for letter, last in NUMBERED.items() for n in range(1, last + 1)}
    assert rows().keys() == wanted


def test_every_row_names_an_existing_scenario_or_test() -> None:
    missing = {
        f"{behaviour}: {proof}"
        for behaviour, proofs in rows().items()
        for proof in proofs or ["nothing"]
        if not exists(proof)
    }
    assert not missing
