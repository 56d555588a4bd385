"""How a virtual router uses a check: in its fence, or with a weight for its priority."""

from collections.abc import Mapping
from dataclasses import dataclass

from pyvrrp.config.values.scalars import (
    array_of,
    integer,
    name,
    optional,
    refuse_repeated,
    shown,
    wrong,
)
from pyvrrp.config.values.sections import Key, table_of

_MOST_POINTS = 253  # the difference between the lowest and the highest priority


@dataclass(frozen=True, slots=True)
class CheckUse:
    """The use of one check. Without a weight (None) the check is part of the fence."""

    check: str
    weight: int | None = None


def _weight(value: object) -> int:
    if value == 0 and not isinstance(value, bool):
        raise wrong("0 changes nothing; without a weight the check is part of the fence")
    return integer(-_MOST_POINTS, _MOST_POINTS)(value)


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
    return _table_of_use(value)


_table_of_use = table_of(
    USE_KEYS, lambda section: CheckUse(section.read(CHECK_NAME), section.read(WEIGHT))
)
_uses = array_of(_use, "names of checks")


def check_uses(value: object) -> tuple[CheckUse, ...]:
    """Return how checks are used. Whether the checks exist is not looked at here."""
    uses = _uses(value)
    refuse_repeated([use.check for use in uses])
    return uses
