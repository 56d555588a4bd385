"""The files of the repository, and the names that the package defines."""

import ast
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def modules() -> list[Path]:
    """Return the source files of the package, relative to the repository."""
    return sorted(path.relative_to(ROOT) for path in (ROOT / "pyvrrp").rglob("*.py"))


def lab_modules() -> list[Path]:
    """Return the source files of the lab, relative to the repository."""
    return sorted(path.relative_to(ROOT) for path in (ROOT / "netns-lab").rglob("*.py"))


def dotted(module: Path) -> str:
    """Return the name that *module* is imported by."""
    parts = module.with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@cache
def parsed(path: Path) -> ast.Module:
    """Return the syntax tree of *path*."""
    return ast.parse((ROOT / path).read_text(encoding="utf-8"), filename=str(path))


@cache
def classes() -> dict[str, list[tuple[Path, frozenset[str]]]]:
    """Return the classes of package and lab by name: for each its module and its members."""
    found: dict[str, list[tuple[Path, frozenset[str]]]] = defaultdict(list)
    for module in (*modules(), *lab_modules()):
        for node in ast.walk(parsed(module)):
            if isinstance(node, ast.ClassDef):
                found[node.name].append((module, frozenset(defined_in(node))))
    return dict(found)


def defined_in(tree: ast.AST) -> Iterator[str]:
    """Yield all names that *tree* defines.

    They are those of classes and functions, of their parameters, of variables and of attributes.
    """
    for node in ast.walk(tree):
        match node:
            case ast.ClassDef(name=name) | ast.FunctionDef(name=name):
                yield name
            case ast.AsyncFunctionDef(name=name) | ast.arg(arg=name):
                yield name
            case ast.Name(id=name, ctx=ast.Store()) | ast.Attribute(attr=name, ctx=ast.Store()):
                yield name
            case _:
                pass
