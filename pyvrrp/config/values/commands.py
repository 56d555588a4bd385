"""Commands that an operator may configure, and whether anybody else could have written them."""

import os
import shlex
import stat
from collections.abc import Collection
from pathlib import Path

from pyvrrp.config.values.scalars import array_of, shown, text, wrong

ROOT = 0
_MOST_LINKS = 40  # as many as the kernel follows
_MOST_WORDS = 256
_LONGEST_WORD = 4096
_INTERPRETED = b"#!"
_LINE = 256  # bytes that the kernel reads of a script to find its interpreter
_OTHERS = stat.S_IWGRP | stat.S_IWOTH


def command(value: object) -> tuple[str, ...]:
    """Return the words of a command: an array, or a string in the quoting of a shell."""
    words = _split(value) if isinstance(value, str) else array_of(text, "strings")(value)
    if not words:
        raise wrong("needs a program")
    if len(words) > _MOST_WORDS:
        raise wrong(f"must have at most {_MOST_WORDS} words, not {len(words)}")
    if any("\0" in word or len(word) > _LONGEST_WORD for word in words):
        raise wrong(f"must have words of at most {_LONGEST_WORD} characters, without a zero")
    if not words[0].startswith("/") or not words[0].isprintable():
        raise wrong(f"must begin with the absolute path of a program, not {shown(words[0])}")
    return words


def _split(line: str) -> tuple[str, ...]:
    try:
        return tuple(shlex.split(line))
    except ValueError as error:
        raise wrong(f"{shown(line)} cannot be split into words: {str(error).lower()}") from None


def obstacle(program: str, trusted: Collection[int]) -> str:
    """Return why *program* had better not be run, or nothing if it may.

    Every directory on its way, symbolic links resolved, and the file itself must be writable by
    users of *trusted* (their numbers) alone. The same goes for a script's interpreter.
    """
    try:
        found = _obstacle(Path(program), trusted)
        interpreter = "" if found else _interpreter(program)
        return found or (_obstacle(Path(interpreter), trusted) if interpreter else "")
    except OSError as error:
        return f"{error.filename or program}: {(error.strerror or str(error)).lower()}"


def _obstacle(program: Path, trusted: Collection[int]) -> str:
    at = Path("/")
    ahead = list(reversed(program.parts[1:]))
    links = 0
    status = at.lstat()
    while True:
        if exposed := _exposed(at, status, trusted):
            return exposed
        if not ahead:
            break
        step = ahead.pop()
        # `at` holds no symbolic links, so its parent is where ".." leads.
        at = at.parent if step == ".." else at / step
        status = at.lstat()
        if stat.S_ISLNK(status.st_mode):
            links += 1
            if links > _MOST_LINKS:
                return f"{program}: too many levels of symbolic links"
            target = at.readlink()
            at = Path("/") if target.is_absolute() else at.parent
            ahead += reversed(target.parts[1:] if target.is_absolute() else target.parts)
            status = at.lstat()
    if not stat.S_ISREG(status.st_mode):
        return f"{at} is no regular file"
    if not status.st_mode & (stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH):
        return f"{at} is not executable ({stat.filemode(status.st_mode)})"
    return ""


def _exposed(at: Path, status: os.stat_result, trusted: Collection[int]) -> str:
    mode = stat.filemode(status.st_mode)
    if status.st_uid not in trusted:
        return f"{at} belongs to user {status.st_uid} ({mode}), who could replace the program"
    writable = status.st_mode & _OTHERS
    if writable & stat.S_IWOTH or (writable and status.st_gid != ROOT):
        who = "everybody" if writable & stat.S_IWOTH else f"group {status.st_gid}"
        return f"{at} is writable by {who} ({mode}), who could replace the program"
    return ""


def _interpreter(program: str) -> str:
    """Return the interpreter that a script names; nothing if it is none."""
    try:
        with open(program, "rb") as stream:  # noqa: PTH123 - a regular file, seen just before
            line = stream.read(_LINE)
    except PermissionError:
        return ""  # who may not read it cannot run it as a script either
    words = line.partition(b"\n")[0].removeprefix(_INTERPRETED).split()
    if not line.startswith(_INTERPRETED) or not words:
        return ""
    name = os.fsdecode(words[0])
    return name if name.startswith("/") else ""
