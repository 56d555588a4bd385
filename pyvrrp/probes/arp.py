"""The arp check: somebody on the link answers for an address, or nobody does.

Asked in the form that claims nothing: an ARP probe (RFC 5227 section 2.1.1) or the Neighbor
Solicitation of duplicate address detection (RFC 4862 section 5.4.2). No neighbour learns anything
wrong from it, whoever holds the address.
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
from pyvrrp.clients.base.progress import Progress
from pyvrrp.clients.base.wait_readable import readable
from pyvrrp.config.model.configuration import ArpProbeConfig
from pyvrrp.identity import Address
from pyvrrp.packet.gratuitous_arp import arp_claim, arp_probe
from pyvrrp.packet.neighbor_advertisement import neighbor_claim, neighbor_solicitation_probe

_ETH_P_ARP, _ETH_P_IPV6 = 0x0806, 0x86DD
_ARPHRD_ETHER = 1
_SO_ATTACH_FILTER = 26
_FRAME = 2048  # bytes
_MOST_QUEUED = 256  # frames that are read without a look at the time
_TIMES = 3  # a single request that is lost must not look like nobody
_LISTENED = 0.9  # of the time: what is left is for saying that nobody answered
_IPV6_ICMP_ADVERTISEMENTS = (
    (0x30, 0, 0, 20),  # next header ...
    (0x15, 0, 3, 58),  # ... ICMPv6
    (0x30, 0, 0, 54),  # type ...
    (0x15, 0, 1, 136),  # ... Neighbor Advertisement
    (0x06, 0, 0, 0xFFFFFFFF),
    (0x06, 0, 0, 0),
)


async def look(probe: ArpProbeConfig, progress: Progress) -> str:
    """Return who answers; raise ProbeError or OSError if that is not as it shall be."""
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
        # Only with `absent`: otherwise the time is over before this.
        nobody = f"nobody answers for {address} on {probe.interface}"
        if probe.absent:
            return nobody
        raise ProbeError(nobody)
    who = f"{address} is at {answered.hex(':')}"
    if probe.absent:
        raise ProbeError(who)
    return f"{who}, answered in {progress.elapsed()}"


async def _ask(
    link: socket.socket, frame: bytes, address: Address, mac: bytes, progress: Progress
) -> bytes | None:
    """Return the MAC address of whoever has *address*; None: nobody said so."""
    began = asyncio.get_running_loop().time()
    listened = (progress.deadline - began) * _LISTENED
    for number in range(1, _TIMES + 1):
        # The last one gets half of the time, the others share the rest.
        share = 1.0 if number == _TIMES else number / (2 * (_TIMES - 1))
        link.send(frame)
        try:
            async with asyncio.timeout_at(began + listened * share):
                return await _claimant(link, address, mac)
        except TimeoutError:
            continue
    # The time may be over because the daemon was held up: the answer may be here already.
    return _queued(link, address, mac)


async def _claimant(link: socket.socket, address: Address, mac: bytes) -> bytes:
    while (answered := _queued(link, address, mac)) is None:
        await readable(link.fileno())
    return answered


def _queued(link: socket.socket, address: Address, mac: bytes) -> bytes | None:
    """Return who says in the queue of *link* that *address* is his; not *mac*, which is ours."""
    judge = arp_claim if isinstance(address, IPv4Address) else neighbor_claim
    for _ in range(_MOST_QUEUED):
        try:
            claim = judge(link.recv(_FRAME))
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
    # The kernel takes 16 ms to close a packet socket: it waits for all processors.
    closing = Thread(target=os.close, args=(descriptor,), name="pyvrrp-probe", daemon=True)
    try:
        closing.start()
    except RuntimeError:  # no more threads to be had
        os.close(descriptor)


def _open(probe: ArpProbeConfig) -> socket.socket:
    """Return a packet socket on the interface for what answers look like."""
    with inside(probe.netns):
        # Without a protocol: it receives nothing before it is bound, which is after the filter.
        link = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    try:
        link.setblocking(False)
        if isinstance(probe.address, IPv4Address):
            _bind(link, probe.interface, _ETH_P_ARP)
        else:
            _filter(link)
            _bind(link, probe.interface, _ETH_P_IPV6)
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
    """Let through Neighbor Advertisements alone: reading all traffic would cost too much."""
    program = b"".join(struct.pack("=HBBI", *line) for line in _IPV6_ICMP_ADVERTISEMENTS)
    memory = ctypes.create_string_buffer(program)
    lines = len(_IPV6_ICMP_ADVERTISEMENTS)
    header = struct.pack("@HP", lines, ctypes.addressof(memory))
    link.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, header)


def _own_mac(link: socket.socket, interface: str) -> bytes:
    _, _, _, kind, mac = link.getsockname()
    if kind != _ARPHRD_ETHER:
        raise ProbeError(f"{interface} is no Ethernet interface: it has no neighbours to ask")
    return bytes(mac)
