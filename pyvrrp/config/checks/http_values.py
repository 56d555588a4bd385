"""Values of an HTTP check: header fields of the request, and what the response must be like."""

import re
import warnings

from pyvrrp.config.model.configuration import StatusRange
from pyvrrp.config.values.scalars import array_of, integer, shown, text, wrong
from pyvrrp.config.values.sections import each_entry
from pyvrrp.foreign_text import escaped

_TOKEN = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_FIELD_VALUE = re.compile(r"(?:[\x21-\x7e](?:[\x20-\x7e\t]*[\x21-\x7e])?)?")
_FIELD_HOST = re.compile(r"[A-Za-z0-9._\[\]:-]{1,255}")
_SHA256 = re.compile(r"[0-9A-Fa-f]{64}")
_STATUS_RANGE = re.compile(r"([0-9]{3})-([0-9]{3})")
_LOWEST_STATUS, _HIGHEST_STATUS = 100, 599
_LONGEST_REGEX = 1000
# pyvrrp sets these itself. They decide where the request ends or what the server does with it.
_SET_BY_PYVRRP = {"connection", "content-length", "expect", "host", "transfer-encoding", "upgrade"}

_status_code = integer(_LOWEST_STATUS, _HIGHEST_STATUS)


def headers(value: object) -> tuple[tuple[str, str], ...]:
    """Return the header fields of a table, in its order."""
    return each_entry(value, _field)


def _field(field_name: str, value: object) -> tuple[str, str]:
    if _TOKEN.fullmatch(field_name) is None:
        raise wrong("is not a name of an HTTP header field")
    if field_name.lower() in _SET_BY_PYVRRP:
        hint = "; use the key host" if field_name.lower() == "host" else ""
        raise wrong(f"is set by pyvrrp itself{hint}")
    # The value may be a secret, so it is not shown.
    if not isinstance(value, str):
        raise wrong("must be a string")
    if _FIELD_VALUE.fullmatch(value) is None:
        raise wrong("must be printable ASCII on one line, without spaces at its ends")
    return field_name, value


def host_field(value: object) -> str:
    """Return *value* as the value of the Host header field."""
    if _FIELD_HOST.fullmatch(text(value)) is None:
        raise wrong(f'{shown(value)} is not a host; write "www.example.org" or "[::1]:8080"')
    return text(value)


def statuses(value: object) -> tuple[StatusRange, ...]:
    """Return the accepted status codes: one code or range, or an array of them."""
    if not isinstance(value, list | tuple):
        return (_status(value),)
    if not value:
        raise wrong("must accept at least one status")
    return array_of(_status, "statuses")(value)


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
        raise wrong(f"{shown(value)} must be a range {limits}, the lower code first")
    return StatusRange(first, last)


def regex(value: object) -> str:
    """Return *value* as a regular expression that compiles, both for text and for bytes."""
    pattern = text(value)
    if not 1 <= len(pattern) <= _LONGEST_REGEX:
        raise wrong(f"must have from 1 to {_LONGEST_REGEX} characters, not {len(pattern)}")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            re.compile(pattern)
            re.compile(pattern.encode())
    except (ValueError, re.error, OverflowError, RecursionError) as error:
        raise wrong(f"{shown(value)} is not a regular expression: {escaped(str(error))}") from None
    return pattern


def sha256(value: object) -> str:
    """Return *value* as a SHA-256 digest in lower-case hexadecimal digits."""
    if _SHA256.fullmatch(text(value)) is None:
        raise wrong(f"must be the 64 hexadecimal digits of a SHA-256 digest, not {shown(value)}")
    return text(value).lower()
