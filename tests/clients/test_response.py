"""Read the response to an HTTP request."""

import asyncio
import errno

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pyvrrp.clients.base.failure import ProbeError
from pyvrrp.clients.base.progress import ProbeProgress
from pyvrrp.clients.http.request import request_of
from pyvrrp.clients.http.response import HttpExchange, check_digest
from pyvrrp.config.model.configuration import HttpProbeConfig

PROBE = HttpProbeConfig("http://192.0.2.1/", body_regex="ok", body_sha256="0" * 64)


class RecordedChannel:
    """A channel from which the given octets are received."""

    def __init__(self, pieces: list[bytes]) -> None:
        self._pieces = [piece for piece in pieces if piece]
        self.sent = b""

    async def send(self, data: bytes) -> None:
        self.sent += data

    async def receive(self) -> bytes:
        return self._pieces.pop(0) if self._pieces else b""


async def outcome_of(channel: RecordedChannel) -> str:
    exchange = HttpExchange(channel, ProbeProgress(0.0, 1.0))
    try:
        await exchange.ask(request_of(PROBE))
        await exchange.status()
        check_digest(PROBE, await exchange.body())
    except ProbeError as error:
        return str(error)
    return "passed"


fragments = st.sampled_from(
    [
        b"HTTP/1.1 200 OK\r\n",
        b"HTTP/1.0 200\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n",
        b"HTTP/1.1 999 \xff\r\n",
        b"Content-Length: 3\r\n",
        b"Content-Length: 99999999999999999999\r\n",
        b"Content-Length: -1\r\n",
        b"Transfer-Encoding: chunked\r\n",
        b"Transfer-Encoding: gzip\r\n",
        b"Connection: keep-alive, \xff\r\n",
        b" folded\r\n",
        b"\r\n",
        b"3\r\nabc\r\n",
        b"ffffffffffffffffffff\r\n",
        b"0\r\n\r\n",
        b"\x00",
    ]
)


@given(st.lists(st.one_of(fragments, st.binary(max_size=40)), max_size=12))
@settings(max_examples=80, deadline=None)  # `tests/campaign` tries many more
@example([b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n", b"ok"])
def test_any_octets_from_a_server_give_a_short_printable_reason(pieces: list[bytes]) -> None:
    reason = asyncio.run(outcome_of(RecordedChannel(pieces)))
    assert reason
    assert reason.isprintable()
    assert len(reason) < 250


class ClosedChannel(RecordedChannel):
    """A channel to a server that closed the connection before it read the request."""

    async def send(self, data: bytes) -> None:
        raise ConnectionResetError(errno.ECONNRESET, f"{len(data)} bytes not sent")


def test_a_response_that_came_before_the_server_closed_the_connection_counts() -> None:
    async def status() -> int:
        exchange = HttpExchange(
            ClosedChannel([b"HTTP/1.1 429 Slow down\r\n\r\n"]), ProbeProgress(0.0, 1.0)
        )
        await exchange.ask(request_of(PROBE))
        return await exchange.status()

    assert asyncio.run(status()) == 429


def test_a_server_that_closes_the_connection_without_a_response_is_a_connection_error() -> None:
    with pytest.raises(ConnectionResetError):
        asyncio.run(outcome_of(ClosedChannel([])))
