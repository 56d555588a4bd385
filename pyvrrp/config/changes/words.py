"""A difference of two configurations as lines of text, and as values for JSON.

No line has a password, the words of a command or the headers of a request: lines go to the log.
"""

from enum import Enum
from pathlib import Path

from pyvrrp.config.changes.difference import (
    CheckChange,
    Difference,
    How,
    RouterChange,
    Value,
)
from pyvrrp.foreign_text import printable
from pyvrrp.identity import VirtualRouterId

_LONGEST_VALUE = 200  # characters
_DURATIONS = frozenset(
    {
        *("advertisement_interval", "preempt_delay", "max_learned_interval"),
        *("interval", "timeout", "max_age", "kernel_budget"),
    }
)
_SECRET = frozenset(
    {"authentication", "command", "headers", "environment", "url", "on_stop_failure"}
)


def in_words(difference: Difference) -> tuple[str, ...]:
    """Return one line for each thing that changes; no line: nothing changes."""
    return (
        *(_router(change) for change in difference.routers),
        *(_check(change) for change in difference.checks),
        *(f"{_value(value)}: needs a restart" for value in difference.needs_restart),
    )


def as_values(difference: Difference) -> list[dict[str, object]]:
    """Return the same for JSON: what it is, its name, how it changes, the text."""
    routers: list[dict[str, object]] = [
        {
            "what": "virtual_router",
            "name": change.config.name,
            "family": change.config.id.family.name.lower(),
            "how": str(change.how),
            "text": _router(change),
        }
        for change in difference.routers
    ]
    checks: list[dict[str, object]] = [
        {"what": "check", "name": one.name, "how": str(one.how), "text": _check(one)}
        for one in difference.checks
    ]
    restarts: list[dict[str, object]] = [
        {
            "what": "daemon",
            "name": value.field,
            "how": "needs_restart",
            "text": f"{_value(value)}: needs a restart",
        }
        for value in difference.needs_restart
    ]
    return [*routers, *checks, *restarts]


def _router(change: RouterChange) -> str:
    config = change.config
    name = f"virtual router {config.name} ({config.id.family.label})"
    changed = ", ".join(
        [
            *(_value(value) for value in change.values),
            *(f"resource {resource}" for resource in change.resources),
            *(f"hook {hook}" for hook in change.hooks),
        ]
    )
    match change.how:
        case How.ADDED:
            return f"{name}: added, VRID {config.id.vrid} on {config.id.place}"
        case How.REMOVED:
            return f"{name}: removed, after it has handed over"
        case How.IN_PLACE:
            return f"{name}: changed in place: {changed}"
        case How.ANEW:
            return f"{name}: hands over, and begins anew: {changed}"


def _check(change: CheckChange) -> str:
    match change.how:
        case How.ADDED:
            return f"check {change.name}: added"
        case How.REMOVED:
            return f"check {change.name}: removed"
        case How.IN_PLACE | How.ANEW:
            return f"check {change.name}: changed: {', '.join(map(_value, change.values))}"


def _value(value: Value) -> str:
    if value.field in _SECRET:
        return f"{value.field} is another one"
    if isinstance(value.before, tuple) and isinstance(value.after, tuple):
        return _list(value.field, value.before, value.after)
    before, after = _shown(value.field, value.before), _shown(value.field, value.after)
    if not before or not after:
        return f"{value.field} is another one"
    return f"{value.field} {before} -> {after}"


def _list(field: str, before: tuple[object, ...], after: tuple[object, ...]) -> str:
    added = [f"+{_shown(field, one) or 'one'}" for one in after if one not in before]
    gone = [f"-{_shown(field, one) or 'one'}" for one in before if one not in after]
    listed = " ".join([*added, *gone]) or "in another order"
    return printable(f"{field} {listed}", _LONGEST_VALUE)


def _shown(field: str, value: object) -> str:
    """Return *value* for people; empty if it is too large to be shown."""
    match value:
        case None:
            return "none"
        case bool():
            return str(value).lower()
        case Enum():
            return str(value)
        case int() if field in _DURATIONS:
            return f"{value / 1_000_000:g}ms"
        case int() | str() | Path():
            return printable(str(value), _LONGEST_VALUE) or '""'
        case VirtualRouterId():
            return str(value)
        case _ if hasattr(value, "ip") or hasattr(value, "packed"):
            return str(value)
        case _:
            return ""
