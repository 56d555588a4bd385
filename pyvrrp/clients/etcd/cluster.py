"""Send requests to etcd clusters over HTTP: to one member after the other, until one answers.

`pyvrrp.probes.etcd` imports this module for the first request, so that a daemon without a
lease does not load h11.
"""

import asyncio
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from pyvrrp.clients.base.failure import ProbeError, in_words
from pyvrrp.clients.base.kept_results import KeptResults
from pyvrrp.clients.base.progress import ProbeProgress
from pyvrrp.clients.base.resolver import Resolver
from pyvrrp.clients.etcd.messages import (
    EtcdMessage,
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
from pyvrrp.clients.rights.file_copy import read_and_close
from pyvrrp.clients.rights.wants import Rights
from pyvrrp.config.model.configuration import EtcdServers
from pyvrrp.foreign_text import printable
from pyvrrp.ports import EtcdAnswer, EtcdRequest

if TYPE_CHECKING:
    from pyvrrp.clients.http.tls_contexts import TlsContexts

_DEFAULT_PORT = {"http": 80, "https": 443}
_LONGEST_PASSWORD = 4096  # octets
_FORGET_AFTER = 60.0  # seconds after its last answer the number of a cluster is forgotten


@dataclass(slots=True)
class _ClusterState:
    """What is known of one cluster: the member that answered last, and what it said."""

    member: int = 0  # index in the endpoints
    cluster: int = 0  # the number of the cluster
    answered_at: float = 0.0  # the time of the event loop in seconds
    token: str = ""


class EtcdClusters:
    """The clusters that this process sends requests to."""

    def __init__(self, rights: Rights) -> None:
        self._rights = rights
        self._connector = Connector(Resolver(rights.look_up), rights)
        self._passwords: KeptResults[Path, str] = KeptResults()
        self._states: dict[EtcdServers, _ClusterState] = {}

    async def answer(
        self, servers: EtcdServers, request: EtcdRequest, deadline: float
    ) -> EtcdAnswer:
        """Return the first usable answer. If there is none, raise ProbeError with all reasons.

        The member that answered last is asked first. Each member gets an equal part of the time
        until *deadline*, which is in seconds of the event loop.
        """
        state = self._states.setdefault(servers, _ClusterState())
        message = message_of(request)
        failures: list[str] = []
        count = len(servers.endpoints)
        for turn in range(count):
            member = (state.member + turn) % count
            url = servers.endpoints[member]
            began = asyncio.get_running_loop().time()
            progress = ProbeProgress(began, deadline)
            progress.deadline = progress.share(count - turn)
            if progress.deadline <= began:
                break
            try:
                reply = await self._exchange(servers, url, request, message, progress)
                self._remember(state, member, reply)
            except ProbeError as error:
                failures.append(f"{url}: {error}")
            except Exception as error:  # noqa: BLE001 - a defect must not hide the other members
                failures.append(f"{url}: internal error: {printable(repr(error))}")
            else:
                return reply.answer
            self._connector.look_up_again(progress)
        # The next request begins with the member after the one that failed first.
        state.member = (state.member + 1) % count
        raise ProbeError("; ".join(failures) or "no time was left to ask")

    def _remember(self, state: _ClusterState, member: int, reply: Reply) -> None:
        """Remember the member that answered. Raise ProbeError if it is of another cluster."""
        now = asyncio.get_running_loop().time()
        if reply.cluster:
            other = state.cluster not in {0, reply.cluster}
            if other and now - state.answered_at < _FORGET_AFTER:
                raise ProbeError(
                    f"belongs to another cluster ({reply.cluster:x}) than the one that answered "
                    f"before ({state.cluster:x})"
                )
            state.cluster, state.answered_at = reply.cluster, now
        state.member = member

    async def _exchange(
        self,
        servers: EtcdServers,
        url: str,
        request: EtcdRequest,
        message: EtcdMessage,
        progress: ProbeProgress,
    ) -> Reply:
        try:
            async with asyncio.timeout_at(progress.deadline):
                status, body = await self._authorised(servers, url, message, progress)
        except TimeoutError as error:
            # ETIMEDOUT of the kernel has the same class, but also an errno.
            reason = in_words(error) if error.errno else f"no answer {progress.phase}"
            raise ProbeError(reason) from error
        except OSError as error:
            raise ProbeError(in_words(error)) from error
        return reply_of(request, status, body)

    async def _authorised(
        self, servers: EtcdServers, url: str, message: EtcdMessage, progress: ProbeProgress
    ) -> tuple[int, bytes]:
        """Send *message*. If etcd needs a token and there is none that it accepts, get one first.

        Return the HTTP status and the body.
        """
        state = self._states[servers]
        if servers.password_file is None:
            return await self._post(servers, url, message, progress)
        if state.token:
            answer = await self._post(servers, url, message, progress, state.token)
            if not wants_login(*answer):
                return answer
        state.token = ""
        progress.phase = f"while reading {servers.password_file}"
        read = partial(self._read_password, servers.password_file)
        password = await self._passwords.get(servers.password_file, read)
        login = login_message(servers.user, password)
        state.token = token_of(*await self._post(servers, url, login, progress))
        return await self._post(servers, url, message, progress, state.token)

    @cached_property
    def _contexts(self) -> "TlsContexts":
        from pyvrrp.clients.http.tls_contexts import TlsContexts  # noqa: PLC0415 - OpenSSL

        return TlsContexts(self._rights)

    async def _read_password(self, file: Path, _before: str | None) -> str:
        try:
            copy = await self._rights.copy(file, "")
            return password_in(file, read_and_close(copy.descriptor))
        except OSError as error:
            raise ProbeError(f"cannot read {file}: {in_words(error)}") from error

    async def _post(
        self,
        servers: EtcdServers,
        url: str,
        message: EtcdMessage,
        progress: ProbeProgress,
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
                from pyvrrp.clients.http.tls_contexts import Credentials  # noqa: PLC0415 - OpenSSL

                credentials = Credentials(
                    servers.verify, servers.ca, servers.certificate, servers.private_key
                )
                channel = await self._contexts.encrypted(
                    channel, credentials, http.server_name, progress
                )
            exchange = HttpExchange(channel, progress)
            await exchange.ask(http)
            return await exchange.status(), await exchange.body()


def password_in(file: Path, content: bytes) -> str:
    """Return the first line of *content*, which is that of *file*. Raise ProbeError without one."""
    line = content[:_LONGEST_PASSWORD].partition(b"\n")[0].rstrip(b"\r")
    try:
        password = line.decode()
    except UnicodeDecodeError as error:
        raise ProbeError(f"cannot read {file}: it is not UTF-8") from error
    if not password:
        raise ProbeError(f"{file} has no password on its first line")
    return password
