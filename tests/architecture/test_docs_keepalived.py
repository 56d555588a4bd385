"""The table of keepalived's features in docs/interoperability.md agrees with the importer."""

import re
from pathlib import Path

import pytest

from pyvrrp.config.values.foreign_keys import KEEPALIVED_KEYS
from pyvrrp.importers.base.report import Fate
from pyvrrp.importers.keepalived.features import AVAILABLE, NEEDS
from pyvrrp.importers.keepalived.keywords import FIXED, KNOWN

PAGE = Path("docs/interoperability.md")
ROW = re.compile(r"\| ([0-9]+) \| (.+?) \| (same|better|not offered|not yet) \|(.*)\|")
KEYWORD = re.compile(r"`([a-zA-Z][a-zA-Z0-9_]*)`")
ROWS = [match for match in map(ROW.fullmatch, PAGE.read_text().splitlines()) if match]
ALL_KNOWN = frozenset().union(*KNOWN.values())
# Words of the lines of an address or a peer, and of the language itself.
WORDS = frozenset(
    [
        *("dev", "label", "brd", "scope", "peer", "home", "mngtmpaddr", "noprefixroute"),
        *("autojoin", "no_track", "min_ttl", "max_ttl", "include"),
    ]
)
LVS = 149  # one row stands for all keywords that only LVS has


def keywords(row: "re.Match[str]") -> list[str]:
    return KEYWORD.findall(row[2])


def test_there_is_a_row_for_each_of_the_152_features() -> None:
    assert [int(row[1]) for row in ROWS] == list(range(1, 153))


@pytest.mark.parametrize("row", ROWS, ids=lambda row: str(row[1]))
def test_a_row_claims_what_the_importer_does(row: "re.Match[str]") -> None:
    unknown = [word for word in keywords(row) if word not in ALL_KNOWN | WORDS]
    assert unknown == []
    missing = [word for word in keywords(row) if word in NEEDS and NEEDS[word] not in AVAILABLE]
    if missing:
        assert row[3] == "not yet", f"{missing} are refused"
    elif any(word in NEEDS for word in keywords(row)):
        assert row[3] != "not yet", "everything that this row needs is there"
    if row[3] in {"same", "better"}:
        for place in FIXED.values():
            refused = [w for w in keywords(row) if w in place and place[w].fate is Fate.REFUSED]
            assert refused == []


def test_every_keyword_of_the_importer_has_a_row() -> None:
    listed = {word for row in ROWS for word in keywords(row)}
    lvs = {word for word in ALL_KNOWN if _is_only_for_lvs(word)}
    other = {"global_defs", "param_match"}
    assert sorted(ALL_KNOWN - listed - lvs - other) == []


def _is_only_for_lvs(word: str) -> bool:
    fates = [place[word] for place in FIXED.values() if word in place]
    return bool(fates) and all("LVS" in fate.why for fate in fates)


def test_the_names_that_a_toml_is_answered_with_are_those_of_the_importer() -> None:
    assert set(KEEPALIVED_KEYS) - ALL_KNOWN == set()
