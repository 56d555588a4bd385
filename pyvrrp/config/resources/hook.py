"""Read ``[hook.NAME]`` tables."""

from pyvrrp.config.model.hooks import STATES, HookConfig, HookEvent
from pyvrrp.config.values.commands import command
from pyvrrp.config.values.durations import duration_from
from pyvrrp.config.values.scalars import (
    array_of,
    boolean,
    one_of,
    optional,
    refuse_repeated,
    user_name,
)
from pyvrrp.config.values.sections import Key, Section
from pyvrrp.units import MILLISECOND, SECOND, Nanoseconds

_SHORTEST, _LONGEST = Nanoseconds(10 * MILLISECOND), Nanoseconds(300 * SECOND)


def _events(value: object) -> tuple[HookEvent, ...]:
    events = array_of(one_of({str(event): event for event in HookEvent}), "events")(value)
    refuse_repeated(events)
    return events


COMMAND = Key("command", command, "/bin/true", required=True)
ON = Key("on", _events, [str(event) for event in STATES])
ARGUMENTS = Key("arguments", one_of({"keepalived": True, "none": False}), "keepalived")
USER = Key("user", optional(user_name))
TIMEOUT = Key("timeout", duration_from(_SHORTEST, _LONGEST), "10s")
VETO = Key("veto", boolean, default=False)
KEYS: tuple[Key[object], ...] = (COMMAND, ON, ARGUMENTS, USER, TIMEOUT, VETO)


def hook(section: Section, hook_name: str) -> HookConfig:
    """Return the hook that *section* describes. Default values replace wrong ones."""
    section.refuse_unknown(KEYS)
    found = HookConfig(
        name=hook_name,
        command=section.read(COMMAND),
        on=section.read(ON),
        keepalived_arguments=section.read(ARGUMENTS),
        user=section.read(USER) or "",
        timeout=section.read(TIMEOUT),
        veto=section.read(VETO),
    )
    if found.veto and HookEvent.PRE_MASTER not in found.on:
        section.refuse(VETO, 'has a meaning only if "pre_master" is in on')
    return found
