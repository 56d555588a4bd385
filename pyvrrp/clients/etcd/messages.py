"""The messages of the JSON gateway of etcd (version 3): write requests, read answers.

The readers raise ProbeError if an answer does not have the expected form.
"""

import json
import re
from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import assert_never

from pyvrrp.clients.base.failure import ProbeError
from pyvrrp.foreign_text import printable
from pyvrrp.ports import (
    EtcdAnswer,
    EtcdRequest,
    Found,
    Grant,
    Granted,
    Look,
    Record,
    Revoke,
    Revoked,
    Write,
    preemption_prefix,
)

_GOOD = 200
_MOST_WISHES = 64  # other nodes write them, so their number is limited
_LARGEST = 2**64
_MOST_DIGITS = 21  # one more than the largest number has
_LONGEST_RECORD = 1024  # octets of a key, and of a value; another program may have written it
# Numbers of google.rpc.Code, which the gateway passes on.
_NOT_FOUND, _EXISTS, _PRECONDITION, _DENIED, _UNAUTHENTICATED = 5, 6, 9, 7, 16
_NO_TOKEN = (b"invalid auth token", b"user name is empty", b"revision of auth store is old")
_TOKEN = re.compile(r"[!-~]{1,4096}")
_NO_LEASE = "requested lease not found"
_HAS_LEASE = "lease already exists"


@dataclass(frozen=True, slots=True)
class EtcdMessage:
    """The path and the body of a POST request."""

    path: str
    body: bytes


def message_of(request: EtcdRequest) -> EtcdMessage:
    """Return *request* as a message for the gateway."""
    match request:
        case Grant(lease=lease, ttl=ttl):
            return _message("/v3/lease/grant", {"ID": str(lease), "TTL": str(ttl)})
        case Revoke(lease=lease):
            return _message("/v3/lease/revoke", {"ID": str(lease)})
        case Look(key=key):
            # A transaction without a condition reads both ranges at one revision, from a majority.
            return _message("/v3/kv/txn", {"success": _ranges(key)})
        case Write():
            return _message("/v3/kv/txn", _transaction(request))
        case _:
            assert_never(request)


def login_message(user: str, password: str) -> EtcdMessage:
    """Return the message that asks for an authentication token."""
    return _message("/v3/auth/authenticate", {"name": user, "password": password})


def token_of(status: int, body: bytes) -> str:
    """Return the token in the answer to `login_message`. Raise ProbeError if it has none."""
    if status != _GOOD:
        said = "" if status not in range(400, 500) else ": wrong user or password"
        raise ProbeError(f"HTTP {status} to the log-in{said}")
    token = _table(_parsed(body), "the answer").get("token")
    if not isinstance(token, str) or _TOKEN.fullmatch(token) is None:
        raise ProbeError("malformed answer: no token")
    return token


def wants_login(status: int, body: bytes) -> bool:
    """Return whether an answer says that the token is missing, too old or unknown."""
    return status in {400, 401, 403} and any(words in body for words in _NO_TOKEN)


def _transaction(write: Write) -> dict[str, object]:
    key = _encoded(write.key)
    put = {"key": key, "value": _encoded(write.value), "lease": str(write.lease)}
    ranges = _ranges(write.key)
    compare = (
        []
        if write.revision is None
        else [
            {
                "key": key,
                "target": "MOD",
                "result": "EQUAL",
                "mod_revision": str(write.revision),
            }
        ]
    )
    return {"compare": compare, "success": [{"request_put": put}, *ranges], "failure": ranges}


def _ranges(key: str) -> list[object]:
    first = preemption_prefix(key)
    end = first[:-1] + chr(ord(first[-1]) + 1)
    return [
        {"request_range": {"key": _encoded(key)}},
        {
            "request_range": {
                "key": _encoded(first),
                "range_end": _encoded(end),
                "limit": str(_MOST_WISHES),
            }
        },
    ]


def _message(path: str, fields: Mapping[str, object]) -> EtcdMessage:
    return EtcdMessage(path, json.dumps(fields).encode())


def _encoded(text: str | bytes) -> str:
    return b64encode(text.encode() if isinstance(text, str) else text).decode()


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer, and the number of the cluster that gave it; 0: the answer does not contain it."""

    answer: EtcdAnswer
    cluster: int


def reply_of(request: EtcdRequest, status: int, body: bytes) -> Reply:
    """Return the answer to *request* from an HTTP status and body.

    Raise ProbeError if it refuses the request or does not have the expected form.
    """
    if status != _GOOD:
        return Reply(_refusal(request, status, body), 0)
    fields = _table(_parsed(body), "the answer")
    cluster = _number(_table(fields.get("header", {}), "header"), "cluster_id")
    match request:
        case Grant():
            if _number(fields, "ID") != request.lease:
                raise ProbeError("malformed answer: another lease than asked for")
            ttl = _number(fields, "TTL")
            if ttl <= 0:
                raise ProbeError("malformed answer: a lease without a TTL")
            return Reply(Granted(ttl), cluster)
        case Revoke():
            return Reply(Revoked(), cluster)
        case Look() | Write():
            return Reply(_found(request, fields), cluster)
        case _:
            assert_never(request)


def _refusal(request: EtcdRequest, status: int, body: bytes) -> EtcdAnswer:
    """Return the answer if the refusal has the meaning of one, else raise its reason."""
    try:
        fields = _table(_parsed(body), "the answer")
    except ProbeError:
        raise ProbeError(f"HTTP {status}") from None
    words, code = fields.get("message") or fields.get("error"), fields.get("code")
    code = code if type(code) is int else None
    said = printable(words) if isinstance(words, str) else ""
    match request:
        case Revoke() if code == _NOT_FOUND and _NO_LEASE in said:
            return Revoked()
        case Grant(ttl=ttl) if code in {_EXISTS, _PRECONDITION} and _HAS_LEASE in said:
            # The number is used for this request only, so an earlier attempt of it succeeded.
            return Granted(ttl)
    if not said:
        raise ProbeError(f"HTTP {status}")
    hint = ""
    if code == _DENIED:
        hint = "; the role of this user does not cover the key"
    elif code == _UNAUTHENTICATED or "user name is empty" in said:
        hint = "; set user and password_file in the check"
    raise ProbeError(f"HTTP {status}: {said}{hint}")


def _found(request: Look | Write, fields: Mapping[str, object]) -> Found:
    written = isinstance(request, Write) and fields.get("succeeded") is True
    ranges = [
        _table(response.get("response_range"), "response_range")
        for response in map(_response, _array(fields.get("responses", []), "responses"))
        if "response_range" in response
    ]
    if len(ranges) != len(_ranges("")):
        raise ProbeError("malformed answer: not what was asked for")
    records = [record for found in ranges[:1] for record in _records(found)]
    record = next((record for record in records if record.key == request.key), None)
    if isinstance(request, Write) and written and request.revision is not None and record is None:
        raise ProbeError("malformed answer: the key was written and is not there")
    if isinstance(request, Write) and not written and request.revision is None:
        raise ProbeError("malformed answer: refused without a condition")
    return Found(record, tuple(_requests(ranges[1]))[:_MOST_WISHES], written)


def _response(value: object) -> Mapping[str, object]:
    return _table(value, "responses")


def _records(found: Mapping[str, object]) -> list[Record]:
    return [_record(_table(entry, "kvs")) for entry in _array(found.get("kvs", []), "kvs")]


def _requests(found: Mapping[str, object]) -> list[Record]:
    """Return the records that can be read. Anybody with access to the prefix may write others."""
    requests = []
    for entry in _array(found.get("kvs", []), "kvs"):
        with suppress(ProbeError):
            requests.append(_record(_table(entry, "kvs")))
    return requests


def _record(entry: Mapping[str, object]) -> Record:
    revision = _number(entry, "mod_revision")
    if revision <= 0:
        raise ProbeError("malformed answer: a key without a revision")
    try:
        key = _decoded(entry.get("key")).decode()
    except UnicodeDecodeError:
        raise ProbeError("malformed answer: a key that is no text") from None
    if len(key) > _LONGEST_RECORD:
        raise ProbeError("malformed answer: a key that is too long")
    # A longer value is no record of pyvrrp, and so is what is left of it.
    value = _decoded(entry.get("value", ""))[:_LONGEST_RECORD]
    return Record(key, value, revision, _number(entry, "lease"))


def _parsed(body: bytes) -> object:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        raise ProbeError(f"malformed answer: not JSON but {body[:24]!r}") from None


def _table(value: object, where: str) -> Mapping[str, object]:
    if not isinstance(value, dict):
        raise ProbeError(f"malformed answer: {where} is no object")
    return value


def _array(value: object, where: str) -> list[object]:
    if not isinstance(value, list):
        raise ProbeError(f"malformed answer: {where} is no array")
    return value


def _number(fields: Mapping[str, object], name: str) -> int:
    """Return a number of 64 bits. The gateway writes it as a string and leaves out 0."""
    value = fields.get(name, 0)
    number = value if type(value) is int else -1
    if isinstance(value, str) and value.isascii() and value.isdigit():
        number = int(value[:_MOST_DIGITS])
    if not 0 <= number < _LARGEST:
        raise ProbeError(f"malformed answer: {name} is no number")
    return number


def _decoded(value: object) -> bytes:
    try:
        return b64decode(value if isinstance(value, str) else "!", validate=True)
    except (Base64Error, ValueError):
        raise ProbeError("malformed answer: a value that is not base64") from None
