"""Measure what a client of a virtual address sees.

    python -m pyvrrp.testing.measure.client ADDRESS
        [--source ADDRESS --mac MAC --direct NODE=MAC ...]

sends one datagram a millisecond to the virtual address, as any client would, and every 5 ms one
to the MAC address of each node named by `--direct`, to learn who would answer. It prints `ready`,
runs until its standard input is closed, and then prints what it saw as one JSON object. Times are
Unix seconds; arrivals are stamped by the kernel.
"""

import argparse
import contextlib
import json
import select
import socket
import struct
import sys
import time
from collections.abc import Mapping, Sequence
from ipaddress import ip_address

from pyvrrp.identity import Address
from pyvrrp.testing.measure.direct_frames import udp_frame
from pyvrrp.testing.measure.echo import PORT
from pyvrrp.testing.measure.kernel_time import receive, stamp_arrivals
from pyvrrp.testing.measure.outages import Observation, Sample, observe
from pyvrrp.testing.measure.process_priority import be_punctual

_PERIOD = 0.001
_DIRECT_PERIOD = 0.005
_PATIENCE = 0.2  # seconds to wait for the last answers
_QUESTION = struct.Struct("!I")
_BUFFER = 1 << 22
_SO_RCVBUFFORCE = 33


class Probe:
    """Numbered questions to one destination, and their answers."""

    def __init__(self, family: socket.AddressFamily) -> None:
        self.socket = socket.socket(family, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, _BUFFER)
        self.socket.setblocking(False)
        self.socket.bind(("", 0))
        stamp_arrivals(self.socket)
        self.samples: list[Sample] = []

    def next_question(self) -> bytes:
        """Note that a question is sent now, and return it."""
        self.samples.append(Sample(time.time()))
        return _QUESTION.pack(len(self.samples) - 1)

    def read(self, only: str = "") -> None:
        """Take in the answers that have arrived; with *only*, those of that node alone."""
        with contextlib.suppress(BlockingIOError, ConnectionError):
            while True:
                answer, arrived = receive(self.socket)
                (number,) = _QUESTION.unpack_from(answer)
                node = answer[_QUESTION.size :].decode()
                if node == (only or node):
                    self.samples[number] = Sample(self.samples[number].sent, arrived, node)


class DirectProbe(Probe):
    """Questions in frames to one node's own MAC address."""

    def __init__(
        self, node: str, mac: bytes, target: Address, source: tuple[Address, bytes], interface: str
    ) -> None:
        super().__init__(_family(target))
        self.node = node
        self._macs = (source[1], mac)
        self._addresses = (source[0], target)
        self._wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        self._wire.bind((interface, 0))

    def ask(self) -> None:
        """Send one question; what the interface refuses does not reach the node either."""
        ports = (self.socket.getsockname()[1], PORT)
        frame = udp_frame(self._macs, self._addresses, ports, self.next_question())
        with contextlib.suppress(OSError):
            self._wire.send(frame)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the client."""
    options = _parser().parse_args(arguments)
    target = ip_address(options.address)
    direct = {
        node: DirectProbe(
            node,
            bytes.fromhex(mac.replace(":", "")),
            target,
            (ip_address(options.source), bytes.fromhex(options.mac.replace(":", ""))),
            options.interface,
        )
        for node, _equals, mac in (entry.partition("=") for entry in options.direct)
    }
    be_punctual()
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    observation = measure(target, direct, options.interface)
    json.dump(observation.as_json(), sys.stdout)
    sys.stdout.write("\n")
    return 0


def measure(target: Address, direct: Mapping[str, DirectProbe], interface: str) -> Observation:
    """Ask until standard input is closed, wait for the last answers, and evaluate."""
    probe = Probe(_family(target))
    # An IPv6 link-local address needs the interface; for others the scope is ignored.
    scope = socket.if_nametoindex(interface) if target.is_link_local else 0
    destination = (str(target), PORT) if target.version == 4 else (str(target), PORT, 0, scope)  # noqa: PLR2004 - IPv4
    readers = {probe.socket.fileno(): probe} | {
        each.socket.fileno(): each for each in direct.values()
    }
    _ask_until_closed(probe, destination, list(direct.values()), readers)
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline:
        _read_waiting(readers, 0.01, watch_input=False)
    return observe(probe.samples, {node: each.samples for node, each in direct.items()})


def _ask_until_closed(
    probe: Probe,
    destination: tuple[str, int] | tuple[str, int, int, int],
    direct: Sequence[DirectProbe],
    readers: Mapping[int, Probe],
) -> None:
    due = time.monotonic()
    direct_due = [due + index * _PERIOD for index in range(len(direct))]
    while True:
        now = time.monotonic()
        if now >= due:
            with contextlib.suppress(OSError):  # no route, no neighbour: no node answers this one
                probe.socket.sendto(probe.next_question(), destination)
            due = max(due + _PERIOD, now)  # no burst after a stall: one sample for one moment
        for index, each in enumerate(direct):
            if now >= direct_due[index]:
                each.ask()
                direct_due[index] = max(direct_due[index] + _DIRECT_PERIOD, now)
        if not _read_waiting(readers, max(0.0, due - time.monotonic()), watch_input=True):
            return


def _read_waiting(readers: Mapping[int, Probe], patience: float, *, watch_input: bool) -> bool:
    """Read answers for *patience* seconds at most; False once standard input is closed."""
    watched: list[int] = [*readers, sys.stdin.fileno()] if watch_input else [*readers]
    ready, _writable, _failed = select.select(watched, (), (), patience)
    for descriptor in ready:
        if descriptor not in readers:
            return False
        reader = readers[descriptor]
        reader.read(reader.node if isinstance(reader, DirectProbe) else "")
    return True


def _family(address: Address) -> socket.AddressFamily:
    return socket.AF_INET if address.version == 4 else socket.AF_INET6  # noqa: PLR2004 - IPv4


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="client", description=__doc__)
    parser.add_argument("address", help="the virtual address")
    parser.add_argument("--interface", default="eth0")
    parser.add_argument("--source", help="this host's own address, for direct probes")
    parser.add_argument("--mac", help="this host's MAC address, for direct probes")
    parser.add_argument("--direct", action="append", default=[], metavar="NODE=MAC")
    return parser


if __name__ == "__main__":
    sys.exit(main())
