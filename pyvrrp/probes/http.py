"""The HTTP check: one request on a fresh connection, its answer judged.

The runner imports this module when the first HTTP check runs: h11 and what it needs cost a daemon
without one nothing. In the same way OpenSSL is imported by the first HTTPS check.
"""

import socket
from functools import cached_property
from typing import TYPE_CHECKING

from pyvrrp.clients.base.failure import ProbeError
from pyvrrp.clients.base.progress import Progress
from pyvrrp.clients.http.channel import Channel, PlainChannel
from pyvrrp.clients.http.connection import Connector, connect_unix
from pyvrrp.clients.http.request import HttpRequest, request_of
from pyvrrp.clients.http.response import HttpExchange, judge_digest, judge_status
from pyvrrp.clients.processes.regex import Patterns
from pyvrrp.config.model.configuration import HttpProbeConfig

if TYPE_CHECKING:
    from pyvrrp.clients.http.tls_contexts import TlsContexts


class HttpProbe:
    """Looks at web servers."""

    def __init__(self, connector: Connector, patterns: Patterns) -> None:
        self._connector = connector
        self._patterns = patterns

    async def look(self, probe: HttpProbeConfig, progress: Progress) -> str:
        """Return what a good answer looked like; raise ProbeError or OSError if it was not good.

        Redirects are not followed: the status of the redirect is judged.
        """
        request = request_of(probe)
        with await self._connect(probe, request, progress) as connection:
            channel = await self._channel(probe, request, connection, progress)
            exchange = HttpExchange(channel, progress)
            await exchange.ask(request)
            status = await exchange.status()
            judge_status(probe, status)
            body = await exchange.body()
        judge_digest(probe, body)
        pattern = probe.body_regex
        if pattern and not await self._patterns.found(pattern, body, progress):
            raise ProbeError(f"body does not match /{pattern}/")
        return f"HTTP {status} in {progress.elapsed()}"

    async def _connect(
        self, probe: HttpProbeConfig, request: HttpRequest, progress: Progress
    ) -> socket.socket:
        if probe.unix_socket is not None:
            return await connect_unix(probe.unix_socket, progress)
        return await self._connector.connect(request.endpoint, progress)

    async def _channel(
        self,
        probe: HttpProbeConfig,
        request: HttpRequest,
        connection: socket.socket,
        progress: Progress,
    ) -> Channel:
        plain = PlainChannel(connection)
        if not request.tls:
            return plain
        from pyvrrp.clients.http.tls import TlsChannel  # noqa: PLC0415 - OpenSSL
        from pyvrrp.clients.http.tls_contexts import Credentials  # noqa: PLC0415 - the same

        progress.phase = "in TLS handshake"
        context = await self._contexts.context(Credentials.of(probe))
        tls = TlsChannel(plain, context, request.server_name)
        await tls.handshake()
        return tls

    @cached_property
    def _contexts(self) -> "TlsContexts":
        from pyvrrp.clients.http.tls_contexts import TlsContexts  # noqa: PLC0415 - OpenSSL

        return TlsContexts()
