"""Servers that behave in one wrong way, and functions that run a probe against them."""

import asyncio
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeAlias

from pyvrrp.config.model.configuration import HttpProbeConfig, ProbeConfig
from pyvrrp.ports import ProbeResult
from pyvrrp.probes.runner import AsyncioProbes
from pyvrrp.units import Nanoseconds

PATIENT = Nanoseconds(5_000_000_000)  # for probes that must not time out, even on a busy machine
HASTY = Nanoseconds(300_000_000)  # for probes that must time out

Behaviour: TypeAlias = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class Server:
    """A running server: its port, and the requests and peers that it has seen."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.requests: list[bytes] = []
        self.peers: list[str] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/"


@asynccontextmanager
async def serve(
    behaviour: Behaviour,
    *,
    host: str = "127.0.0.1",
    tls: ssl.SSLContext | None = None,
    unix: Path | None = None,
    read_request: bool = True,
) -> AsyncIterator[Server]:
    """Run a server. It reads the headers of each request, then *behaviour* takes over."""
    seen = Server(0)
    writers: set[asyncio.StreamWriter] = set()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.add(writer)
        peer = writer.get_extra_info("peername")
        seen.peers.append(peer[0] if peer else "")
        try:
            if read_request:
                seen.requests.append(await reader.readuntil(b"\r\n\r\n"))
            await behaviour(reader, writer)
        except (OSError, asyncio.IncompleteReadError):
            pass  # the probe has closed the connection
        finally:
            writers.discard(writer)
            writer.transport.abort()

    if unix is not None:
        server = await asyncio.start_unix_server(handle, unix, ssl=tls)
    else:
        server = await asyncio.start_server(handle, host, 0, ssl=tls)
        seen.port = server.sockets[0].getsockname()[1]
    try:
        yield seen
    finally:
        server.close()
        for writer in tuple(writers):
            writer.transport.abort()
        for _ in range(5):  # so that aborted handlers end before their event loop
            await asyncio.sleep(0)


def says(*pieces: bytes, pause: float = 0.0) -> Behaviour:
    """Send *pieces*, *pause* seconds after each, then close."""

    async def behaviour(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(pause)
        writer.close()
        await writer.wait_closed()

    return behaviour


def answers(status: str, body: bytes = b"", *headers: str) -> Behaviour:
    """Send a complete response."""
    head = "".join(f"{line}\r\n" for line in (f"HTTP/1.1 {status}", *headers))
    return says(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)


async def stays_silent(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
    """Wait until the probe closes the connection."""
    await reader.read()


async def resets(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Close with a reset."""
    connection = writer.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


def endless(head: bytes, piece: bytes) -> Behaviour:
    """Send *head*, then *piece* for ever."""

    async def behaviour(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(head)
        while not writer.transport.is_closing():
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0)

    return behaviour


async def run_probe(probe: ProbeConfig, timeout: Nanoseconds = PATIENT) -> ProbeResult:
    """Run a probe once and return its result."""
    probes = AsyncioProbes()
    try:
        return await run_probe_with(probes, probe, timeout)
    finally:
        await probes.close()


async def run_probe_with(
    probes: AsyncioProbes, probe: ProbeConfig, timeout: Nanoseconds = PATIENT
) -> ProbeResult:
    result: asyncio.Future[ProbeResult] = asyncio.get_running_loop().create_future()
    probes.start(probe, timeout, result.set_result)
    return await result


async def reason_at(behaviour: Behaviour, timeout: Nanoseconds = PATIENT) -> str:
    """Return the reason for which an HTTP check of a server with *behaviour* fails."""
    async with serve(behaviour) as server:
        result = await run_probe(HttpProbeConfig(server.url), timeout)
    assert not result.passed
    return result.reason


def unused_port() -> int:
    """Return a port of 127.0.0.1 without a listener."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port = one.getsockname()[1]
        assert isinstance(port, int)
        return port
