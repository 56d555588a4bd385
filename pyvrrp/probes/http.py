"""The http check: one request on a new connection must get an acceptable response.

The runner imports this module for the first HTTP check, so a daemon without one does not load h11.
The first HTTPS check imports OpenSSL.
"""

import socket
from functools import cached_property
from typing import TYPE_CHECKING

from pyvrrp.clients.base.failure import ProbeError
from pyvrrp.clients.base.progress import ProbeProgress
from pyvrrp.clients.http.channel import Channel, PlainChannel
from pyvrrp.clients.http.connection import Connector
from pyvrrp.clients.http.request import HttpRequest, request_of
from pyvrrp.clients.http.response import HttpExchange, check_digest, check_status
from pyvrrp.clients.processes.regex import PatternSearch
from pyvrrp.clients.rights.wants import Rights, UnixStream
from pyvrrp.config.model.configuration import HttpProbeConfig

if TYPE_CHECKING:
    from pyvrrp.clients.http.tls_contexts import TlsContexts


class HttpProbe:
    """Sends HTTP requests and checks the responses."""

    def __init__(self, connector: Connector, pattern_search: PatternSearch, rights: Rights) -> None:
        self._connector = connector
        self._rights = rights
        self._pattern_search = pattern_search

    async def run(self, probe: HttpProbeConfig, progress: ProbeProgress) -> str:
        """Return the status and the time. Raise ProbeError or OSError if the check fails.

        Redirects are not followed. The status of a redirect is checked like any other.
        """
        request = request_of(probe)
        with await self._connect(probe, request, progress) as connection:
            channel = await self._channel(probe, request, connection, progress)
            exchange = HttpExchange(channel, progress)
            await exchange.ask(request)
            status = await exchange.status()
            check_status(probe, status)
            body = await exchange.body()
        check_digest(probe, body)
        pattern = probe.body_regex
        if pattern and not await self._pattern_search.found(pattern, body, progress):
            raise ProbeError(f"body does not match /{pattern}/")
        return f"HTTP {status} in {progress.elapsed()}"

    async def _connect(
        self, probe: HttpProbeConfig, request: HttpRequest, progress: ProbeProgress
    ) -> socket.socket:
        if probe.unix_socket is not None:
            progress.phase = "while connecting"
            return (await self._rights.open(UnixStream(probe.unix_socket), None)).connection
        return await self._connector.connect(request.endpoint, progress)

    async def _channel(
        self,
        probe: HttpProbeConfig,
        request: HttpRequest,
        connection: socket.socket,
        progress: ProbeProgress,
    ) -> Channel:
        plain = PlainChannel(connection)
        if not request.tls:
            return plain
        from pyvrrp.clients.http.tls_contexts import Credentials  # noqa: PLC0415 - OpenSSL

        credentials = Credentials.of(probe)
        return await self._contexts.encrypted(plain, credentials, request.server_name, progress)

    @cached_property
    def _contexts(self) -> "TlsContexts":
        from pyvrrp.clients.http.tls_contexts import TlsContexts  # noqa: PLC0415 - OpenSSL

        return TlsContexts(self._rights)
