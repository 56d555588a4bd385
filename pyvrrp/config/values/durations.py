"""Durations in the configuration: a decimal number and a unit, such as ``250ms``."""

import re

from pyvrrp.config.values.scalars import Parser, shown, text, wrong
from pyvrrp.units import MICROSECOND, MILLISECOND, SECOND, Nanoseconds

# There is no "m": some programs use it for minutes, others for milliseconds.
_UNITS = {
    "us": MICROSECOND,
    "ms": MILLISECOND,
    "s": SECOND,
    "min": Nanoseconds(60 * SECOND),
    "h": Nanoseconds(3600 * SECOND),
}
_DURATION = re.compile(r"([0-9]{1,12})(?:\.([0-9]{1,9}))? ?(us|ms|s|min|h)")


def duration(value: object) -> Nanoseconds:
    """Return the duration that *value* means.

    Raise WrongValueError if it is not a duration or not a whole number of nanoseconds.
    """
    if isinstance(value, int | float) and not isinstance(value, bool):
        raise wrong(f'{shown(value)} is not a duration; write a string with a unit, such as "1s"')
    match = _DURATION.fullmatch(text(value))
    if match is None:
        raise wrong(
            f"{shown(value)} is not a duration; write a number and a unit (us, ms, s, min, h), "
            'such as "1s" or "250ms"'
        )
    whole, fraction, unit = match.groups(default="")
    nanoseconds, rest = divmod(int(whole + fraction) * _UNITS[unit], 10 ** len(fraction))
    if rest:
        raise wrong(f"{shown(value)} is finer than a nanosecond")
    return Nanoseconds(nanoseconds)


def duration_from(lowest: Nanoseconds, highest: Nanoseconds) -> Parser[Nanoseconds]:
    """Return a parser of durations from *lowest* to *highest*."""

    def parse(value: object) -> Nanoseconds:
        parsed = duration(value)
        if not lowest <= parsed <= highest:
            allowed = f"from {write_duration(lowest)} to {write_duration(highest)}"
            raise wrong(f"must be {allowed}, not {shown(value)}")
        return parsed

    return parse


def write_duration(value: Nanoseconds) -> str:
    """Return *value* as text that `duration` reads: ``1s``, ``40.95s``, ``10ms``. It is exact."""
    if value == 0:
        return "0s"
    units = ((SECOND, "s"), (MILLISECOND, "ms"), (MICROSECOND, "us"))
    size, unit = next((entry for entry in units if value >= entry[0]), units[-1])
    whole, rest = divmod(value, size)
    digits = f"{rest:0{len(str(size)) - 1}d}".rstrip("0")
    return f"{whole}.{digits}{unit}" if digits else f"{whole}{unit}"
