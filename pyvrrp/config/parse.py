"""Make a `Configuration` from a document, the content of a TOML file.

The parser reads no files and no environment.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

from pyvrrp.config.checks.check import check
from pyvrrp.config.model.configuration import CheckConfig, Configuration, EtcdLease
from pyvrrp.config.model.hooks import HookConfig
from pyvrrp.config.model.paths import CONTROL_DIRECTORY, STATE_DIRECTORY
from pyvrrp.config.model.resources import ResourceConfig
from pyvrrp.config.parse_process import KEYS as PROCESS_KEYS
from pyvrrp.config.parse_process import process_options
from pyvrrp.config.resources.hook import hook
from pyvrrp.config.resources.resource import resource
from pyvrrp.config.resources.safety import refuse_bad_chains
from pyvrrp.config.router import virtual_router
from pyvrrp.config.router.groups import refuse_disagreements
from pyvrrp.config.router.lease_use import with_leases
from pyvrrp.config.router.priority import refuse_unlisted
from pyvrrp.config.router.resource_keys import HOOKS
from pyvrrp.config.router.unique import RouterTable, refuse_duplicates
from pyvrrp.config.values.durations import duration_from
from pyvrrp.config.values.origins import ONE_FILE, Origins
from pyvrrp.config.values.scalars import (
    NAME,
    WrongValueError,
    absolute_path,
    boolean,
    integer,
    name,
    optional,
    shown,
    table,
    wrong,
)
from pyvrrp.config.values.sections import Key, Section, suggestion
from pyvrrp.errors import ConfigurationError
from pyvrrp.units import SECOND, Nanoseconds

_LONGEST_DELAY = Nanoseconds(3600 * SECOND)
_LONGEST_SOCKET_PATH = 107  # octets; sun_path of unix(7) without the closing zero


def _socket_path(value: object) -> Path:
    path = absolute_path(value)
    if len(str(path).encode(errors="replace")) > _LONGEST_SOCKET_PATH:
        raise wrong(f"must have at most {_LONGEST_SOCKET_PATH} bytes, which is the kernel's limit")
    return path


def _array_of_tables(value: object) -> Sequence[object]:
    if isinstance(value, Mapping):
        raise wrong("must be an array of tables; write [[virtual_router]], in double brackets")
    if not isinstance(value, list | tuple):
        raise wrong(f"must be an array of tables, [[virtual_router]], not {shown(value)}")
    return value


NODE = Key("node", optional(name))
GUARDIAN = Key("guardian", boolean, default=True)
CONTROL_SOCKET = Key("control_socket", optional(_socket_path))
STATE_FILE = Key("state_file", optional(absolute_path))
STARTUP_DELAY = Key("startup_delay", duration_from(Nanoseconds(0), _LONGEST_DELAY), "0s")
DELAY_AFTER_BOOT = Key("delay_after_boot", duration_from(Nanoseconds(0), _LONGEST_DELAY), "0s")
MAX_HELD = Key("max_held", optional(integer(1, 255)))
VIRTUAL_ROUTER = Key("virtual_router", _array_of_tables, [], required=True)
CHECK = Key("check", table, {})
RESOURCE = Key("resource", table, {})
HOOK = Key("hook", table, {})
KEYS: tuple[Key[object], ...] = (
    *(NODE, GUARDIAN, CONTROL_SOCKET, STATE_FILE, MAX_HELD, VIRTUAL_ROUTER, CHECK, RESOURCE),
    *PROCESS_KEYS,
    HOOK,
    *(STARTUP_DELAY, DELAY_AFTER_BOOT),
)


def parse(
    document: Mapping[str, object],
    source: str,
    *,
    node: str | None,
    hostname: str,
    origins: Origins = ONE_FILE,
    any_node: bool = False,
) -> Configuration:
    """Return the configuration that *document* describes for one node.

    The name of the node is *node*, else the one in the document, else *hostname*. With *any_node*
    the result has the virtual routers of all nodes. Raise ConfigurationError with all problems at
    once; *source* names the document in it.
    """
    top = Section(document, "", [], origins.files)
    top.refuse_unknown(KEYS)
    own_name = _own_name(top, node, hostname)
    control_socket = top.read(CONTROL_SOCKET)
    state_file = top.read(STATE_FILE)
    guardian = top.read(GUARDIAN)
    process = process_options(top)
    checks = _checks(top, origins, own_name or "")
    leases = {one.check: one for one in checks if isinstance(one, EtcdLease)}
    resources = _resources(top, origins, own_name or "")
    hooks = _hooks(top, origins)
    tables = _virtual_routers(top, origins, own_name)
    refuse_duplicates(tables)
    refuse_disagreements(tables, leases)
    if top.good(CHECK):
        _refuse_unknown_checks(tables, top.read(CHECK))
    if top.good(HOOK):
        _refuse_unknown_hooks(tables, top.read(HOOK))
    if own_name is not None and not any_node:
        _refuse_unknown_node(tables, own_name)
    routers = with_leases(tables, leases, resources)
    here = [router for router in routers if any_node or router.is_for(own_name or "")]
    if top.good(RESOURCE):
        refuse_bad_chains(tables, resources, leases, guardian=guardian)
    configuration = Configuration(
        node=own_name or "",
        virtual_routers=tuple(here),
        elsewhere=tuple(router for router in routers if router not in here),
        checks=tuple(one for one in checks if isinstance(one, CheckConfig)),
        leases=tuple(leases.values()),
        resources=tuple(one for one in resources.values() if one is not None),
        hooks=hooks,
        guardian=guardian,
        max_held=top.read(MAX_HELD),
        process=process,
        startup_delay=top.read(STARTUP_DELAY),
        delay_after_boot=top.read(DELAY_AFTER_BOOT),
        control_socket=control_socket or CONTROL_DIRECTORY / f"{own_name}.sock",
        state_file=state_file or STATE_DIRECTORY / f"{own_name}.json",
    )
    if top.problems:
        raise ConfigurationError(source, top.problems)
    return configuration


def _own_name(top: Section, node: str | None, hostname: str) -> str | None:
    from_document = top.read(NODE)
    if node is not None:
        try:
            return name(node)
        except WrongValueError as error:
            top.report("--node", error)
            return None
    if top.given(NODE):
        return from_document
    if NAME.fullmatch(hostname) is None:
        top.refuse(NODE, f"is required here: the host name {shown(hostname)} cannot be a name")
        return None
    return hostname


def _checks(top: Section, origins: Origins, node: str) -> tuple[CheckConfig | EtcdLease, ...]:
    checks: list[CheckConfig | EtcdLease] = []
    for check_name, entry in top.read(CHECK).items():
        path = origins.check(check_name)
        try:
            section = Section(table(entry), f"{path}.", top.problems)
            checks.append(check(section, check_name, node))
            name(check_name)
        except WrongValueError as error:
            top.report(path, error)
    return tuple(checks)


def _resources(top: Section, origins: Origins, node: str) -> dict[str, ResourceConfig | None]:
    """Return the resources by name. A resource that is not a table is None."""
    resources: dict[str, ResourceConfig | None] = {}
    for resource_name, entry in top.read(RESOURCE).items():
        path = origins.resource(resource_name)
        resources[resource_name] = None
        try:
            section = Section(table(entry), f"{path}.", top.problems)
            resources[resource_name] = resource(section, resource_name, node)
            name(resource_name)
        except WrongValueError as error:
            top.report(path, error)
    return resources


def _hooks(top: Section, origins: Origins) -> tuple[HookConfig, ...]:
    hooks: list[HookConfig] = []
    for hook_name, entry in top.read(HOOK).items():
        path = origins.hook(hook_name)
        try:
            section = Section(table(entry), f"{path}.", top.problems)
            hooks.append(hook(section, hook_name))
            name(hook_name)
        except WrongValueError as error:
            top.report(path, error)
    return tuple(hooks)


def _virtual_routers(top: Section, origins: Origins, node: str | None) -> Sequence[RouterTable]:
    tables: list[RouterTable] = []
    entries = top.read(VIRTUAL_ROUTER)
    if top.given(VIRTUAL_ROUTER) and top.good(VIRTUAL_ROUTER) and not entries:
        top.refuse(VIRTUAL_ROUTER, "has no entry; at least one [[virtual_router]] is needed")
    for index, entry in enumerate(entries):
        path = origins.virtual_router(index, entry)
        try:
            section = Section(table(entry), f"{path}.", top.problems)
        except WrongValueError as error:
            top.report(path, error)
            continue
        tables.append(RouterTable(path, section, virtual_router.virtual_routers(section, node)))
    return tables


def _refuse_unknown_node(tables: Sequence[RouterTable], node: str) -> None:
    """Report *node* in every table if the file has no virtual router for it."""
    not_listed = [one for one in tables if one.routers and not one.routers[0].is_for(node)]
    if len(not_listed) == len(tables):
        for one in not_listed:
            refuse_unlisted(one.section, node, one.routers[0].ranking)


def _refuse_unknown_checks(tables: Sequence[RouterTable], known: Mapping[str, object]) -> None:
    for one in tables:
        used = one.routers[0].checks if one.routers else ()
        for index, check_name in enumerate(used):
            if check_name not in known:
                what = f"there is no check {shown(check_name)}{suggestion(check_name, known)}"
                one.section.refuse(virtual_router.CHECKS, what, inside=f"[{index}]")


def _refuse_unknown_hooks(tables: Sequence[RouterTable], known: Mapping[str, object]) -> None:
    for one in tables:
        used = one.routers[0].hooks if one.routers else ()
        for index, hook_name in enumerate(used):
            if hook_name not in known:
                what = f"there is no hook {shown(hook_name)}{suggestion(hook_name, known)}"
                one.section.refuse(HOOKS, what, inside=f"[{index}]")
