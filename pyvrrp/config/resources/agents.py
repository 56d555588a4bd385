"""Resource agents: programs that start, stop and monitor one kind of resource."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePath

from pyvrrp.config.model.resources import AgentClass
from pyvrrp.config.values.commands import command
from pyvrrp.config.values.scalars import shown, text, wrong
from pyvrrp.config.values.sections import each_entry
from pyvrrp.foreign_text import LONGEST_VARIABLE

OCF_ROOT = "/usr/lib/ocf"
_LSB = "/etc/init.d"
_HEARTBEAT = "/etc/ha.d/resource.d"
_SYSTEMCTL = "/usr/bin/systemctl"
_PART = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+-]*")
_UNIT = re.compile(r"[A-Za-z0-9_@:][A-Za-z0-9_.@:\\-]*")
_PARAMETER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_MOST = 131_072  # octets of all parameters; the kernel limits the environment of a program
_ALLOWED = (
    '"ocf:PROVIDER:NAME", the absolute path of an OCF agent, "lsb:NAME", "heartbeat:NAME", '
    '"systemd:UNIT" or "exec:PROGRAM"'
)


@dataclass(frozen=True, slots=True)
class Agent:
    """A program that takes the name of an action as an argument.

    *words* is the program with its fixed arguments; for systemd it is the unit. *provider* is the
    provider of an OCF agent.
    """

    agent_class: AgentClass
    words: tuple[str, ...]
    provider: str = ""

    def call(self, action: str, arguments: tuple[str, ...] = ()) -> tuple[str, ...]:
        """Return the command for *action*, which is start, stop or monitor."""
        match self.agent_class:
            case AgentClass.SYSTEMD:
                verb = "is-active" if action == "monitor" else action
                return (_SYSTEMCTL, verb, *self.words)
            case AgentClass.LSB | AgentClass.HEARTBEAT:
                verb = "status" if action == "monitor" else action
                return (*self.words, *arguments, verb)
            case AgentClass.OCF | AgentClass.COMMAND:
                return (*self.words, action)

    def environment(self, name: str, parameters: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
        """Return the environment of an OCF agent for the resource *name*; others have none."""
        if self.agent_class is not AgentClass.OCF:
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
        return Agent(AgentClass.OCF, command([written]))
    class_name, _, rest = written.partition(":")
    match class_name:
        case "ocf":
            provider, _, name = rest.partition(":")
            path = f"{OCF_ROOT}/resource.d/{_part(provider, written)}/{_part(name, written)}"
            return Agent(AgentClass.OCF, (path,), provider)
        case "lsb":
            return Agent(AgentClass.LSB, (f"{_LSB}/{_part(rest, written)}",))
        case "heartbeat":
            return Agent(AgentClass.HEARTBEAT, (f"{_HEARTBEAT}/{_part(rest, written)}",))
        case "systemd" if _UNIT.fullmatch(rest):
            return Agent(AgentClass.SYSTEMD, (rest,))
        case "exec":
            return Agent(AgentClass.COMMAND, command(rest))
        case _:
            raise wrong(f"must be {_ALLOWED}, not {shown(written)}")


def parameters(value: object) -> dict[str, str]:
    """Return the parameters of an OCF agent as it gets them: each value as a string."""
    given = dict(each_entry(value, _parameter))
    if (together := sum(len(word.encode()) for pair in given.items() for word in pair)) > _MOST:
        raise wrong(f"must have at most {_MOST} octets together, not {together}")
    return given


def _parameter(key: str, value: object) -> tuple[str, str]:
    if _PARAMETER.fullmatch(key) is None:
        raise wrong("cannot be the name of a parameter")
    if isinstance(value, bool):
        return key, "true" if value else "false"
    if isinstance(value, int):
        return key, str(value)
    if isinstance(value, str) and "\0" not in value:
        if len(value.encode()) > LONGEST_VARIABLE:
            raise wrong(f"must have at most {LONGEST_VARIABLE} octets: it becomes a variable")
        return key, value
    raise wrong(f"must be a string, a whole number, true or false, not {shown(value)}")


def _part(name: str, written: str) -> str:
    if _PART.fullmatch(name) is None:
        raise wrong(f"must be {_ALLOWED}, not {shown(written)}")
    return name
