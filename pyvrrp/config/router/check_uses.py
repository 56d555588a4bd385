"""How a virtual router uses checks: as its fence, or with a weight that moves its priority."""

from collections.abc import Mapping
from dataclasses import dataclass

from pyvrrp.config.values.scalars import (
    WrongValueError,
    array_of,
    integer,
    name,
    optional,
    refuse_twice,
    shown,
    table,
    wrong,
)
from pyvrrp.config.values.sections import Key, Section
from pyvrrp.errors import Problem

_FURTHEST = 253  # from the lowest priority to the highest


@dataclass(frozen=True, slots=True)
class CheckUse:
    """One check in the list; without a weight (None) it belongs to the fence."""

    check: str
    weight: int | None = None


def _weight(value: object) -> int:
    if value == 0 and not isinstance(value, bool):
        raise wrong("0 changes nothing; leave the weight out and the check is part of the fence")
    return integer(-_FURTHEST, _FURTHEST)(value)


CHECK_NAME = Key("name", name, "unnamed", required=True)
WEIGHT = Key("weight", optional(_weight))
USE_KEYS: tuple[Key[object], ...] = (CHECK_NAME, WEIGHT)


def _use(value: object) -> CheckUse:
    if isinstance(value, str):
        return CheckUse(name(value))
    if not isinstance(value, Mapping):
        raise wrong(
            f'must be the name of a check or {{ name = "...", weight = -20 }}, not {shown(value)}'
        )
    problems: list[Problem] = []
    section = Section(table(value), ".", problems)
    section.refuse_unknown(USE_KEYS)
    use = CheckUse(section.read(CHECK_NAME), section.read(WEIGHT))
    if problems:
        raise WrongValueError(*problems)
    return use


_uses = array_of(_use, "names of checks")


def check_uses(value: object) -> tuple[CheckUse, ...]:
    """Return how checks are used. Whether they exist is looked at where all are known."""
    uses = _uses(value)
    refuse_twice([use.check for use in uses])
    return uses
