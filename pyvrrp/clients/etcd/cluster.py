"""Asks the members of etcd clusters over HTTP: one after another until one answers.

`pyvrrp.clients.etcd.port` imports this module with the first request: h11 and what it needs cost a
daemon without a lease nothing.
"""

import asyncio
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from pyvrrp.clients.base.failure import ProbeError, in_words
from pyvrrp.clients.base.progress import Progress
from pyvrrp.clients.base.resolver import Resolver
from pyvrrp.clients.etcd.messages import (
    Message,
    Reply,
    login_message,
    message_of,
    reply_of,
    token_of,
    wants_login,
)
from pyvrrp.clients.http.channel import Channel, PlainChannel
from pyvrrp.clients.http.connection import Connector, Endpoint
from pyvrrp.clients.http.request import HttpRequest
from pyvrrp.clients.http.response import HttpExchange
from pyvrrp.clients.http.tls import TlsChannel
from pyvrrp.clients.http.tls_contexts import Credentials, TlsContexts
from pyvrrp.config.model.configuration import EtcdServers
from pyvrrp.ports import EtcdAnswer, EtcdRequest

_DEFAULT_PORT = {"http": 80, "https": 443}
_LONGEST_PASSWORD = 1024
_FORGET_AFTER = 60.0  # seconds without an answer of the cluster that was known


@dataclass(slots=True)
class _Known:
    """The member that answered last, and which cluster it said it belongs to."""

    member: int = 0
    cluster: int = 0
    at: float = 0.0
    token: str = ""


class EtcdClusters:
    """All clusters that this process talks to."""

    def __init__(self) -> None:
        self._connector = Connector(Resolver())
        self._contexts = TlsContexts()
        self._known: dict[EtcdServers, _Known] = {}

    async def answer(
        self, servers: EtcdServers, request: EtcdRequest, deadline: float
    ) -> EtcdAnswer:
        """Return the first usable answer; raise ProbeError with the reason of each member.

        The member that answered last is asked first. Each gets a fair share of the time left.
        """
        known = self._known.setdefault(servers, _Known())
        message = message_of(request)
        failures: list[str] = []
        count = len(servers.endpoints)
        for turn in range(count):
            member = (known.member + turn) % count
            url = servers.endpoints[member]
            began = asyncio.get_running_loop().time()
            progress = Progress(began, deadline)
            progress.deadline = progress.share(count - turn)
            if progress.deadline <= began:
                break
            try:
                reply = await self._exchange(servers, url, request, message, progress)
                self._believe(known, member, reply)
            except ProbeError as error:
                failures.append(f"{url}: {error}")
                self._connector.doubt(progress)
            else:
                return reply.answer
        # The next request begins with the member after the one that failed first.
        known.member = (known.member + 1) % count
        raise ProbeError("; ".join(failures) or "no time was left to ask")

    def _believe(self, known: _Known, member: int, reply: Reply) -> None:
        """Remember who answered; refuse a member of another cluster than the one known."""
        now = asyncio.get_running_loop().time()
        if reply.cluster:
            other = known.cluster not in {0, reply.cluster}
            if other and now - known.at < _FORGET_AFTER:
                raise ProbeError(
                    f"belongs to another cluster ({reply.cluster:x}) than the one that answered "
                    f"before ({known.cluster:x})"
                )
            known.cluster, known.at = reply.cluster, now
        known.member = member

    async def _exchange(
        self,
        servers: EtcdServers,
        url: str,
        request: EtcdRequest,
        message: Message,
        progress: Progress,
    ) -> Reply:
        try:
            async with asyncio.timeout_at(progress.deadline):
                status, body = await self._authorised(servers, url, message, progress)
        except TimeoutError as error:
            # The kernel's own ETIMEDOUT is the same class, but has a number.
            said = in_words(error) if error.errno else f"no answer {progress.phase}"
            raise ProbeError(said) from error
        except OSError as error:
            raise ProbeError(in_words(error)) from error
        return reply_of(request, status, body)

    async def _authorised(
        self, servers: EtcdServers, url: str, message: Message, progress: Progress
    ) -> tuple[int, bytes]:
        """Post, after a log-in where one is needed; replace a token that is no good any more."""
        known = self._known[servers]
        if servers.password_file is None:
            return await self._post(servers, url, message, progress)
        if known.token:
            answer = await self._post(servers, url, message, progress, known.token)
            if not wants_login(*answer):
                return answer
        known.token = ""
        password = read_password(servers.password_file)
        login = login_message(servers.user, password)
        known.token = token_of(*await self._post(servers, url, login, progress))
        return await self._post(servers, url, message, progress, known.token)

    async def _post(
        self,
        servers: EtcdServers,
        url: str,
        message: Message,
        progress: Progress,
        token: str = "",
    ) -> tuple[int, bytes]:
        parts = urlsplit(url)
        host = (parts.hostname or "").replace("%25", "%")
        endpoint = Endpoint(host, parts.port or _DEFAULT_PORT[parts.scheme], netns=servers.netns)
        http = HttpRequest(
            endpoint=endpoint,
            tls=parts.scheme == "https",
            server_name=host.partition("%")[0],
            method="POST",
            target=message.path,
            headers=(
                (b"Host", parts.netloc.encode()),
                (b"User-Agent", b"pyvrrp"),
                (b"Content-Type", b"application/json"),
                (b"Content-Length", str(len(message.body)).encode()),
                (b"Connection", b"close"),
                *([(b"Authorization", token.encode())] if token else []),
            ),
            body=message.body,
        )
        with await self._connector.connect(endpoint, progress) as connection:
            channel: Channel = PlainChannel(connection)
            if http.tls:
                channel = await self._encrypted(servers, http, channel, progress)
            exchange = HttpExchange(channel, progress)
            await exchange.ask(http)
            return await exchange.status(), await exchange.body()

    async def _encrypted(
        self, servers: EtcdServers, http: HttpRequest, plain: Channel, progress: Progress
    ) -> Channel:
        progress.phase = "in TLS handshake"
        credentials = Credentials(
            servers.verify, servers.ca, servers.certificate, servers.private_key
        )
        tls = TlsChannel(plain, await self._contexts.context(credentials), http.server_name)
        await tls.handshake()
        return tls


def read_password(file: Path) -> str:
    """Return the first line of *file*; raise ProbeError if there is none to be had."""
    try:
        with file.open(encoding="utf-8") as stream:
            password = stream.readline(_LONGEST_PASSWORD).rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        said = in_words(error) if isinstance(error, OSError) else "it is not UTF-8"
        raise ProbeError(f"cannot read {file}: {said}") from error
    if not password:
        raise ProbeError(f"{file} has no password on its first line")
    return password
