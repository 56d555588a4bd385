"""What an HTTP check sends besides the URL, and what a good answer looks like."""

import re
import warnings

from pyvrrp.config.model.configuration import StatusRange
from pyvrrp.config.values.scalars import (
    WrongValueError,
    harmless,
    integer,
    shown,
    table,
    text,
    wrong,
)
from pyvrrp.config.values.sections import bare
from pyvrrp.errors import Problem

_TOKEN = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_FIELD_VALUE = re.compile(r"(?:[\x21-\x7e](?:[\x20-\x7e\t]*[\x21-\x7e])?)?")
_FIELD_HOST = re.compile(r"[A-Za-z0-9._\[\]:-]{1,255}")
_SHA256 = re.compile(r"[0-9A-Fa-f]{64}")
_STATUS_RANGE = re.compile(r"([0-9]{3})-([0-9]{3})")
_LOWEST_STATUS, _HIGHEST_STATUS = 100, 599
_LONGEST_REGEX = 1000
# The prober frames the request itself; a second, different framing is an attack or a mistake.
_OURS = {"connection", "content-length", "expect", "host", "transfer-encoding", "upgrade"}

_status_code = integer(_LOWEST_STATUS, _HIGHEST_STATUS)


def headers(value: object) -> tuple[tuple[str, str], ...]:
    """Return the header fields of a table, in its order."""
    fields: list[tuple[str, str]] = []
    problems: list[Problem] = []
    for field_name, field_value in table(value).items():
        try:
            fields.append(_field(field_name, field_value))
        except WrongValueError as error:
            problems += [Problem(f".{bare(field_name)}", p.what) for p in error.problems]
    if problems:
        raise WrongValueError(*problems)
    return tuple(fields)


def _field(field_name: str, value: object) -> tuple[str, str]:
    if _TOKEN.fullmatch(field_name) is None:
        raise wrong("is no name of an HTTP header field")
    if field_name.lower() in _OURS:
        hint = "; use the key host" if field_name.lower() == "host" else ""
        raise wrong(f"is set by pyvrrp itself{hint}")
    # The value may be a secret, so it is not shown.
    if _FIELD_VALUE.fullmatch(text(value)) is None:
        raise wrong("must be printable ASCII on one line, without spaces at its ends")
    return field_name, text(value)


def host_field(value: object) -> str:
    """Return what the Host header field shall say."""
    if _FIELD_HOST.fullmatch(text(value)) is None:
        raise wrong(f'{shown(value)} is not a host; write "www.example.org" or "[::1]:8080"')
    return text(value)


def statuses(value: object) -> tuple[StatusRange, ...]:
    """Return the accepted statuses: one code or range, or an array of them."""
    if not isinstance(value, list | tuple):
        return (_status(value),)
    if not value:
        raise wrong("must accept at least one status")
    ranges: list[StatusRange] = []
    problems: list[Problem] = []
    for index, element in enumerate(value):
        try:
            ranges.append(_status(element))
        except WrongValueError as error:
            problems += [Problem(f"[{index}]", problem.what) for problem in error.problems]
    if problems:
        raise WrongValueError(*problems)
    return tuple(ranges)


def _status(value: object) -> StatusRange:
    if not isinstance(value, str):
        code = _status_code(value)
        return StatusRange(code, code)
    match = _STATUS_RANGE.fullmatch(value)
    if match is None:
        raise wrong(f'{shown(value)} is not a status; write 200 or "200-299"')
    first, last = int(match[1]), int(match[2])
    if not _LOWEST_STATUS <= first <= last <= _HIGHEST_STATUS:
        limits = f"from {_LOWEST_STATUS} to {_HIGHEST_STATUS}"
        raise wrong(f"{shown(value)} must rise and lie {limits}")
    return StatusRange(first, last)


def regex(value: object) -> str:
    """Return a regular expression that compiles, both for text and for bytes."""
    pattern = text(value)
    if not 1 <= len(pattern) <= _LONGEST_REGEX:
        raise wrong(f"must have from 1 to {_LONGEST_REGEX} characters, not {len(pattern)}")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            re.compile(pattern)
            re.compile(pattern.encode())
    except (ValueError, re.error, OverflowError, RecursionError) as error:
        raise wrong(f"{shown(value)} is not a regular expression: {harmless(str(error))}") from None
    return pattern


def sha256(value: object) -> str:
    """Return a SHA-256 digest in lower-case hexadecimal."""
    if _SHA256.fullmatch(text(value)) is None:
        raise wrong(f"must be the 64 hexadecimal digits of a SHA-256 digest, not {shown(value)}")
    return text(value).lower()
