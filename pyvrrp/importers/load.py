"""Load a configuration file of either kind: TOML, or a keepalived.conf, told by its content."""

import glob
import os
import pwd
import re
import shutil
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pyvrrp.config.files.existence import unreadable_files
from pyvrrp.config.files.load import files_of, load
from pyvrrp.config.model.configuration import Configuration
from pyvrrp.config.parse import parse
from pyvrrp.config.values.origins import ONE_FILE
from pyvrrp.errors import ConfigurationError, Problem
from pyvrrp.importers.base.report import Fate, ReportLine
from pyvrrp.importers.keepalived.importer import Translation, translated
from pyvrrp.importers.keepalived.recognise import is_keepalived

KEEPALIVED_FILE = Path("/etc/keepalived/keepalived.conf")
_MOST_BYTES = 4 * 1024 * 1024
_MOST_FILES = 1000
_BRACES = re.compile(r"\{([^{}]*)\}")


@dataclass(frozen=True, slots=True)
class LoadedConfiguration:
    """A configuration, the files that it is from, and what became of the lines of a foreign one."""

    configuration: Configuration
    files: tuple[Path, ...]
    report: tuple[ReportLine, ...] = ()


class LocalSurroundings:
    """What a keepalived.conf asks this machine about, and the files that it has included.

    *offline*: programs and users are those of another machine, so they are not looked for.
    """

    def __init__(self, *, offline: bool = False) -> None:
        self.files: list[Path] = []
        self._offline = offline

    def matching(self, pattern: str) -> Sequence[str]:
        """Return the absolute paths of the files that match *pattern*, in order."""
        found = (name for one in _alternatives(pattern) for name in sorted(glob.glob(one)))  # noqa: PTH207 - the pattern is absolute
        return [name for name in dict.fromkeys(found) if not Path(name).is_dir()][:_MOST_FILES]

    def text(self, path: str) -> str:
        """Return the content of a file. Raise ConfigurationError if it cannot be read."""
        text = _text(Path(path))
        self.files.append(Path(path))
        return text

    def variable(self, name: str) -> str | None:
        """Return an environment variable, None if it is not set."""
        return os.environ.get(name)

    def program(self, name: str) -> str | None:
        """Return the path of a program that is given without one, None if there is none."""
        return shutil.which(name) or (f"/usr/bin/{name}" if self._offline else None)

    def has_user(self, name: str) -> bool:
        """Return whether this machine has the user."""
        try:
            pwd.getpwnam(name)
        except (KeyError, ValueError):
            return False
        return True


def load_file(
    path: Path,
    *,
    node: str | None = None,
    identifier: str | None = None,
    any_node: bool = False,
    offline: bool = False,
) -> LoadedConfiguration:
    """Return the configuration in *path*.

    *identifier* is what ``@ID`` in a keepalived.conf is compared with: by default *node*, else the
    host name up to its first dot. Raise ConfigurationError with all problems at once; a
    keepalived.conf with a line that is refused is one.
    """
    if not _is_foreign(path):
        configuration = load(path, node=node, any_node=any_node, offline=offline)
        return LoadedConfiguration(configuration, files_of(path))
    surroundings = LocalSurroundings(offline=offline)
    translation = import_file(path, surroundings, identifier or node)
    refused = [
        Problem(_place(line, path), line.what)
        for line in translation.report.lines
        if line.fate is Fate.REFUSED
    ]
    if refused:
        raise ConfigurationError(str(path), refused)
    hostname = os.uname().nodename
    configuration = parse(
        translation.document, str(path), node=node, hostname=hostname, any_node=any_node
    )
    unusable = [] if offline else unreadable_files(configuration, ONE_FILE)
    if unusable:
        raise ConfigurationError(str(path), unusable)
    files = (path, *surroundings.files)
    return LoadedConfiguration(configuration, files, tuple(translation.report.lines))


def import_file(
    path: Path,
    surroundings: LocalSurroundings,
    identifier: str | None = None,
    *,
    native_checks: bool = False,
) -> Translation:
    """Return the translation of a keepalived.conf. Raise ConfigurationError if it is unreadable."""
    return translated(
        _text(path),
        str(path),
        surroundings,
        identifier=identifier or os.uname().nodename.partition(".")[0],
        native_checks=native_checks,
    )


def _place(line: ReportLine, path: Path) -> str:
    """Return the place of *line* for a problem in *path*, which is named before it."""
    return f"line {line.source.number}" if line.source.file == str(path) else str(line.source)


def _is_foreign(path: Path) -> bool:
    if not path.is_file():
        return False  # what is read from a pipe can be read once only
    try:
        with path.open("rb") as file:
            return is_keepalived(file.read(_MOST_BYTES).decode(errors="replace"))
    except OSError:
        return False  # the reader of TOML says what is wrong


def _text(path: Path) -> str:
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise ConfigurationError(str(path), [Problem("", "is not a regular file")])
        with path.open("rb") as file:
            octets = file.read(_MOST_BYTES + 1)
    except OSError as error:
        what = f"cannot be read: {error.strerror}"
        raise ConfigurationError(str(path), [Problem("", what)]) from error
    if len(octets) > _MOST_BYTES:
        raise ConfigurationError(str(path), [Problem("", f"is larger than {_MOST_BYTES} bytes")])
    return octets.decode(errors="replace")


def _alternatives(pattern: str) -> Iterator[str]:
    """Yield the patterns without braces: ``a{b,c}`` is ``ab`` and ``ac``."""
    waiting, count = [pattern], 0
    while waiting and count < _MOST_FILES:
        one = waiting.pop(0)
        count += 1
        match = _BRACES.search(one)
        if match is None:
            yield one
        else:
            before, after = one[: match.start()], one[match.end() :]
            waiting += [f"{before}{choice}{after}" for choice in match[1].split(",")]
