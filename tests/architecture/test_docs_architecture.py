"""Every name of code in docs/architecture.md exists: a file, a module, a class, a function."""

import ast
import keyword
from functools import cache
from pathlib import Path

import pytest

from tests.architecture.test_docs import CODE, prose
from tests.architecture.tree import ROOT, classes, defined_in, dotted, modules, parsed

PAGE = Path("docs/architecture.md")


@cache
def package_names() -> frozenset[str]:
    """Return all names that the package defines, and its string constants."""
    names = {name for module in modules() for name in defined_in(parsed(module))}
    constants = {
        node.value
        for module in modules()
        for node in ast.walk(parsed(module))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    return frozenset(names | constants)


def exists(code: str) -> bool:
    """Return whether the repository has what the page calls *code*."""
    name = code.partition("(")[0].strip()
    if "/" in name or name.endswith((".py", ".toml")):
        return is_path(name)
    if name.startswith("pyvrrp."):
        return is_imported_as(name)
    owner, _, member = name.rpartition(".")
    if owner[:1].isupper():
        return any(member in members for _, members in classes().get(owner, ()))
    return (member in package_names()) or keyword.iskeyword(member) or keyword.issoftkeyword(member)


def is_path(name: str) -> bool:
    """Return whether *name* is a file or folder, or the end of the path of a module."""
    there = any((ROOT / place / name).exists() for place in (".", "pyvrrp"))
    return there or any(f"/{module}".endswith(f"/{name}") for module in modules())


def is_imported_as(name: str) -> bool:
    """Return whether *name* is a module, or a name in one."""
    by_name = {dotted(module): module for module in modules()}
    if name in by_name:
        return True
    module, _, member = name.rpartition(".")
    return module in by_name and member in set(defined_in(parsed(by_name[module])))


def test_every_name_of_code_exists() -> None:
    assert [code for code in CODE.findall(prose(PAGE)) if not exists(code)] == []


def test_the_page_names_much_code() -> None:
    assert len(set(CODE.findall(prose(PAGE)))) > 100


@pytest.mark.parametrize(
    "code",
    [
        *("Verdict.after", "FenceState", "fence_state", "examine(packet, family)", "match"),
        *("fencing/verdict.py", "pyvrrp/fencing/", "pyproject.toml", "pyvrrp-kernel"),
        *("pyvrrp.fencing.verdict", "pyvrrp.fencing.fence.fence_state(verdicts)"),
    ],
)
def test_a_name_that_exists_is_found(code: str) -> None:
    assert exists(code)


@pytest.mark.parametrize(
    "code",
    [
        *(
            "Verdict.judge",
            "FenceStatus",
            "verdicts/fence.py",
            "pyvrrp/fence/",
            "no_such" + "_name",
        ),
        *("pyvrrp.fencing.verdicts", "pyvrrp.fencing.fence.fence_states(verdicts)"),
    ],
)
def test_a_name_that_does_not_exist_is_found(code: str) -> None:
    assert not exists(code)
