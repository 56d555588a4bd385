"""Read a configuration from its main file and the directory of further files beside it."""

import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path

from pyvrrp.config.files.environment import Expansion
from pyvrrp.config.files.existence import unreadable_files
from pyvrrp.config.files.merge import Document, merge
from pyvrrp.config.model.configuration import Configuration
from pyvrrp.config.parse import parse
from pyvrrp.errors import ConfigurationError, Problem
from pyvrrp.foreign_text import escaped

_MOST_BYTES = 4 * 1024 * 1024  # a file with 250 virtual routers has less than 200 kB
_POSITION = re.compile(r"(.*) \(at (line \d+, column \d+|end of document)\)", re.DOTALL)


def load(
    path: Path,
    *,
    node: str | None = None,
    environment: Mapping[str, str] | None = None,
    hostname: str | None = None,
    any_node: bool = False,
    offline: bool = False,
) -> Configuration:
    """Return the configuration in *path* and the ``*.toml`` files of the directory beside it.

    The directory is *path* with the suffix ``.d``: ``pyvrrp.d`` for ``pyvrrp.toml``. *node*
    replaces the name of the node in the file; *environment* and *hostname* replace those of the
    system. With *any_node* the result has the virtual routers of all nodes. With *offline* the
    files and users that it names are those of another machine. Raise ConfigurationError with all
    problems at once, unreadable files and wrong TOML included.
    """
    source = str(path)
    merged = merge(_documents(path, source), source)
    environment = os.environ if environment is None else environment
    expansion = Expansion(environment, merged.origins)
    document = expansion.document(merged.content)
    found = [*merged.problems, *expansion.problems]
    hostname = os.uname().nodename if hostname is None else hostname
    try:
        configuration = parse(
            document,
            source,
            node=node,
            hostname=hostname,
            origins=merged.origins,
            any_node=any_node,
        )
    except ConfigurationError as error:
        unexpanded = {problem.path for problem in expansion.problems}
        found += [problem for problem in error.problems if problem.path not in unexpanded]
    else:
        found += () if offline else unreadable_files(configuration, merged.origins)
    if found:
        raise ConfigurationError(source, found)
    return configuration


def _documents(path: Path, source: str) -> list[Document]:
    documents: list[Document] = []
    problems: list[Problem] = []
    directory = _beside(path)
    fragments: list[Path] = []
    try:
        fragments = _fragments(directory)
    except OSError as error:
        problems.append(Problem(directory.name, f"cannot be listed: {error.strerror}"))
    for file in (path, *fragments):
        label = "" if file is path else escaped(f"{file.parent.name}/{file.name}")
        document, problem = _read(file)
        if problem is None:
            documents.append(Document(label, document))
        else:
            where = ": ".join(part for part in (label, problem.path) if part)
            problems.append(Problem(where, problem.what))
    if problems:
        raise ConfigurationError(source, problems)
    return documents


def files_of(path: Path) -> tuple[Path, ...]:
    """Return *path* and the files of the directory beside it. Raise OSError."""
    return (path, *_fragments(_beside(path)))


def _beside(path: Path) -> Path:
    return path.parent / f"{path.stem}.d"


def _fragments(directory: Path) -> list[Path]:
    if not directory.is_dir():
        return []
    # A file with a leading dot is a copy that an editor made, or is not meant to be read.
    return sorted(
        file
        for file in directory.iterdir()
        if file.suffix == ".toml" and not file.name.startswith(".")
    )


def _read(file: Path) -> tuple[dict[str, object], Problem | None]:
    try:
        with file.open("rb") as stream:
            data = stream.read(_MOST_BYTES + 1)
    except OSError as error:
        return {}, Problem("", f"cannot be read: {error.strerror}")
    if len(data) > _MOST_BYTES:
        return {}, Problem("", f"is larger than {_MOST_BYTES} bytes")
    try:
        return tomllib.loads(data.decode("utf-8-sig")), None
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        return {}, Problem(f"line {line}", "is not UTF-8, which TOML requires")
    except RecursionError:
        return {}, Problem("", "nests arrays or tables too deeply")
    except ValueError as error:
        # TOMLDecodeError, or a number with more digits than Python converts.
        return {}, _syntax(str(error))


def _syntax(message: str) -> Problem:
    match = _POSITION.fullmatch(message)
    what, where = (match[1], match[2]) if match else (message, "")
    return Problem(where, f"is not TOML: {escaped(what)}")
