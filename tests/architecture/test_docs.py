"""The names in the documentation exist, and the configurations in it are valid."""

import re
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from pyvrrp.cli.main import COMMANDS
from pyvrrp.config.parse import parse
from pyvrrp.simulator.scenario.read import read_scenario
from tests.architecture.tree import ROOT

PAGES = sorted(
    path.relative_to(ROOT)
    for path in (ROOT / "README.md", *(ROOT / "docs").rglob("*.md"))
    if path.is_file()
)
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
CODE = re.compile(r"`([^`\n]+)`")
# A file or folder of the repository, relative to its top or to pyvrrp/.
NAMED = re.compile(
    r"(?<![\w./-])(?:\.ci|docs|netns-lab|pyvrrp|tests)/[\w./-]*"
    r"|(?<![\w./-])(?:cli|clients|config|daemon|fencing|importers|net|packet|probes|runtime|simulator|virtual_router)/[\w/]+\.py"
    r"|(?<![\w./-])(?:pyproject\.toml|constraints\.txt|[A-Z]+\.md)"
)
MODULE = re.compile(r"\bpyvrrp(?:\.[a-z_]+)+")
NOT_MODULES = {"pyvrrp.d", "pyvrrp.toml", "pyvrrp.service", "pyvrrp.sock"}
METHOD = re.compile(r"^([A-Z]\w+)\.([a-z_]\w*)$")
COMMAND = re.compile(r"(?:^|/|\| |sudo )pyvrrp ([a-z][a-z-]*)\b", re.MULTILINE)
SOURCES = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "pyvrrp").rglob("*.py"))


# The configuration that a shown scenario refers to.
README_CONFIGURATION = """
[[virtual_router]]
name = "web"
interface = "eth0"
vrid = 51
priority = { web1 = 150, web2 = 100 }
addresses = ["192.0.2.10/24"]
checks = ["web"]

[check.web]
http = "http://127.0.0.1/health"
"""


@cache
def text(page: Path) -> str:
    return (ROOT / page).read_text(encoding="utf-8")


def prose(page: Path) -> str:
    return FENCE.sub("", text(page))


def blocks(language: str) -> Iterator[tuple[Path, str]]:
    for page in PAGES:
        for found in FENCE.finditer(text(page)):
            if found[1] == language:
                yield page, found[2]


def anchors(page: Path) -> set[str]:
    """Return the anchors of the headings of *page*, as repository hosts make them."""
    headings = re.findall(r"^#+ +(.*)$", prose(page), flags=re.MULTILINE)
    plain = (re.sub(r"[^\w\- ]", "", heading.lower()) for heading in headings)
    return {heading.strip().replace(" ", "-") for heading in plain}


def broken_links(page: Path) -> list[str]:
    broken = []
    for target in LINK.findall(prose(page)):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = target.partition("#")
        linked = (page.parent / name) if name else page
        if not (ROOT / linked).exists() or (anchor and anchor not in anchors(linked)):
            broken.append(target)
    return broken


def missing_files(page: Path) -> list[str]:
    names = {found for code in CODE.findall(prose(page)) for found in NAMED.findall(code)}
    return sorted(name for name in names if not is_in_repository(name))


def is_in_repository(name: str) -> bool:
    """Return whether the repository has a file of that name, with or without its suffix."""
    places = (ROOT / name, ROOT / f"{name}.py", ROOT / "pyvrrp" / name)
    return any(place.exists() for place in places)


def missing_modules(page: Path) -> list[str]:
    """Return dotted names that are neither a module nor a name in a module."""
    names = set(MODULE.findall(prose(page))) - NOT_MODULES
    return sorted(name for name in names if not is_known(name))


def missing_methods(page: Path) -> list[str]:
    methods = (METHOD.match(code.partition("(")[0]) for code in CODE.findall(prose(page)))
    return [
        found[0]
        for found in methods
        if found
        and not (
            re.search(rf"^class {found[1]}\b", SOURCES, flags=re.MULTILINE)
            and re.search(rf"\bdef {found[2]}\b", SOURCES)
        )
    ]


def is_known(dotted: str) -> bool:
    for end in range(dotted.count("."), 0, -1):
        parts = dotted.split(".")[: end + 1]
        place = ROOT.joinpath(*parts)
        if place.is_dir():
            return end + 1 == len(dotted.split("."))
        if place.with_suffix(".py").is_file():
            inside = dotted.split(".")[end + 1 :]
            return all(
                re.search(rf"\b{name}\b", place.with_suffix(".py").read_text(encoding="utf-8"))
                for name in inside
            )
    return False


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_every_relative_link_has_a_target(page: Path) -> None:
    assert broken_links(page) == []


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_every_named_file_exists(page: Path) -> None:
    assert missing_files(page) == []


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_every_named_module_exists(page: Path) -> None:
    assert missing_modules(page) == []


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_every_named_method_exists(page: Path) -> None:
    assert missing_methods(page) == []


@pytest.mark.parametrize(
    ("page", "block"), [pytest.param(*found, id=f"{found[0]}") for found in blocks("toml")]
)
def test_every_shown_configuration_is_valid(page: Path, block: str, tmp_path: Path) -> None:
    document = tomllib.loads(block)
    if "duration" in document:
        (tmp_path / "pair.toml").write_text(README_CONFIGURATION, encoding="utf-8")
        assert read_scenario(document, str(page), tmp_path).nodes
        return
    configuration = parse(document, str(page), node=None, hostname="web1", any_node=True)
    assert configuration.virtual_routers


def test_every_shown_command_exists() -> None:
    codes = [code for page in PAGES for code in CODE.findall(prose(page))]
    codes += [block for language in ("", "sh", "text") for _, block in blocks(language)]
    shown = {command for code in codes for command in COMMAND.findall(code)}
    assert shown - set(COMMANDS) == set()
    assert shown >= {"run", "check", "status", "decode"}


def test_the_index_links_to_every_page() -> None:
    index = Path("docs/index.md")
    linked = {
        (ROOT / index.parent / target.partition("#")[0]).resolve()
        for target in LINK.findall(prose(index))
    }
    pages = {(ROOT / page).resolve() for page in PAGES if page.parts[0] == "docs"}
    assert pages - linked - {(ROOT / index).resolve()} == set()


def test_the_shown_systemd_unit_is_that_in_the_repository() -> None:
    unit = (ROOT / "docs" / "pyvrrp.service").read_text(encoding="utf-8")
    resources = (ROOT / "docs" / "resources.conf").read_text(encoding="utf-8")
    assert [block for _, block in blocks("ini")] == [unit, resources]


def test_every_explained_reason_is_in_the_source() -> None:
    sources = "\n".join(
        path.read_text(encoding="utf-8")
        for package in ("clients", "probes", "prober", "fencing")
        for path in (ROOT / "pyvrrp" / package).rglob("*.py")
    )
    section = text(Path("docs/fencing.md")).split("\n## Reasons\n")[1].split("\n## ")[0]
    rows = [line.split("|")[1] for line in section.splitlines() if line.startswith("| `")]
    reasons = [reason for row in rows for reason in CODE.findall(row)]
    # The other parts are numbers, names and texts, which are different each time.
    fixed = [re.split(r"\.\.\.|NAME|\d[\d.]*(?: [muM]?i?[sB])?", reason) for reason in reasons]
    unknown = [parts for parts in fixed if max(parts, key=len).strip(" :/") not in sources]
    assert unknown == []
    assert len(reasons) > 30


def test_there_are_pages_and_configurations_to_check() -> None:
    assert Path("docs/operations.md") in PAGES
    assert len(list(blocks("toml"))) > 3
