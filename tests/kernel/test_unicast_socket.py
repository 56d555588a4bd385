"""Unicast to a peer behind a router: the kernel finds the way, and the TTL tells how far it was."""

import asyncio
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from ipaddress import IPv4Address, IPv6Address

import pytest

from pyvrrp.errors import KernelError
from pyvrrp.identity import Address, Family, Place
from pyvrrp.net.sockets.advertisements import KernelAdvertisementSocket
from pyvrrp.packet.datagram import build_datagram, parse_datagram
from tests.kernel.wire import ip, sysctl, until

pytestmark = [pytest.mark.kernel]

MESSAGE = bytes.fromhex("3107640100640000") + IPv4Address("10.1.0.100").packed


@contextmanager
def routed() -> Iterator[tuple[Place, Place]]:
    """Two hosts, each with an interface e0, and a router between them."""
    left, router, right = (f"pvu{os.getpid()}{name}" for name in "lmr")
    try:
        for netns in (left, router, right):
            ip("netns", "add", netns)
            for knob in ("all", "default"):
                sysctl(netns, f"net/ipv6/conf/{knob}/accept_dad", "0")
        sysctl(router, "net/ipv4/ip_forward", "1")
        sysctl(router, "net/ipv6/conf/all/forwarding", "1")
        for number, netns in ((1, left), (2, right)):
            far = f"e{number}"
            ip("-n", netns, "link", "add", "e0", "type", "veth", "peer", far, "netns", router)
            for host, inside, device in ((2, netns, "e0"), (1, router, far)):
                ip("-n", inside, "addr", "add", f"10.{number}.0.{host}/24", "dev", device)
                ip("-n", inside, "addr", "add", f"fd00:{number}::{host}/64", "dev", device, "nodad")
                ip("-n", inside, "link", "set", device, "up")
            ip("-n", netns, "route", "add", "default", "via", f"10.{number}.0.1")
            ip("-n", netns, "-6", "route", "add", "default", "via", f"fd00:{number}::1")
        yield Place(left, "e0"), Place(right, "e0")
    finally:
        for netns in (left, router, right):
            subprocess.run(("ip", "netns", "del", netns), check=False, capture_output=True)


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("source", "target"),
    [
        (IPv4Address("10.1.0.2"), IPv4Address("10.2.0.2")),
        (IPv6Address("fd00:1::2"), IPv6Address("fd00:2::2")),
    ],
)
async def test_a_peer_behind_a_router_is_reached_with_a_ttl_of_one_less(
    source: Address, target: Address
) -> None:
    family = Family(len(source.packed))
    loop = asyncio.get_running_loop()
    with routed() as (here, there):
        heard: list[bytes] = []
        ends = [
            KernelAdvertisementSocket(loop, place, family, receive, multicast=False, unicast=True)
            for place, receive in ((here, lambda _packet: None), (there, heard.append))
        ]
        packet = build_datagram(MESSAGE, source, target)

        def arrives() -> bool:
            # A link that has just come up may have no route yet, or lose what is sent at once.
            with suppress(KernelError):
                ends[0].send(packet, target)
            return bool(heard)

        await until(arrives)
        found = parse_datagram(heard[0], family)
        assert (found.source, found.destination, found.ttl) == (source, target, 254)
        assert found.payload == MESSAGE
        for end in ends:
            end.close()
