"""Answer every datagram, naming this node: what a client of the virtual address sees.

    python -m pyvrrp.testing.measure.echo NODE [--port 7007]

prints `ready` and runs until its standard input is closed. The answer is the question followed
by the node's name; it leaves from the address that was asked.
"""

import argparse
import contextlib
import selectors
import socket
import sys
from collections.abc import Sequence

from pyvrrp.testing.measure.process_priority import be_punctual

PORT = 7007
_IP_PKTINFO = 8


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the responder."""
    parser = argparse.ArgumentParser(prog="echo", description=__doc__)
    parser.add_argument("node", help="the name to answer with")
    parser.add_argument("--port", type=int, default=PORT)
    options = parser.parse_args(arguments)
    name = str(options.node).encode()
    be_punctual()
    with selectors.DefaultSelector() as selector:
        selector.register(sys.stdin, selectors.EVENT_READ)
        for responder in open_responders(options.port):
            selector.register(responder, selectors.EVENT_READ)
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        while True:
            for key, _events in selector.select():
                if not isinstance(key.fileobj, socket.socket):
                    return 0
                answer(key.fileobj, name)


def open_responders(port: int) -> list[socket.socket]:
    """Return one socket per family that hears *port* on every address."""
    ipv4 = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    ipv4.setsockopt(socket.IPPROTO_IP, _IP_PKTINFO, 1)
    ipv4.bind(("0.0.0.0", port))
    ipv6 = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    ipv6.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    ipv6.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVPKTINFO, 1)
    ipv6.bind(("::", port))
    for responder in (ipv4, ipv6):
        responder.setblocking(False)
    return [ipv4, ipv6]


def answer(responder: socket.socket, name: bytes) -> None:
    """Answer what is waiting. If the address asked is gone already, there is no answer."""
    with contextlib.suppress(OSError):
        while True:
            question, control, _flags, peer = responder.recvmsg(256, 256)
            responder.sendmsg([question, name], control[:1], 0, peer)


if __name__ == "__main__":
    sys.exit(main())
