"""The answer to one HTTP request: read within bounds, then judged."""

import h11

from pyvrrp.clients.base.failure import ProbeError, printable
from pyvrrp.clients.base.progress import Progress
from pyvrrp.clients.http.channel import Channel
from pyvrrp.clients.http.request import HttpRequest
from pyvrrp.config.model.configuration import HttpProbeConfig

_MAX_HEADERS = 65_536  # bytes; servers in use stop at 8 to 48 KiB
_MAX_BODY = 1_048_576  # bytes after decoding; a page that says "healthy" has no need of more
_HEADERS_TOO_LARGE = 431
_SHOWN = 24  # bytes


class HttpExchange:
    """One request and its answer over one channel. All methods raise ProbeError or OSError."""

    def __init__(self, channel: Channel, progress: Progress) -> None:
        self._channel = channel
        self._progress = progress
        self._http = h11.Connection(h11.CLIENT, max_incomplete_event_size=_MAX_HEADERS)
        self._heard = b""  # the first bytes, for the words about an answer that is none
        self._refused: ConnectionError | None = None

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
            # The server hung up early; what it said before (an alert, a 4xx) tells more.
            self._refused = error
        self._progress.phase = "waiting for the response"

    async def status(self) -> int:
        """Return the status of the answer, skipping interim ones (1xx)."""
        while True:
            match await self._event():
                case h11.Response() as response:
                    self._progress.phase = "reading the body"
                    return response.status_code
                case h11.InformationalResponse():
                    continue
                case event:
                    raise ProbeError(f"malformed answer: unexpected {event!r}")

    async def body(self) -> bytes:
        """Return the whole body, decoded."""
        body = bytearray()
        while True:
            match await self._event():
                case h11.Data(data=data):
                    body += data
                    if len(body) > _MAX_BODY:
                        raise ProbeError("body is larger than 1 MiB")
                case h11.EndOfMessage():
                    return bytes(body)
                case event:
                    raise ProbeError(f"malformed answer: unexpected {event!r}")

    async def _event(self) -> h11.Event | type[h11.NEED_DATA] | type[h11.PAUSED]:
        try:
            while (event := self._http.next_event()) is h11.NEED_DATA:
                data = await self._channel.receive()
                if not data and self._refused is not None:
                    raise self._refused
                self._heard = self._heard or data[:_SHOWN]
                self._http.receive_data(data)
        except h11.RemoteProtocolError as error:
            raise ProbeError(self._malformed(error)) from error
        return event

    def _malformed(self, error: h11.RemoteProtocolError) -> str:
        if not self._heard:
            return "closed without an answer"
        if not self._heard.startswith(b"HTTP/"[: len(self._heard)]):
            return f"malformed answer: not HTTP but {self._heard!r}"
        if error.error_status_hint == _HEADERS_TOO_LARGE:
            return "headers are larger than 64 KiB"
        if self._http.trailing_data[1]:
            return "closed in the middle of the answer"
        return f"malformed answer: {printable(str(error))}"


def judge_status(probe: HttpProbeConfig, status: int) -> None:
    """Raise ProbeError unless *status* is one that *probe* wants."""
    if not any(wanted.first <= status <= wanted.last for wanted in probe.status):
        raise ProbeError(f"HTTP {status}")


def judge_digest(probe: HttpProbeConfig, body: bytes) -> None:
    """Raise ProbeError unless *body* has the digest that *probe* wants, if it wants one."""
    if probe.body_sha256:
        import hashlib  # noqa: PLC0415 - it brings OpenSSL

        digest = hashlib.sha256(body).hexdigest()
        if digest != probe.body_sha256.lower():
            raise ProbeError(f"body has another sha256: {digest}")
