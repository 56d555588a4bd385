"""Hooks: programs of the operator that hear what happens to a virtual router."""

from dataclasses import dataclass
from enum import StrEnum

from pyvrrp.units import SECOND, Nanoseconds


class HookEvent(StrEnum):
    """What a hook can be called for.

    PRE_MASTER comes before the claim, which waits for the hook. MASTER comes when the addresses are
    there. BACKUP, FAULT and STOP come when they are gone. FAULT is INIT for any other reason than
    the start and the stop of the daemon. LOWER_PRIORITY: another master, which ranks lower, was
    heard.
    """

    PRE_MASTER = "pre_master"
    MASTER = "master"
    BACKUP = "backup"
    FAULT = "fault"
    STOP = "stop"
    LOWER_PRIORITY = "lower_priority"


STATES = (HookEvent.MASTER, HookEvent.BACKUP, HookEvent.FAULT, HookEvent.STOP)


@dataclass(frozen=True, slots=True)
class HookConfig:
    """One hook. *user* is empty for nobody. *keepalived_arguments*: they follow the command."""

    name: str
    command: tuple[str, ...]
    on: tuple[HookEvent, ...] = STATES
    keepalived_arguments: bool = True
    user: str = ""
    timeout: Nanoseconds = Nanoseconds(10 * SECOND)
    veto: bool = False  # whether a PRE_MASTER call that fails keeps the router from claiming
