"""Commands in the configuration, and whether other users could replace their programs."""

import os
import shlex
import stat
from collections.abc import Collection
from pathlib import Path

from pyvrrp.config.values.scalars import array_of, shown, text, wrong

ROOT = 0
_MOST_LINKS = 40  # the kernel follows no more
_MOST_WORDS = 256
_LONGEST_WORD = 4096
_SCRIPT_START = b"#!"
_FIRST_LINE = 256  # the kernel looks for the name of the interpreter in so many octets
_WRITABLE_BY_OTHERS = stat.S_IWGRP | stat.S_IWOTH


def command(value: object) -> tuple[str, ...]:
    """Return the words of a command: an array, or a string that is split like a shell does."""
    words = _split(value) if isinstance(value, str) else array_of(text, "strings")(value)
    if not words:
        raise wrong("needs a program")
    _refuse_unusable(words)
    if not words[0].startswith("/") or not words[0].isprintable():
        raise wrong(f"must begin with the absolute path of a program, not {shown(words[0])}")
    return words


def arguments(value: object) -> tuple[str, ...]:
    """Return further words of a command, which may be none."""
    words = array_of(text, "strings")(value)
    _refuse_unusable(words)
    return words


def _refuse_unusable(words: Collection[str]) -> None:
    if len(words) > _MOST_WORDS:
        raise wrong(f"must have at most {_MOST_WORDS} words, not {len(words)}")
    if any("\0" in word or len(word) > _LONGEST_WORD for word in words):
        raise wrong(f"must have words of at most {_LONGEST_WORD} characters, without a zero")


def _split(line: str) -> tuple[str, ...]:
    try:
        return tuple(shlex.split(line))
    except ValueError as error:
        raise wrong(f"{shown(line)} cannot be split into words: {str(error).lower()}") from None


def why_unsafe(program: str, trusted: Collection[int]) -> str:
    """Return why it is not safe to run *program*; empty: it is safe.

    The file and every directory on its path, after all symbolic links, must be writable by the
    users *trusted* (numbers) only. The same holds for the interpreter of a script.
    """
    try:
        found = _why_path_is_unsafe(Path(program), trusted)
        interpreter = "" if found else _interpreter(program)
        return found or (_why_path_is_unsafe(Path(interpreter), trusted) if interpreter else "")
    except OSError as error:
        return f"{error.filename or program}: {(error.strerror or str(error)).lower()}"


def _why_path_is_unsafe(program: Path, trusted: Collection[int]) -> str:
    at = Path("/")
    parts_left = list(reversed(program.parts[1:]))
    links = 0
    status = at.lstat()
    while True:
        if unsafe := _why_file_is_unsafe(at, status, trusted):
            return unsafe
        if not parts_left:
            break
        part = parts_left.pop()
        # `at` contains no symbolic links, so ".." is its parent.
        at = at.parent if part == ".." else at / part
        status = at.lstat()
        if stat.S_ISLNK(status.st_mode):
            links += 1
            if links > _MOST_LINKS:
                return f"{program}: too many levels of symbolic links"
            target = at.readlink()
            at = Path("/") if target.is_absolute() else at.parent
            parts_left += reversed(target.parts[1:] if target.is_absolute() else target.parts)
            status = at.lstat()
    if not stat.S_ISREG(status.st_mode):
        return f"{at} is not a regular file"
    if not status.st_mode & (stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH):
        return f"{at} is not executable ({stat.filemode(status.st_mode)})"
    return ""


def _why_file_is_unsafe(at: Path, status: os.stat_result, trusted: Collection[int]) -> str:
    mode = stat.filemode(status.st_mode)
    if status.st_uid not in trusted:
        return f"{at} belongs to user {status.st_uid} ({mode}), who could replace the program"
    writable = status.st_mode & _WRITABLE_BY_OTHERS
    if writable & stat.S_IWOTH or (writable and status.st_gid != ROOT):
        who = "everybody" if writable & stat.S_IWOTH else f"group {status.st_gid}"
        return f"{at} is writable by {who} ({mode}), who could replace the program"
    return ""


def _interpreter(program: str) -> str:
    """Return the path of the interpreter that a script names; empty if it is not a script."""
    try:
        with open(program, "rb") as stream:  # noqa: PTH123 - the caller checked that it is a file
            line = stream.read(_FIRST_LINE)
    except PermissionError:
        return ""  # a user who cannot read a script cannot run it
    words = line.partition(b"\n")[0].removeprefix(_SCRIPT_START).split()
    if not line.startswith(_SCRIPT_START) or not words:
        return ""
    name = os.fsdecode(words[0])
    return name if name.startswith("/") else ""
