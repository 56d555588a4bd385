"""The arp check: a host on the link must answer for an address, or no host may.

It sends an ARP probe (RFC 5227 section 2.1.1) or the Neighbor Solicitation of duplicate address
detection (RFC 4862 section 5.4.2). Neither has a sender address, so no neighbour changes an entry.
"""

import asyncio
import ctypes
import os
import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from errno import ENODEV
from ipaddress import IPv4Address
from threading import Thread

from pyvrrp.clients.base.failure import ProbeError
from pyvrrp.clients.base.namespace import inside
from pyvrrp.clients.base.progress import ProbeProgress
from pyvrrp.clients.base.wait_readable import wait_until_readable
from pyvrrp.config.model.configuration import ArpProbeConfig
from pyvrrp.identity import Address
from pyvrrp.packet.ethernet import ETHERTYPE_ARP, ETHERTYPE_IPV6
from pyvrrp.packet.gratuitous_arp import arp_claim, arp_probe
from pyvrrp.packet.neighbor_advertisement import neighbor_claim, neighbor_solicitation_probe

_ARPHRD_ETHER = 1
_SO_ATTACH_FILTER = 26
_FRAME = 2048  # octets
_MOST_QUEUED = 256  # frames that are read without checking the time
_REQUESTS = 3  # so that the loss of one request does not change the result
_LISTEN_FOR = 0.9  # of the time of the probe, so that it ends before its timeout
_IPV6_ICMP_ADVERTISEMENTS = (
    (0x30, 0, 0, 20),  # next header ...
    (0x15, 0, 3, 58),  # ... ICMPv6
    (0x30, 0, 0, 54),  # type ...
    (0x15, 0, 1, 136),  # ... Neighbor Advertisement
    (0x06, 0, 0, 0xFFFFFFFF),
    (0x06, 0, 0, 0),
)


async def run(probe: ArpProbeConfig, progress: ProbeProgress) -> str:
    """Return which host answers. Raise ProbeError or OSError if the check fails."""
    address = probe.address
    progress.overdue = f"no answer from {address} on {probe.interface} within"
    with _opened(probe) as link:
        mac = _own_mac(link, probe.interface)
        frame = (
            arp_probe(address, mac)
            if isinstance(address, IPv4Address)
            else neighbor_solicitation_probe(address, mac)
        )
        answered = await _ask(link, frame, address, mac, progress)
    if answered is None:
        nobody = f"nobody answers for {address} on {probe.interface}"
        if probe.absent:
            return nobody
        raise ProbeError(nobody)
    who = f"{address} is at {answered.hex(':')}"
    if probe.absent:
        raise ProbeError(who)
    return f"{who}, answered in {progress.elapsed()}"


async def _ask(
    link: socket.socket, frame: bytes, address: Address, mac: bytes, progress: ProbeProgress
) -> bytes | None:
    """Send *frame* and return the MAC address of the host that has *address*; None: no answer."""
    began = asyncio.get_running_loop().time()
    listen_for = (progress.deadline - began) * _LISTEN_FOR
    for number in range(1, _REQUESTS + 1):
        # After the last request it listens for half of the time.
        share = 1.0 if number == _REQUESTS else number / (2 * (_REQUESTS - 1))
        link.send(frame)
        try:
            async with asyncio.timeout_at(began + listen_for * share):
                return await _next_answer(link, address, mac)
        except TimeoutError:
            continue
    # If the daemon was late, an answer may be in the queue although the time is over.
    return _queued_answer(link, address, mac)


async def _next_answer(link: socket.socket, address: Address, mac: bytes) -> bytes:
    while (answered := _queued_answer(link, address, mac)) is None:
        await wait_until_readable(link.fileno())
    return answered


def _queued_answer(link: socket.socket, address: Address, mac: bytes) -> bytes | None:
    """Return the MAC address in a queued frame that claims *address*, if it is not our *mac*."""
    read_claim = arp_claim if isinstance(address, IPv4Address) else neighbor_claim
    for _ in range(_MOST_QUEUED):
        try:
            claim = read_claim(link.recv(_FRAME))
        except BlockingIOError:
            break
        if claim is not None and claim[0] == address and claim[1] != mac:
            return claim[1]
    return None


@contextmanager
def _opened(probe: ArpProbeConfig) -> Iterator[socket.socket]:
    link = _open(probe)
    try:
        yield link
    finally:
        _close(link.detach())


def _close(descriptor: int) -> None:
    # The kernel needs 16 ms to close a packet socket, because it waits for all processors.
    closing = Thread(target=os.close, args=(descriptor,), name="pyvrrp-probe", daemon=True)
    try:
        closing.start()
    except RuntimeError:  # no further thread can be started
        os.close(descriptor)


def _open(probe: ArpProbeConfig) -> socket.socket:
    """Return a packet socket on the interface that receives answers."""
    with inside(probe.netns):
        # Without a protocol the socket receives nothing until it is bound, after it has a filter.
        link = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    try:
        link.setblocking(False)
        if isinstance(probe.address, IPv4Address):
            _bind(link, probe.interface, ETHERTYPE_ARP)
        else:
            _filter(link)
            _bind(link, probe.interface, ETHERTYPE_IPV6)
    except BaseException:
        link.close()
        raise
    return link


def _bind(link: socket.socket, interface: str, protocol: int) -> None:
    try:
        link.bind((interface, protocol))
    except OSError as error:
        if error.errno == ENODEV:
            raise ProbeError(f"there is no interface {interface}") from error
        raise


def _filter(link: socket.socket) -> None:
    """Receive Neighbor Advertisements only, because reading all traffic takes too much time."""
    program = b"".join(struct.pack("=HBBI", *line) for line in _IPV6_ICMP_ADVERTISEMENTS)
    memory = ctypes.create_string_buffer(program)
    lines = len(_IPV6_ICMP_ADVERTISEMENTS)
    header = struct.pack("@HP", lines, ctypes.addressof(memory))
    link.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, header)


def _own_mac(link: socket.socket, interface: str) -> bytes:
    _, _, _, kind, mac = link.getsockname()
    if kind != _ARPHRD_ETHER:
        raise ProbeError(f"{interface} is not an Ethernet interface: it has no neighbours to ask")
    return bytes(mac)
