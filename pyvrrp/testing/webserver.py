"""A web server that does what it is told: the service behind a health check.

    python -m pyvrrp.testing.webserver [--certificate FILE] [--address 127.0.0.1] [--port 8080]

reads one word a line: `200`, `500` (or any status), `hang` (accept, never answer), `drip` (one
octet a second), `reset` (accept, then RST), `refuse` (do not listen); with a certificate, whose
file holds the key too, it speaks TLS, and `plain` answers TLS with plain text. Each
is confirmed by one JSON line with the moment it took effect. It ends when its standard input is
closed.
"""

import argparse
import asyncio
import contextlib
import json
import socket
import ssl
import struct
import sys
import time
from collections.abc import Sequence

_REQUEST_ROOM = 65536


class Webserver:
    """A listening socket and what happens to those who connect."""

    def __init__(self, address: str, port: int, certificate: str = "") -> None:
        self._where = (address, port)
        self._tls: ssl.SSLContext | None = None
        if certificate:
            self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._tls.load_cert_chain(certificate)
        self._mode = "200"
        self._server: asyncio.Server | None = None

    async def behave(self, mode: str) -> None:
        """Do from now on what *mode* says."""
        before, self._mode = self._mode, mode
        # Whether it speaks TLS is decided when it begins to listen.
        anew = mode != before and "plain" in {mode, before}
        if self._server is not None and (mode == "refuse" or anew):
            self._server.close()
            self._server = None
        if mode != "refuse" and self._server is None:
            tls = None if mode == "plain" else self._tls
            self._server = await asyncio.start_server(self._serve, *self._where, ssl=tls)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            if self._mode == "reset":
                _reset(writer)
                return
            if self._mode == "plain":
                await reader.read(_REQUEST_ROOM)
                writer.write(_answer(400))
                writer.close()
                return
            await reader.readuntil(b"\r\n\r\n")
            if self._mode == "hang":
                await reader.read(_REQUEST_ROOM)  # until the client gives up
            elif self._mode == "drip":
                await _drip(writer)
            else:
                writer.write(_answer(int(self._mode)))
                await writer.drain()
        writer.close()


def _answer(status: int) -> bytes:
    body = f"status {status}\n".encode()
    head = f"HTTP/1.1 {status} Told\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    return head.encode() + body


async def _drip(writer: asyncio.StreamWriter) -> None:
    for octet in _answer(200):
        writer.write(bytes((octet,)))
        await writer.drain()
        await asyncio.sleep(1)


def _reset(writer: asyncio.StreamWriter) -> None:
    connection = writer.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def serve(address: str, port: int, certificate: str = "") -> None:
    """Serve until standard input is closed."""
    server = Webserver(address, port, certificate)
    await server.behave("200")
    commands = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(commands), sys.stdin
    )
    _confirm("200")
    while line := await commands.readline():
        mode = line.decode().strip()
        await server.behave(mode)
        _confirm(mode)


def _confirm(mode: str) -> None:
    sys.stdout.write(json.dumps({"time": time.time(), "mode": mode}) + "\n")
    sys.stdout.flush()


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the server."""
    parser = argparse.ArgumentParser(prog="webserver", description=__doc__)
    parser.add_argument("--address", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8080)
    parser.add_argument("--certificate", metavar="FILE", default="")
    options = parser.parse_args(arguments)
    asyncio.run(serve(options.address, options.port, options.certificate))
    return 0


if __name__ == "__main__":
    sys.exit(main())
