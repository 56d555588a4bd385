"""Servers that do all they can to keep a client busy, behind a health check.

    python -m pyvrrp.testing.hostile_servers KIND --flag FILE [--address A] [--port 8080]

answers `200` to every request until FILE exists. From then on it does what its kind says. It ends
when it is killed. The kind `handshake` needs ``--certificate`` (with the key in it) and
``--parameters`` (Diffie-Hellman parameters of 8192 bits).
"""

import argparse
import socket
import ssl
import struct
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import chain, cycle, repeat
from pathlib import Path
from typing import TypeAlias

Pieces: TypeAlias = Callable[[], Iterator[bytes]]

_REQUEST_ROOM = 65_536
_MANY = 4000  # pieces that are sent at once
_GOOD = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"
_CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


def _after(head: bytes, piece: bytes) -> Pieces:
    """Send *head*, then *piece* for ever."""
    return lambda: chain([head], repeat(piece * _MANY))


# What is sent after a request, for each kind.
ANSWERS: Mapping[str, Pieces] = {
    "interim": _after(b"", b"HTTP/1.1 100 \r\n\r\n"),
    "interim-headers": _after(b"", b"HTTP/1.1 103 \r\n" + b"a: b\r\n" * 50 + b"\r\n"),
    "chunks": _after(_CHUNKED, b"1\r\na\r\n"),
    "chunk-extensions": _after(_CHUNKED, b"1;" + b"a" * 2000 + b"\r\na\r\n"),
    "headers": _after(b"HTTP/1.1 200 OK\r\n", b"a: b\r\n"),
    "folded-headers": _after(b"HTTP/1.1 200 OK\r\na: b\r\n", b" c\r\n"),
    "status-line": _after(b"HTTP/1.1 200 ", b"O"),
    "trailers": _after(_CHUNKED + b"1\r\na\r\n0\r\n", b"a: b\r\n"),
    "body": _after(b"HTTP/1.0 200 OK\r\n\r\n", b"a" * 20),
    "compressed": _after(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n", b"\x1f\x8b" * 10),
    "no-content": _after(b"HTTP/1.1 204 No Content\r\n\r\n", b"a" * 20),
    "not-modified": _after(b"HTTP/1.1 304 Not Modified\r\n\r\n", b"a" * 20),
    "answers": _after(b"", b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"),
    "redirect": _after(b"", b"HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\n\r\n"),
    "digits": _after(b"HTTP/1.1 200 OK\r\nContent-Length: ", b"9"),
    "json": lambda: chain([b"HTTP/1.1 200 OK\r\n\r\n"], cycle([b'{"a":[' * _MANY])),
}
# These do something else with the connection.
STORM, TALKER, HANDSHAKE, SILENT, DRIP = "resets", "talker", "handshake", "silent", "drip"
KINDS = (*ANSWERS, STORM, TALKER, HANDSHAKE, SILENT, DRIP)


class HostileServer:
    """One server: good until *flag* exists, then hostile."""

    def __init__(self, kind: str, flag: Path, tls: ssl.SSLContext | None = None) -> None:
        self._kind = kind
        self._flag = flag
        self._tls = tls
        self._over = threading.Event()

    def serve(self, listener: socket.socket) -> None:
        """Serve for ever, each client in a thread."""
        while True:
            connection, _ = listener.accept()
            threading.Thread(target=self._client, args=(connection,), daemon=True).start()

    def _client(self, connection: socket.socket) -> None:
        with connection, suppress(OSError):
            if self._tls is not None:
                with self._tls.wrap_socket(connection, server_side=True) as secured:
                    _answer(secured)
            elif not self._flag.exists():
                _answer(connection)
            else:
                self._harm(connection)

    def _harm(self, connection: socket.socket) -> None:
        if self._kind == STORM:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        elif self._kind == TALKER:
            while True:
                connection.sendall(b"a" * _REQUEST_ROOM)
        else:
            connection.recv(_REQUEST_ROOM)
            if self._kind == SILENT:
                connection.recv(1)
            elif self._kind == DRIP:
                self._drip(connection)
            for piece in ANSWERS.get(self._kind, lambda: iter(()))():
                connection.sendall(piece)

    def _drip(self, connection: socket.socket) -> None:
        for octet in _GOOD[:-1]:
            connection.sendall(bytes([octet]))
            self._over.wait(0.1)


def _answer(connection: socket.socket) -> None:
    connection.recv(_REQUEST_ROOM)
    connection.sendall(_GOOD)


def slow_handshakes(certificate: str, parameters: str) -> ssl.SSLContext:
    """Return a context whose handshakes take the client a tenth of a second of computing."""
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.maximum_version = ssl.TLSVersion.TLSv1_2
    tls.load_cert_chain(certificate)
    tls.load_dh_params(parameters)
    tls.set_ciphers("DHE-RSA-AES256-GCM-SHA384")
    return tls


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one server until it is killed."""
    parser = argparse.ArgumentParser(prog="python -m pyvrrp.testing.hostile_servers")
    parser.add_argument("kind", choices=KINDS)
    parser.add_argument("--flag", type=Path, required=True)
    parser.add_argument("--address", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8080)
    parser.add_argument("--certificate", default="")
    parser.add_argument("--parameters", default="")
    args = parser.parse_args(arguments)
    tls = slow_handshakes(args.certificate, args.parameters) if args.kind == HANDSHAKE else None
    with socket.create_server((args.address, args.port), backlog=128) as listener:
        HostileServer(args.kind, args.flag, tls).serve(listener)
    return 0


if __name__ == "__main__":
    sys.exit(main())
