"""Targets for the answers of servers: of a web server, of etcd, of a daemon."""

import json
import re

from pyvrrp.cli.operate.control import _clean
from pyvrrp.cli.operate.order import in_words
from pyvrrp.cli.operate.status import _objects, _readable
from pyvrrp.clients.base.failure import ProbeError
from pyvrrp.clients.base.progress import ProbeProgress
from pyvrrp.clients.etcd.messages import reply_of, token_of, wants_login
from pyvrrp.clients.http.request import request_of
from pyvrrp.clients.http.response import HttpExchange, check_digest, check_status
from pyvrrp.config.model.configuration import HttpProbeConfig
from pyvrrp.errors import ControlError
from pyvrrp.ports import Found, Grant, Look, Record, Revoke, Unanswered, Write
from pyvrrp.runtime.etcd_lease.records import author_of, holder_in_words
from tests.borders.nasty import is_harmless
from tests.clients.test_response import RecordedChannel
from tests.fuzz.target import CORPUS, Target

_PROBE = HttpProbeConfig("http://192.0.2.1/", body_regex="ok", body_sha256="0" * 64)
_REQUEST = request_of(_PROBE)
_PIECE = re.compile(rb"(?s).{1,700}")


async def _ask(octets: bytes) -> None:
    exchange = HttpExchange(RecordedChannel(_PIECE.findall(octets)), ProbeProgress(0.0, 1.0))
    await exchange.ask(_REQUEST)
    check_status(_PROBE, await exchange.status())
    check_digest(_PROBE, await exchange.body())


def http(octets: bytes) -> None:
    """Read an answer to a request, in pieces of 700 octets."""
    coroutine = _ask(octets)
    try:
        coroutine.send(None)  # nothing in it waits: no event loop is needed
    except StopIteration:
        return
    except ProbeError as error:
        assert is_harmless(Unanswered(str(error)).reason)
    finally:
        coroutine.close()


_ETCD = (
    Grant(7, 10),
    Revoke(7),
    Look("pyvrrp/web"),
    Write("pyvrrp/web", b"v", 7, None),
    Write("pyvrrp/web", b"v", 7, 5),
)


def etcd(octets: bytes) -> None:
    """Read an answer of etcd to each kind of request, with several statuses."""
    for status in (200, 400, 401, 404, 500):
        wants_login(status, octets)
        for request in _ETCD:
            try:
                answer = reply_of(request, status, octets).answer
            except ProbeError as error:
                assert is_harmless(Unanswered(str(error)).reason)
                continue
            if isinstance(answer, Found):
                assert is_harmless(holder_in_words(answer.record))
        try:
            token_of(status, octets)
        except ProbeError as error:
            assert is_harmless(Unanswered(str(error)).reason)
    record = Record("pyvrrp/web", octets, 5, 7)
    author_of(record)
    assert is_harmless(holder_in_words(record))


def daemon(octets: bytes) -> None:
    """Show the answer of a daemon, or of what listens in its place."""
    try:
        answer = _clean(json.loads(octets))
    except (ValueError, RecursionError):
        return
    if not isinstance(answer, dict):
        return
    routers = _objects(answer, "virtual_routers")
    json.dumps(answer)
    for router in routers:
        assert in_words(router).isprintable()
    for detailed in (False, True):
        try:
            page = _readable(CORPUS, answer, routers, detailed=detailed)
        except ControlError:
            continue
        assert all(line.isprintable() for line in page.split("\n"))


_JSON = (
    b"{",
    b"}",
    b"[",
    b"]",
    b":",
    b",",
    b"null",
    b"true",
    b"1e999",
    b"NaN",
    b'"\\ud800"',
    b'""',
)
TARGETS = (
    Target(
        "http",
        http,
        (
            *(b"\r\n", b"\r\n\r\n", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 100 Continue\r\n\r\n"),
            *(b"Content-Length: 3\r\n", b"Transfer-Encoding: chunked\r\n", b"0\r\n\r\n", b"\xff"),
        ),
    ),
    Target("etcd", etcd, (*_JSON, b'"kvs"', b'"mod_revision"', b'"header"', b'"cluster_id"')),
    Target("daemon", daemon, (*_JSON, b'"timers"', b'"links"', b'"fence"', b'"since"', b'"group"')),
)
