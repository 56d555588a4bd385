"""The keys of a virtual router for its resources and hooks."""

from pyvrrp.config.values.commands import command
from pyvrrp.config.values.scalars import (
    array_of,
    boolean,
    name,
    refuse_repeated,
    shown,
    text,
    wrong,
)
from pyvrrp.config.values.sections import Key

_POWER_SWITCH = "exec:"


def _resource_names(value: object) -> tuple[str, ...]:
    # `refuse_bad_chains` reports names of resources that do not exist.
    names = array_of(name, "names of resources")(value)
    refuse_repeated(names)
    return names


def _hook_names(value: object) -> tuple[str, ...]:
    # The parser of the file reports names of hooks that do not exist.
    names = array_of(name, "names of hooks")(value)
    refuse_repeated(names)
    return names


def _on_stop_failure(value: object) -> tuple[str, ...]:
    written = text(value)
    if written == "hold":
        return ()
    if not written.startswith(_POWER_SWITCH):
        raise wrong(f'must be "hold" or "exec:COMMAND", not {shown(value)}')
    return command(written.removeprefix(_POWER_SWITCH))


RESOURCES = Key("resources", _resource_names, [])
ON_STOP_FAILURE = Key("on_stop_failure", _on_stop_failure, "hold")
ACCEPT_SPLIT_BRAIN = Key("i_accept_split_brain", boolean, default=False)
HOOKS = Key("hooks", _hook_names, [])
KEYS: tuple[Key[object], ...] = (RESOURCES, ON_STOP_FAILURE, ACCEPT_SPLIT_BRAIN, HOOKS)
