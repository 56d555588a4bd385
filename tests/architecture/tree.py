"""What the architecture tests look at: the files of the repository."""

import ast
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def modules() -> list[Path]:
    """Return the source files of the package, relative to the repository."""
    return sorted(path.relative_to(ROOT) for path in (ROOT / "pyvrrp").rglob("*.py"))


def dotted(module: Path) -> str:
    """Return the name that *module* is imported by."""
    parts = module.with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def parsed(path: Path) -> ast.Module:
    """Return the syntax tree of *path*."""
    return ast.parse((ROOT / path).read_text(encoding="utf-8"), filename=str(path))
