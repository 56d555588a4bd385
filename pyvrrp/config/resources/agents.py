"""Resource agents: programs that know one kind of resource, by the class they are written for."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePath

from pyvrrp.config.model.resources import Dialect
from pyvrrp.config.values.commands import command
from pyvrrp.config.values.scalars import WrongValueError, shown, table, text, wrong
from pyvrrp.errors import Problem

OCF_ROOT = "/usr/lib/ocf"
_LSB = "/etc/init.d"
_HEARTBEAT = "/etc/ha.d/resource.d"
_SYSTEMCTL = "/usr/bin/systemctl"
_PART = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+-]*")
_UNIT = re.compile(r"[A-Za-z0-9_@:][A-Za-z0-9_.@:\\-]*")
_PARAMETER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_ALLOWED = (
    '"ocf:PROVIDER:NAME", the absolute path of an OCF agent, "lsb:NAME", "heartbeat:NAME", '
    '"systemd:UNIT" or "exec:PROGRAM"'
)


@dataclass(frozen=True, slots=True)
class Agent:
    """A program that takes the name of an action, and the rules it follows."""

    dialect: Dialect
    words: tuple[str, ...]
    provider: str = ""

    def call(self, action: str, arguments: tuple[str, ...] = ()) -> tuple[str, ...]:
        """Return the command for *action*: start, stop or monitor."""
        match self.dialect:
            case Dialect.SYSTEMD:
                verb = "is-active" if action == "monitor" else action
                return (_SYSTEMCTL, verb, *self.words)
            case Dialect.LSB | Dialect.HEARTBEAT:
                verb = "status" if action == "monitor" else action
                return (*self.words, *arguments, verb)
            case Dialect.OCF | Dialect.COMMAND:
                return (*self.words, action)

    def environment(self, name: str, parameters: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
        """Return what an OCF agent wants to find in its environment; others want nothing."""
        if self.dialect is not Dialect.OCF:
            return ()
        return (
            ("OCF_ROOT", OCF_ROOT),
            ("OCF_RA_VERSION_MAJOR", "1"),
            ("OCF_RA_VERSION_MINOR", "0"),
            ("OCF_RESOURCE_INSTANCE", name),
            ("OCF_RESOURCE_TYPE", PurePath(self.words[0]).name),
            ("OCF_RESOURCE_PROVIDER", self.provider),
            ("OCF_CHECK_LEVEL", "0"),
            *((f"OCF_RESKEY_{key}", value) for key, value in parameters.items()),
        )


def agent(value: object) -> Agent:
    """Return the agent that *value* names."""
    written = text(value)
    if written.startswith("/"):
        return Agent(Dialect.OCF, command([written]))
    class_name, _, rest = written.partition(":")
    match class_name:
        case "ocf":
            provider, _, name = rest.partition(":")
            path = f"{OCF_ROOT}/resource.d/{_part(provider, written)}/{_part(name, written)}"
            return Agent(Dialect.OCF, (path,), provider)
        case "lsb":
            return Agent(Dialect.LSB, (f"{_LSB}/{_part(rest, written)}",))
        case "heartbeat":
            return Agent(Dialect.HEARTBEAT, (f"{_HEARTBEAT}/{_part(rest, written)}",))
        case "systemd" if _UNIT.fullmatch(rest):
            return Agent(Dialect.SYSTEMD, (rest,))
        case "exec":
            return Agent(Dialect.COMMAND, command(rest))
        case _:
            raise wrong(f"must be {_ALLOWED}, not {shown(written)}")


def parameters(value: object) -> dict[str, str]:
    """Return an agent's parameters as it finds them: all are words, whatever TOML calls them."""
    problems: list[Problem] = []
    found: dict[str, str] = {}
    for key, inner in table(value).items():
        if _PARAMETER.fullmatch(key) is None:
            problems.append(Problem(f".{key}", "cannot be the name of a parameter"))
        elif isinstance(inner, bool):
            found[key] = "true" if inner else "false"
        elif isinstance(inner, int):
            found[key] = str(inner)
        elif isinstance(inner, str) and "\0" not in inner:
            found[key] = inner
        else:
            what = f"must be a string, a whole number, true or false, not {shown(inner)}"
            problems.append(Problem(f".{key}", what))
    if problems:
        raise WrongValueError(*problems)
    return found


def _part(name: str, written: str) -> str:
    if _PART.fullmatch(name) is None:
        raise wrong(f"must be {_ALLOWED}, not {shown(written)}")
    return name
