"""Translate ``vrrp_script`` into ``[check.NAME]`` with ``exec``, or into a native check."""

from dataclasses import dataclass, field

from pyvrrp.config.values.durations import write_duration
from pyvrrp.config.values.scalars import wrong
from pyvrrp.config.values.toml import toml_value
from pyvrrp.importers.keepalived.native import native
from pyvrrp.importers.keepalived.syntax.statements import Statement
from pyvrrp.importers.keepalived.syntax.words import (
    UnreadableTextError,
    command_words,
    shell_words,
)
from pyvrrp.importers.keepalived.translation.context import Context, Document, Handler
from pyvrrp.importers.keepalived.translation.values import number, only_value, time
from pyvrrp.units import MILLISECOND, SECOND, Nanoseconds

DEFAULT_USER = "keepalived_script"
_LONGEST = 3600.0
_SHORTEST = 0.01
_MOST_RUNS = 100
_MOST_POINTS = 253


@dataclass(frozen=True, slots=True)
class Weighted:
    """What an instance may track: the name of its check, and its weight. 0 is part of the fence."""

    check: str
    weight: int = 0
    reverse: bool = False


@dataclass(slots=True)
class _Script:
    words: list[str] = field(default_factory=list)
    user: str = ""
    interval: Nanoseconds = SECOND
    timeout: Nanoseconds = Nanoseconds(0)
    rise: int = 1
    fall: int = 1
    weight: int = 0
    reverse: bool = False
    init_fail: bool = False


def weight_of(values: list[str], most: int = _MOST_POINTS) -> tuple[int, bool]:
    """Return the weight in *values*, as ``-20 reverse``, and whether it is in reverse."""
    points = number(values[0], -most - 1, most + 1)
    if values[1:] not in ([], ["reverse"], ["noreverse"]):
        raise wrong(f"{' '.join(values[1:])} is not understood")
    return max(-most, min(most, points)), values[1:] == ["reverse"]


class Scripts:
    """Reads the scripts. ``tracked`` has what instances may track by the name in the file."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._script = _Script()
        self.tracked: dict[str, Weighted] = {}
        self._handlers: dict[str, Handler] = {
            "script": self._command,
            "interval": self._interval,
            "timeout": self._timeout,
            "weight": self._weight,
            "rise": self._rise,
            "fall": self._fall,
            "user": self._user,
            "init_fail": self._init_fail,
        }

    def read(self, statement: Statement) -> None:
        """Read one ``vrrp_script`` block."""
        name = only_value(statement)
        self._script = _Script()
        self._context.read("vrrp_script", statement.block or [], self._handlers)
        script = self._script
        if name in self.tracked:
            raise wrong(f"{name} is defined twice")
        if not script.words:
            raise wrong(f"{name} has no script that can run")
        check = self._context.name(name, self._context.check_names)
        self._context.checks[check] = self._table(script)
        self.tracked[name] = Weighted(check, script.weight, script.reverse)
        if script.timeout > script.interval:
            what = (
                f"check.{check}; the timeout is longer than the interval: a run that is due while "
                "one is under way is left out, as in keepalived"
            )
            self._context.imported(statement, what)
        elif script.rise > 1 and not script.init_fail:
            what = f"check.{check}; at the start {script.rise} passes are needed too, not one"
            self._context.changed(statement, what)
        else:
            self._context.imported(statement, f"check.{check}")

    def _table(self, script: _Script) -> Document:
        timing: Document = {
            "interval": write_duration(script.interval),
            "timeout": write_duration(script.timeout or script.interval),
            "rise": script.rise,
            "fall": script.fall,
        }
        found = native(script.words) if self._context.native_checks else None
        if found is not None:
            timing["timeout"] = write_duration(
                min(script.timeout or script.interval, script.interval)
            )
            return {**found, **timing}
        return {"exec": script.words, "user": script.user or self.default_user(), **timing}

    def default_user(self) -> str:
        """Return the user of scripts that name none: as keepalived chooses it."""
        if self._context.defaults.user:
            return self._context.defaults.user
        return DEFAULT_USER if self._context.surroundings.has_user(DEFAULT_USER) else "root"

    def _command(self, statement: Statement) -> None:
        self._script.words = words = command_of(self._context, statement)
        native_check = native(words)
        notes: list[str] = []
        if native_check is not None:
            keys = ", ".join(f"{key} = {toml_value(value)}" for key, value in native_check.items())
            used = self._context.native_checks
            notes.append(f"is now the native check {keys}" if used else f"could be {keys}")
        if meant_for_shell := shell_words(words):
            notes.append(f"no shell reads it, as in keepalived: {' '.join(meant_for_shell)}")
        if further := command_words(statement.text)[2:]:
            left = " ".join(further)
            notes.append(f"without quotes only the first word counts, as in keepalived; not {left}")
        self._context.imported(statement, "; ".join(notes))

    def _interval(self, statement: Statement) -> None:
        self._script.interval = time(only_value(statement), _SHORTEST, _LONGEST)
        self._context.imported(statement)

    def _timeout(self, statement: Statement) -> None:
        timeout = time(only_value(statement), 0, _LONGEST)
        self._script.timeout = Nanoseconds(max(timeout, MILLISECOND)) if timeout else timeout
        self._context.imported(statement)

    def _weight(self, statement: Statement) -> None:
        only_value(statement)
        self._script.weight, self._script.reverse = weight_of(statement.values)
        self._context.imported(statement)

    def _rise(self, statement: Statement) -> None:
        self._script.rise = number(only_value(statement), 1, _MOST_RUNS)
        self._context.imported(statement)

    def _fall(self, statement: Statement) -> None:
        self._script.fall = number(only_value(statement), 1, _MOST_RUNS)
        self._context.imported(statement)

    def _user(self, statement: Statement) -> None:
        self._script.user = only_value(statement)
        self._context.imported(statement)

    def _init_fail(self, statement: Statement) -> None:
        self._script.init_fail = True
        self._context.imported(statement, "a check fails until it has passed, always")


def command_of(context: Context, statement: Statement) -> list[str]:
    """Return the words of the program in *statement*, with its path. Raise WrongValueError."""
    try:
        whole = command_words(statement.text)
        words = command_words(whole[1]) if len(whole) > 1 else []
    except UnreadableTextError as error:
        raise wrong(str(error)) from None
    if not words or not words[0]:
        raise wrong("has no program")
    if "/" not in words[0]:
        program = context.surroundings.program(words[0])
        if program is None:
            raise wrong(f"there is no program {words[0]} in PATH")
        words = [program, *words[1:]]
    if not words[0].startswith("/"):
        raise wrong(f"{words[0]} must be an absolute path")
    return words
