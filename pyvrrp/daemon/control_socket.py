"""The control socket: each line is a JSON object, a request or its answer.

`ControlAccess` says who may use it. A peer that is slow, hangs or sends nonsense costs one task and
nothing else. If there are too many peers, the connection that has been silent for longest is
closed; connections that may only read are closed before others.
"""

import asyncio
import contextlib
import json
import os
import socket
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import TypeAlias

from pyvrrp.config.values.scalars import shown
from pyvrrp.daemon.rights.control_access import IN_PROCESS, Asker, ControlAccess
from pyvrrp.errors import KernelError, UsageError, VrrpError
from pyvrrp.runtime.base.json import Json

LONGEST_REQUEST = 64 * 1024
PATIENCE_SECONDS = 5.0
MOST_PEERS = 32

Request: TypeAlias = Mapping[str, object]
Handler: TypeAlias = Callable[[Request], Awaitable[dict[str, Json]]]


def refuse_unknown_keys(request: Request, *known: str) -> None:
    """Raise UsageError if *request* has another key than ``command`` and the *known* ones.

    A misspelt key would change what an order does: without its ``name`` it is for all.
    """
    for key in request:
        if key != "command" and key not in known:
            allowed = f"known are: {', '.join(known)}" if known else "the command has none"
            raise UsageError(f"unknown key {shown(key)}: {allowed}")


class ControlSocket:
    """Listens on a path and answers each command with what its handler returns."""

    def __init__(
        self,
        path: Path,
        handlers: Mapping[str, Handler],
        access: ControlAccess | None = None,
    ) -> None:
        """*access* is None if only root and the user of the daemon may use it."""
        self._path = path
        self._access = ControlAccess() if access is None else access
        self._handlers = handlers
        self._server: asyncio.Server | None = None
        # The one with the newest request is last.
        self._peers: dict[asyncio.Task[None], Asker] = {}

    async def open(self) -> None:
        """Listen; raise KernelError if the path cannot be used or another daemon answers there."""
        listener = self._bind()
        self._server = await asyncio.start_unix_server(
            self._accept, sock=listener, limit=LONGEST_REQUEST
        )

    async def close(self) -> None:
        """Stop listening and forget the peers."""
        if self._server is None:
            return
        self._server.close()
        for peer in tuple(self._peers):
            peer.cancel()
        with contextlib.suppress(OSError):
            self._path.unlink()

    def _bind(self) -> socket.socket:
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            self._path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
            if self._path.is_socket():
                self._refuse_a_second_daemon()
                self._path.unlink()
            mask = os.umask(0o777 & ~self._access.mode)
            try:
                listener.bind(str(self._path))
            finally:
                os.umask(mask)
            self._access.set_group(self._path)
        except OSError as error:
            listener.close()
            raise KernelError(
                f"cannot listen on control socket {self._path}: {error.strerror or error}",
                error.errno or 0,
            ) from error
        except KernelError:
            listener.close()
            raise
        return listener

    def _refuse_a_second_daemon(self) -> None:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as other:
            other.settimeout(1.0)
            try:
                other.connect(str(self._path))
            except OSError:
                return
        raise KernelError(
            f"another pyvrrp answers on control socket {self._path}; stop it, or give this one "
            "another node name or control_socket"
        )

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is None:
            writer.transport.abort()
            return
        try:
            asker = self._access.asker(writer.get_extra_info("socket"))
        except OSError:
            writer.transport.abort()
            return
        if len(self._peers) >= MOST_PEERS:
            readers = (peer for peer, who in self._peers.items() if not who.may_act)
            longest_silent = next(readers, next(iter(self._peers)))
            del self._peers[longest_silent]
            longest_silent.cancel()
        self._peers[task] = asker
        try:
            await self._talk(reader, writer, task, asker)
            async with asyncio.timeout(PATIENCE_SECONDS):
                writer.close()
                await writer.wait_closed()
        except (OSError, TimeoutError, ValueError, asyncio.CancelledError):
            # The peer is gone, is too slow, or sent too much. Unread answers must not keep the
            # connection open.
            writer.transport.abort()
        finally:
            self._peers.pop(task, None)

    async def _talk(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        task: asyncio.Task[None],
        asker: Asker,
    ) -> None:
        while True:
            async with asyncio.timeout(PATIENCE_SECONDS):
                line = await reader.readline()
            if not line:
                return
            if task in self._peers:
                self._peers[task] = self._peers.pop(task)
            writer.write(json.dumps(await self._answer(line, asker)).encode() + b"\n")
            async with asyncio.timeout(PATIENCE_SECONDS):
                await writer.drain()
            # A peer with many requests must not delay an advertisement.
            await asyncio.sleep(0)

    async def _answer(self, line: bytes, asker: Asker = IN_PROCESS) -> dict[str, Json]:
        try:
            request = json.loads(line)
        except (ValueError, RecursionError):
            return {"error": "not a JSON object", "kind": "usage"}
        command = request.get("command") if isinstance(request, dict) else None
        handler = self._handlers.get(command) if isinstance(command, str) else None
        if handler is None:
            known = ", ".join(sorted(self._handlers))
            what = f"unknown command {shown(command)}, known are: {known}"
            return {"error": what, "kind": "usage"}
        if refusal := self._access.refusal(asker, str(command)):
            return {"error": refusal, "kind": "refused"}
        try:
            return await handler(request)
        except VrrpError as error:
            kind = "usage" if isinstance(error, UsageError) else "refused"
            return {"error": str(error), "kind": kind}
        except Exception as error:  # noqa: BLE001 - a defect costs this request, not the daemon
            asyncio.get_running_loop().call_exception_handler(
                {"message": f"the command {command} failed", "exception": error}
            )
            return {"error": f"internal error: {error!r}", "kind": "refused"}
