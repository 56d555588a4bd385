"""The words of the documentation: names that exist, messages that are written, lines that fit."""

import ast
import re
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

import pytest

from pyvrrp.cli.main import COMMANDS, main
from tests.architecture.test_docs import CODE, FENCE, PAGES, prose, text
from tests.architecture.tree import ROOT, modules, parsed

WIDTH = 100
README_WORDS = 650

# Names of other programs: keepalived, OCF, etcd, Linux, systemd, tshark.
FOREIGN = {
    "ERR_ARGS",
    "ERR_CONFIGURED",
    "ERR_GENERIC",
    "ERR_INSTALLED",
    "ERR_PERM",
    "ERR_UNIMPLEMENTED",
    "IPV6_CHECKSUM",
    "accept_local",
    "check_unicast_src",
    "no_new_privs",
    "sync_group_tracking_weight",
    "use_vmac",
    "v3_checksum_as_v2",
    "virtual_ipaddress_excluded",
    "vrrp_version",
}
# A name with an underscore or with two capital words in it. Plain words could be anything.
NAME = re.compile(r"\b(?:[A-Za-z]+(?:_[A-Za-z0-9]+)+|(?:[A-Z][a-z0-9]+){2,})\b")
# The parts of a message in the documentation that are different each time.
EXAMPLE = re.compile(
    r"\.\.\.|; |\b(?:web\d?|http|wan|lan|edge|database|eth0|rfc\d+)\b|\b[0-9a-f]{2}:"
    r"|\d[\d.:/]*(?: m?s\b)?|waits for |(?:stays away|failed|killed) (?:for|until|after)?|: "
)
# One word, one meaning: "heartbeat" is a product, "instance" means nothing here.
MISUSED = re.compile(r"\b(?:heartbeats?(?!:)|instances?|whoever)\b")
LOG_LINE = re.compile(
    r"^\d{4}-\d\d-\d\d [\d:.]+ [^:]+: (?:WARNING: |[A-Z]+ -> [A-Z]+: )?(.*)$", re.MULTILINE
)
FLAG = re.compile(r"(?<![\w-])--[a-z][a-z-]+")
SHOWN = re.compile(r"(?:^|[|/ ])pyvrrp ([a-z][a-z-]*)([^|\n#]*)", re.MULTILINE)


@cache
def known_names() -> set[str]:
    """Return all words in code, tests, scenarios and units, and the names of files."""
    files = [
        path
        for place in ("pyvrrp", "netns-lab", "tests")
        for path in sorted((ROOT / place).rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts and path.name != Path(__file__).name
    ]
    files += [ROOT / "docs" / "pyvrrp.service", ROOT / "pyproject.toml"]
    written = [path.read_text(encoding="utf-8", errors="replace") for path in files]
    words = re.findall(r"\w+", "\n".join([*written, *(path.stem for path in files)]))
    return {word.lstrip("_") for word in words}


@cache
def strings() -> str:
    """Return all string constants of the package, one on a line."""
    return "\n".join(
        node.value
        for module in modules()
        for node in ast.walk(parsed(module))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    )


def code_of(page: Path) -> list[str]:
    return CODE.findall(prose(page))


def unknown_names(codes: list[str]) -> list[str]:
    names = {name for code in codes for name in NAME.findall(code)}
    return sorted(names - FOREIGN - known_names())


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_every_name_of_code_exists(page: Path) -> None:
    assert unknown_names(code_of(page)) == []


def test_a_name_that_does_not_exist_is_found() -> None:
    gone = "former" + "_name"  # written so that this file does not define it
    assert unknown_names([f"{gone}()", "Former" + "Class", "use_vmac", "`step`"]) == [
        "Former" + "Class",
        gone,
    ]


def test_every_foreign_name_is_on_a_page() -> None:
    shown = "\n".join(code for page in PAGES for code in code_of(page))
    assert {name for name in FOREIGN if name not in shown} == set()


def messages() -> Iterator[str]:
    """Yield the messages of `status` and the log that the table of symptoms quotes."""
    for line in text(Path("docs/troubleshooting.md")).splitlines():
        if line.startswith("| `"):
            yield from CODE.findall(line.split("|")[1])


def invented(shown: Iterable[str]) -> list[str]:
    """Return those of the *shown* messages whose longest fixed part is in no string of pyvrrp."""
    return [
        message
        for message in shown
        if max((part.strip(" ,") for part in EXAMPLE.split(message)), key=len) not in strings()
    ]


def test_pyvrrp_writes_every_message_in_troubleshooting() -> None:
    assert invented(messages()) == []
    assert len(list(messages())) > 40


def test_pyvrrp_writes_every_shown_log_line() -> None:
    lines = [line for page in PAGES for line in LOG_LINE.findall(text(page))]
    assert invented(lines) == []
    assert len(lines) > 5


def test_a_message_that_pyvrrp_does_not_write_is_found() -> None:
    assert invented(["fenced by web: connection refused"]) == []
    assert invented(["web has left" + " the building"]) == ["web has left the building"]


def test_the_table_of_commands_names_every_command() -> None:
    page = text(Path("docs/commands.md"))
    rows = re.findall(r"^\| `pyvrrp ([a-z-]+)", page, flags=re.MULTILINE)
    assert sorted(rows) == sorted(COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_shown_flag_exists(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main([command, "--help"])
    known = set(FLAG.findall(capsys.readouterr().out))
    shown = {
        flag
        for page in PAGES
        for code in [*code_of(page), *(block for _, block in FENCE.findall(text(page)))]
        for name, rest in SHOWN.findall(code)
        if name == command
        for flag in FLAG.findall(rest)
    }
    assert shown - known == set()


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_prose_is_wrapped(page: Path) -> None:
    """Tables, headings and code may be longer, and so may a link that cannot be broken."""
    long = [
        line
        for line in prose(page).splitlines()
        if len(line) > WIDTH and not line.startswith(("|", "#")) and " " in line.strip()
    ]
    assert long == []


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_words_are_used_in_their_one_meaning(page: Path) -> None:
    plain = re.sub(r"\]\([^)]*\)", "]", CODE.sub("", prose(page)))
    assert MISUSED.findall(plain) == []


def test_the_readme_is_short() -> None:
    assert len(text(Path("README.md")).split()) <= README_WORDS
