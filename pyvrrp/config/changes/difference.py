"""What a reload changes: the difference between two configurations, as values.

A virtual router is the same one if its name and its family are. `How` says how it gets its new
configuration. A field that is not in `IN_PLACE` makes the virtual router begin anew, so a new field
is safe until somebody has decided otherwise.
"""

from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from enum import StrEnum

from pyvrrp.config.model.configuration import (
    CheckConfig,
    ClaimProbePolicy,
    Configuration,
    VirtualRouterConfig,
)
from pyvrrp.config.model.hooks import HookConfig
from pyvrrp.config.model.resources import ResourceConfig
from pyvrrp.identity import OWNER_PRIORITY, Family

# The running objects take these as they are.
IN_PLACE = frozenset(
    {
        *("priority", "advertisement_interval", "preempt", "preempt_delay", "max_learned_interval"),
        *("strict", "checksum", "authentication", "min_ttl", "ranking"),
        *("addresses", "lease", "announce", "claim_probe", "claims_against_incompatible"),
        *("checks", "weights", "hold_down", "last_resort"),
    }
)
# The chain of resources knows these from its start.
NOT_WITH_RESOURCES = frozenset({"addresses", "lease", "hold_down"})
# The addresses on other interfaces know these from their start.
NOT_ON_OTHER_INTERFACES = frozenset({"addresses", "lease", "announce"})
# The process itself has these from its start.
ONLY_AT_START = (
    *("node", "guardian", "control_socket", "state_file", "kernel_budget", "max_held"),
    *("process", "startup_delay", "delay_after_boot"),
)
_TOLD_BELOW = frozenset({"virtual_routers", "checks", "leases", "resources", "hooks", "elsewhere"})


class How(StrEnum):
    """How a virtual router or a check gets its new configuration."""

    ADDED = "added"
    REMOVED = "removed"
    IN_PLACE = "in_place"
    ANEW = "anew"  # stopped in order, with a handover, and begun again


@dataclass(frozen=True, slots=True)
class Value:
    """One field that changes, *before* and *after* it."""

    field: str
    before: object
    after: object


@dataclass(frozen=True, slots=True)
class RouterChange:
    """A virtual router that changes. *after* is None if it is removed, *before* if it is added.

    *values* are the fields that change, *resources* and *hooks* the names of resources and hooks of
    it that change.
    """

    how: How
    before: VirtualRouterConfig | None
    after: VirtualRouterConfig | None
    values: tuple[Value, ...] = ()
    resources: tuple[str, ...] = ()
    hooks: tuple[str, ...] = ()

    @property
    def config(self) -> VirtualRouterConfig:
        """The new configuration, or that of a virtual router that is removed."""
        config = self.after or self.before
        if config is None:
            raise ValueError("a change has a configuration before or after it")
        return config


@dataclass(frozen=True, slots=True)
class CheckChange:
    """A check that changes. A check that no virtual router uses counts as well."""

    how: How
    name: str
    values: tuple[Value, ...] = ()


@dataclass(frozen=True, slots=True)
class Difference:
    """All that changes. *needs_restart* are values that only a new process can have."""

    routers: tuple[RouterChange, ...] = ()
    checks: tuple[CheckChange, ...] = ()
    needs_restart: tuple[Value, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether nothing changes."""
        return not (self.routers or self.checks or self.needs_restart)


def difference(before: Configuration, after: Configuration) -> Difference:
    """Return what changes from *before* to *after*, in the order of *after*, what is removed last.

    The order of the virtual routers of one daemon means nothing, so it is no difference.
    """
    return Difference(
        _routers(before, after),
        _checks(before, after),
        tuple(one for one in _values(before, after) if one.field not in _TOLD_BELOW),
    )


def runnable(before: Configuration, after: Configuration) -> Configuration:
    """Return *after*, with the values of *before* for all that only a new process can have.

    What is equal is taken from *before*, so that it is not in memory twice.
    """
    own = {name: getattr(before, name) for name in _own_fields(before)}
    return replace(shared(before, after), **own)


def shared(before: Configuration, after: Configuration) -> Configuration:
    """Return *after*, with the parts of *before* that are equal.

    It takes as long as all comparisons, and `difference` is quick afterwards.
    """
    kept = {_key(one): one for one in before.virtual_routers}
    checks = {one.name: one for one in before.checks}
    return replace(
        after,
        virtual_routers=tuple(_same(kept.get(_key(one)), one) for one in after.virtual_routers),
        checks=tuple(_same_check(checks.get(one.name), one) for one in after.checks),
        leases=before.leases if before.leases == after.leases else after.leases,
        resources=before.resources if before.resources == after.resources else after.resources,
        elsewhere=before.elsewhere if before.elsewhere == after.elsewhere else after.elsewhere,
    )


def key_of(config: VirtualRouterConfig) -> tuple[str, Family]:
    """Return what makes *config* the same virtual router before and after a reload."""
    return _key(config)


def _key(config: VirtualRouterConfig) -> tuple[str, Family]:
    return config.name, config.id.family


def _same(before: VirtualRouterConfig | None, after: VirtualRouterConfig) -> VirtualRouterConfig:
    return after if before is None or before is after or before != after else before


def _same_check(before: CheckConfig | None, after: CheckConfig) -> CheckConfig:
    return before if before is not None and before == after else after


def _own_fields(configuration: Configuration) -> list[str]:
    return [one.name for one in fields(configuration) if one.name not in _TOLD_BELOW]


def _values(before: object, after: object) -> list[Value]:
    names = [one.name for one in fields(before)]  # type: ignore[arg-type] # all are dataclasses
    pairs = ((name, getattr(before, name), getattr(after, name)) for name in names)
    return [Value(name, old, new) for name, old, new in pairs if old != new]


def _routers(before: Configuration, after: Configuration) -> tuple[RouterChange, ...]:
    known = {_key(one): one for one in before.virtual_routers}
    wanted = {_key(one) for one in after.virtual_routers}
    resources = _changed(before.resources, after.resources)
    hooks = _changed(before.hooks, after.hooks)
    changes: list[RouterChange] = []
    for config in after.virtual_routers:
        old = known.get(_key(config))
        if old is None:
            changes.append(RouterChange(How.ADDED, None, config))
            continue
        values = [] if old is config else _values(old, config)
        touched = tuple(name for name in config.resources if name in resources)
        called = tuple(name for name in config.hooks if name in hooks)
        if values or touched or called:
            how = How.ANEW if touched or called else _how(old, config, values)
            changes.append(RouterChange(how, old, config, tuple(values), touched, called))
    gone = [one for one in before.virtual_routers if _key(one) not in wanted]
    return (*changes, *(RouterChange(How.REMOVED, one, None) for one in gone))


def _how(before: VirtualRouterConfig, after: VirtualRouterConfig, values: list[Value]) -> How:
    names = {one.field for one in values}
    owner = OWNER_PRIORITY in {before.priority, after.priority}
    probes = {before.claim_probe, after.claim_probe}
    anew = (
        not names <= IN_PLACE
        or (after.resources and names & NOT_WITH_RESOURCES)
        or (len(after.held) > 1 and names & NOT_ON_OTHER_INTERFACES)
        # What an owner has may be there without pyvrrp.
        or (owner and names & {"priority", "addresses"})
        or ("claim_probe" in names and ClaimProbePolicy.OFF in probes)
    )
    return How.ANEW if anew else How.IN_PLACE


def _changed(
    before: Iterable[ResourceConfig | HookConfig], after: Iterable[ResourceConfig | HookConfig]
) -> frozenset[str]:
    old = {one.name: one for one in before}
    return frozenset(one.name for one in after if one.name in old and old[one.name] != one)


def _checks(before: Configuration, after: Configuration) -> tuple[CheckChange, ...]:
    known = {one.name: one for one in before.checks}
    wanted = {one.name for one in after.checks}
    changes: list[CheckChange] = []
    for check in after.checks:
        old = known.get(check.name)
        if old is None:
            changes.append(CheckChange(How.ADDED, check.name))
        elif old != check:
            changes.append(CheckChange(How.IN_PLACE, check.name, _inside(old, check)))
    gone = [one.name for one in before.checks if one.name not in wanted]
    return (*changes, *(CheckChange(How.REMOVED, name) for name in gone))


def _inside(before: CheckConfig, after: CheckConfig) -> tuple[Value, ...]:
    """Return the fields of the probe and of the policy that change."""
    policy = _values(before.policy, after.policy)
    if type(before.probe) is not type(after.probe):
        return (Value("kind", _kind(before), _kind(after)), *policy)
    return (*_values(before.probe, after.probe), *policy)


def _kind(check: CheckConfig) -> str:
    return type(check.probe).__name__.removesuffix("ProbeConfig").lower()
