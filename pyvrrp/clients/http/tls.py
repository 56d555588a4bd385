"""TLS over a channel, and reasons for its errors."""

import ssl
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TypeVar

from pyvrrp.clients.base.failure import ProbeError
from pyvrrp.clients.http.channel import CHUNK, Channel
from pyvrrp.foreign_text import printable

T = TypeVar("T")

# The X509_V_ERR_ numbers of OpenSSL (x509_vfy.h). The ssl module has no names for them.
_VERIFICATION = {
    9: "certificate is not yet valid",
    10: "certificate has expired",
    18: "self-signed certificate",
    19: "self-signed certificate in its chain, from an unknown CA",
    20: "certificate: unknown CA",
    21: "certificate: unknown CA",
    23: "certificate has been revoked",
}

# The stream ended, with or without close_notify. Which one is raised depends on OpenSSL.
_ENDED = (ssl.SSLEOFError, ssl.SSLZeroReturnError)

_ALERTS = {
    "TLSV13_ALERT_CERTIFICATE_REQUIRED": "TLS: the server requires a client certificate",
    "SSLV3_ALERT_HANDSHAKE_FAILURE": "TLS: the server refuses the handshake",
    "TLSV1_ALERT_UNKNOWN_CA": "TLS: the server does not know the client certificate's CA",
    "WRONG_VERSION_NUMBER": "TLS: the server does not use TLS, or uses another version",
}


class TlsChannel:
    """The client side of TLS over another channel."""

    def __init__(
        self,
        channel: Channel,
        context: ssl.SSLContext,
        server_name: str,
        run: Callable[[Callable[[], object]], Awaitable[object]],
    ) -> None:
        """*run* runs a step of the handshake in a thread: a server can make it take a second."""
        self._channel = channel
        self._run = run
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        try:
            self._tls = context.wrap_bio(
                self._incoming, self._outgoing, server_hostname=server_name
            )
        except (ValueError, ssl.SSLError) as error:
            raise ProbeError(f"bad server name {server_name}: {error}") from error

    async def handshake(self) -> None:
        """Do the handshake and verify the server. Raise ProbeError if it fails."""
        try:
            await self._shake_hands()
        except _ENDED as error:
            raise ProbeError("closed during the TLS handshake") from error
        except ssl.SSLError as error:
            with suppress(OSError):
                await self._flush()  # an alert, so that the server can log the reason
            raise ProbeError(reason_of(error)) from error

    async def send(self, data: bytes) -> None:
        """Send all of *data*."""
        try:
            self._tls.write(data)
        except ssl.SSLError as error:
            raise ProbeError(reason_of(error)) from error
        await self._flush()

    async def receive(self) -> bytes:
        """Return the next octets; empty: the peer has ended the stream."""
        try:
            return await self._exchange(lambda: self._tls.read(CHUNK))
        except _ENDED:
            # An end without close_notify is accepted, because HTTP detects an incomplete message.
            return b""
        except ssl.SSLError as error:
            raise ProbeError(reason_of(error)) from error

    async def _shake_hands(self) -> None:
        while isinstance(error := await self._run(self._step), ssl.SSLWantReadError):
            await self._read_more()
        if isinstance(error, ssl.SSLError):
            raise error
        await self._flush()

    def _step(self) -> ssl.SSLError | None:
        """Take one step of the handshake. Return why it did not end."""
        try:
            self._tls.do_handshake()
        except ssl.SSLError as error:
            return error
        return None

    async def _exchange(self, step: Callable[[], T]) -> T:
        while True:
            try:
                result = step()
            except ssl.SSLWantReadError:
                await self._read_more()
            else:
                await self._flush()
                return result

    async def _read_more(self) -> None:
        await self._flush()
        data = await self._channel.receive()
        if data:
            self._incoming.write(data)
        else:
            self._incoming.write_eof()

    async def _flush(self) -> None:
        if self._outgoing.pending:
            await self._channel.send(self._outgoing.read())


def reason_of(error: ssl.SSLError) -> str:
    """Return the meaning of *error* for the probe of a service."""
    if isinstance(error, ssl.SSLCertVerificationError):
        message = error.verify_message.rstrip(".").replace("Hostname", "hostname")
        return _VERIFICATION.get(error.verify_code) or printable(f"certificate: {message}")
    what = error.reason or "protocol error"
    if what in _ALERTS:
        return _ALERTS[what]
    return f"TLS: {what.lower().replace('_', ' ')}"
