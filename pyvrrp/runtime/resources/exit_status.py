"""What the end of a resource's command means, by the rules of its class (OCF, LSB and so on)."""

import re
from dataclasses import dataclass
from enum import Enum, auto

from pyvrrp.config.model.resources import AgentClass, ResourceConfig
from pyvrrp.ports import CommandResult

_HARD = frozenset({2, 3, 4, 5, 6})  # OCF and LSB: wrong arguments or configuration, no right
_NOT = re.compile(r"\bnot\b|\bstopped\b", re.IGNORECASE)
_RUNNING = re.compile(r"\bok\b|\brunning\b", re.IGNORECASE)
_LONGEST_LINE = 200


class Kind(Enum):
    """What is known after a command."""

    GOOD = auto()  # done; for a monitor: it runs
    STOPPED = auto()  # it does not run, and nothing is left of it
    FAILED = auto()  # another attempt may go better
    HOPELESS = auto()  # no success before the configuration or the system has changed


# Of a monitor, by exit status. Any other status is FAILED.
_OCF = {
    0: Kind.GOOD,
    7: Kind.STOPPED,
    8: Kind.GOOD,  # promoted
    **dict.fromkeys(_HARD, Kind.HOPELESS),
}
_LSB = {
    0: Kind.GOOD,
    1: Kind.STOPPED,  # dead, with a pid file
    2: Kind.STOPPED,  # dead, with a lock
    3: Kind.STOPPED,
}
# What systemctl is-active prints.
_UNIT = {
    "active": Kind.GOOD,
    "reloading": Kind.GOOD,
    "inactive": Kind.STOPPED,
    "failed": Kind.STOPPED,
    "unknown": Kind.STOPPED,
}


@dataclass(frozen=True, slots=True)
class CommandOutcome:
    """The kind of end of a command, the reason in words, and its output."""

    kind: Kind
    why: str
    output: str = ""


def after_start(config: ResourceConfig, result: CommandResult) -> CommandOutcome:
    """Judge the end of ``start``."""
    if result.status == 0:
        return _outcome(Kind.GOOD, result)
    knows_hard = config.agent_class in {AgentClass.OCF, AgentClass.LSB}
    hopeless = knows_hard and result.status in _HARD
    return _outcome(Kind.HOPELESS if hopeless else Kind.FAILED, result)


def after_stop(config: ResourceConfig, result: CommandResult) -> CommandOutcome:
    """Judge the end of ``stop``. If it is not STOPPED, a monitor must tell."""
    if result.status == 0 and config.agent_class is not AgentClass.HEARTBEAT:
        return _outcome(Kind.STOPPED, result)
    return _outcome(Kind.FAILED, result)


def after_monitor(config: ResourceConfig, result: CommandResult) -> CommandOutcome:
    """Judge the end of ``monitor``."""
    return _outcome(_monitored(config, result), result)


def _monitored(config: ResourceConfig, result: CommandResult) -> Kind:
    status = result.status
    if status is None:
        return Kind.FAILED
    match config.agent_class:
        case AgentClass.OCF:
            return _OCF.get(status, Kind.FAILED)
        case AgentClass.LSB:
            return _LSB.get(status, Kind.FAILED)
        case AgentClass.HEARTBEAT:
            runs = _RUNNING.search(result.output) and not _NOT.search(result.output)
            return Kind.GOOD if runs else Kind.STOPPED
        case AgentClass.SYSTEMD:
            return _UNIT.get(_first_line(result.output), Kind.FAILED)
        case AgentClass.COMMAND:
            stopped = Kind.STOPPED if status in config.not_running else Kind.FAILED
            return Kind.GOOD if status == 0 else stopped


def _outcome(kind: Kind, result: CommandResult) -> CommandOutcome:
    what = result.trouble or f"exit status {result.status}"
    line = _first_line(result.output)
    return CommandOutcome(kind, f"{what}: {line}" if line else what, result.output)


def _first_line(output: str) -> str:
    lines = (line.strip() for line in output.splitlines())
    return next((line for line in lines if line), "")[:_LONGEST_LINE]
