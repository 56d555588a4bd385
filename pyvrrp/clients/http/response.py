"""Read the response to one HTTP request, with limits for its size, and check it."""

import asyncio

import h11

from pyvrrp.clients.base.failure import ProbeError
from pyvrrp.clients.base.progress import ProbeProgress
from pyvrrp.clients.http.channel import Channel
from pyvrrp.clients.http.request import HttpRequest
from pyvrrp.config.model.configuration import HttpProbeConfig
from pyvrrp.foreign_text import printable

_MAX_HEADERS = 65_536  # octets; common servers send at most 8 to 48 KiB
_MAX_BODY = 1_048_576  # octets after decoding; a health page is much smaller
_HEADERS_TOO_LARGE = 431
_MOST_INTERIM = 16  # interim responses (1xx) before the response
_MOST_PIECES = 16_384  # of a body: chunks, or what was read at once
_PER_TURN = 64  # pieces that are worked on before other probes get a turn
_SHOWN = 24  # octets


class HttpExchange:
    """One request and its response over one channel. All methods raise ProbeError or OSError."""

    def __init__(self, channel: Channel, progress: ProbeProgress) -> None:
        self._channel = channel
        self._progress = progress
        self._http = h11.Connection(h11.CLIENT, max_incomplete_event_size=_MAX_HEADERS)
        self._first_octets = b""  # for the reason if the response is malformed
        self._send_error: ConnectionError | None = None

    async def ask(self, request: HttpRequest) -> None:
        """Send *request*."""
        self._progress.phase = "sending the request"
        try:
            head = self._http.send(
                h11.Request(
                    method=request.method, target=request.target, headers=list(request.headers)
                )
            )
            body = self._http.send(h11.Data(data=request.body)) if request.body else b""
            end = self._http.send(h11.EndOfMessage())
        except (h11.LocalProtocolError, UnicodeError) as error:
            raise ProbeError(f"cannot send this request: {printable(str(error))}") from error
        try:
            await self._channel.send((head or b"") + (body or b"") + (end or b""))
        except ConnectionError as error:
            # The server closed the connection early. What it sent before, such as an alert or a
            # status 4xx, is a better reason.
            self._send_error = error
        self._progress.phase = "waiting for the response"

    async def status(self) -> int:
        """Return the status of the response. A few interim responses (1xx) are skipped."""
        for _ in range(_MOST_INTERIM + 1):
            match await self._event():
                case h11.Response() as response:
                    self._progress.phase = "reading the body"
                    return response.status_code
                case h11.InformationalResponse():
                    continue
                case event:
                    raise ProbeError(f"malformed answer: unexpected {event!r}")
        raise ProbeError(f"more than {_MOST_INTERIM} interim responses (1xx)")

    async def body(self) -> bytes:
        """Return the whole body, decoded."""
        body = bytearray()
        for number in range(1, _MOST_PIECES + 2):
            if number % _PER_TURN == 0:
                await asyncio.sleep(0)
            match await self._event():
                case h11.Data(data=data):
                    body += data
                    if len(body) > _MAX_BODY:
                        raise ProbeError("body is larger than 1 MiB")
                case h11.EndOfMessage():
                    return bytes(body)
                case event:
                    raise ProbeError(f"malformed answer: unexpected {event!r}")
        raise ProbeError(f"body comes in more than {_MOST_PIECES} pieces")

    async def _event(self) -> h11.Event | type[h11.NEED_DATA] | type[h11.PAUSED]:
        try:
            while (event := self._http.next_event()) is h11.NEED_DATA:
                data = await self._channel.receive()
                if not data and self._send_error is not None:
                    raise self._send_error
                self._first_octets = self._first_octets or data[:_SHOWN]
                self._http.receive_data(data)
        except h11.RemoteProtocolError as error:
            raise ProbeError(self._malformed(error)) from error
        return event

    def _malformed(self, error: h11.RemoteProtocolError) -> str:
        first = self._first_octets
        if not first:
            return "closed without an answer"
        if not first.startswith(b"HTTP/"[: len(first)]):
            return f"malformed answer: not HTTP but {first!r}"
        if error.error_status_hint == _HEADERS_TOO_LARGE:
            return "headers are larger than 64 KiB"
        if self._http.trailing_data[1]:
            return "closed in the middle of the answer"
        return f"malformed answer: {printable(str(error))}"


def check_status(probe: HttpProbeConfig, status: int) -> None:
    """Raise ProbeError if *probe* does not accept *status*."""
    if not any(accepted.first <= status <= accepted.last for accepted in probe.status):
        raise ProbeError(f"HTTP {status}")


def check_digest(probe: HttpProbeConfig, body: bytes) -> None:
    """Raise ProbeError if *probe* has a digest and *body* has another one."""
    if probe.body_sha256:
        import hashlib  # noqa: PLC0415 - it brings OpenSSL

        digest = hashlib.sha256(body).hexdigest()
        if digest != probe.body_sha256.lower():
            raise ProbeError(f"body has another sha256: {digest}")
