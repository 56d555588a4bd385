"""The arp check: a host on the link must answer for an address, or no host may.

It sends an ARP probe (RFC 5227 section 2.1.1) or the Neighbor Solicitation of duplicate address
detection (RFC 4862 section 5.4.2). Neither has a sender address, so no neighbour changes an entry.
"""

import asyncio
import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from ipaddress import IPv4Address
from threading import Thread

from pyvrrp.clients.base.failure import ProbeError
from pyvrrp.clients.base.progress import ProbeProgress
from pyvrrp.clients.base.wait_readable import wait_until_readable
from pyvrrp.clients.rights.wants import NeighbourSocket, Rights
from pyvrrp.config.model.configuration import ArpProbeConfig
from pyvrrp.identity import Address
from pyvrrp.packet.neighbours.gratuitous_arp import arp_claim, arp_probe
from pyvrrp.packet.neighbours.neighbor_advertisement import (
    neighbor_claim,
    neighbor_solicitation_probe,
)

_ARPHRD_ETHER = 1
_FRAME = 2048  # octets
_MOST_QUEUED = 256  # frames that are read without checking the time
_REQUESTS = 3  # so that the loss of one request does not change the result
_LISTEN_FOR = 0.9  # of the time of the probe, so that it ends before its timeout


async def run(probe: ArpProbeConfig, progress: ProbeProgress, rights: Rights) -> str:
    """Return which host answers. Raise ProbeError or OSError if the check fails."""
    address = probe.address
    progress.overdue = f"no answer from {address} on {probe.interface} within"
    async with _opened(probe, rights) as link:
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


@asynccontextmanager
async def _opened(probe: ArpProbeConfig, rights: Rights) -> AsyncIterator[socket.socket]:
    ipv6 = not isinstance(probe.address, IPv4Address)
    link = (await rights.open(NeighbourSocket(probe.interface, probe.netns, ipv6), None)).connection
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


def _own_mac(link: socket.socket, interface: str) -> bytes:
    _, _, _, kind, mac = link.getsockname()
    if kind != _ARPHRD_ETHER:
        raise ProbeError(f"{interface} is not an Ethernet interface: it has no neighbours to ask")
    return bytes(mac)
