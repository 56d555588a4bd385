"""Two network namespaces on one wire, and packets made by hand."""

import asyncio
import os
import socket
import struct
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from ipaddress import ip_interface
from itertools import count
from pathlib import Path

from pyvrrp.identity import Place
from pyvrrp.net.netlink import codec
from pyvrrp.net.netlink.requests import Batch, Netlink
from pyvrrp.net.system.netns import entered
from tests.support.patience import PATIENCE

_NUMBERS = count()
MULTICAST_MAC = bytes.fromhex("01005e000012")


@dataclass(frozen=True)
class Wire:
    """Namespaces *left* and *right*, each with an interface e0 on the same wire."""

    left: str
    right: str

    @property
    def here(self) -> Place:
        return Place(self.left, "e0")

    @property
    def there(self) -> Place:
        return Place(self.right, "e0")


def ip(*words: str) -> str:
    done = subprocess.run(("ip", *words), check=True, capture_output=True, text=True)
    return done.stdout


@contextmanager
def wire() -> Iterator[Wire]:
    tag = f"pvn{os.getpid()}x{next(_NUMBERS)}"
    made = Wire(f"{tag}l", f"{tag}r")
    try:
        for netns in (made.left, made.right):
            ip("netns", "add", netns)
            for knob in ("all", "default"):
                sysctl(netns, f"net/ipv6/conf/{knob}/accept_dad", "0")
        connect(made)
        yield made
    finally:
        for netns in (made.left, made.right):
            subprocess.run(("ip", "netns", "del", netns), check=False, capture_output=True)


def connect(made: Wire) -> None:
    ip("-n", made.left, "link", "add", "e0", "type", "veth", "peer", "e0", "netns", made.right)
    for netns, host in ((made.left, 1), (made.right, 2)):
        ip("-n", netns, "addr", "add", f"10.9.0.{host}/24", "dev", "e0")
        ip("-n", netns, "link", "set", "e0", "up")
    # The kernel gives a new link its queue a moment later, and drops what is sent before.
    deadline = time.monotonic() + PATIENCE
    while any("state UP" not in ip("-n", n, "link", "show", "e0") for n in (made.left, made.right)):
        assert time.monotonic() < deadline, "the link does not come up"
        time.sleep(0.002)


def sysctl(netns: str, name: str, value: str) -> None:
    with entered(netns):
        (Path("/proc/sys") / name).write_text(value)


def addresses(netns: str, interface: str = "e0") -> list[str]:
    """What iproute2 sees there, as address/prefix, link-local IPv6 left out."""
    lines = ip("-n", netns, "-o", "addr", "show", "dev", interface).splitlines()
    found = [line.split()[3] for line in lines]
    return [address for address in found if not address.startswith("fe80")]


def add_ours(netns: str, *words: str, lifetime: int = 0, interface: str = "e0") -> None:
    """Add addresses with our tag, as a daemon does."""
    found = [ip_interface(word) for word in words]
    with entered(netns), Netlink() as kernel:
        index = kernel.interface_index(interface)
        requests = [
            codec.add_address(index, one.packed, one.network.prefixlen, lifetime) for one in found
        ]
        assert kernel.batch(Batch(requests)) == {}


def checksum(data: bytes) -> int:
    total: int = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def vrrp_v4(source: str, *, vrid: int = 7, ttl: int = 255, protocol: int = 112) -> bytes:
    """An IPv4 packet that looks like VRRPv3 from outside."""
    body = bytes((0x31, vrid, 100, 1, 0, 100, 0, 0)) + socket.inet_aton("10.9.0.100")
    head = struct.pack("!BBHHHBBH", 0x45, 0xC0, 20 + len(body), 1, 0, ttl, protocol, 0)
    head += socket.inet_aton(source) + socket.inet_aton("224.0.0.18")
    return head[:10] + checksum(head).to_bytes(2, "big") + head[12:] + body


def vrrp_v6(source: str, *, vrid: int = 7, hops: int = 255) -> bytes:
    body = bytes((0x31, vrid, 100, 1, 0, 100, 0, 0)) + socket.inet_pton(
        socket.AF_INET6, "fe80::100"
    )
    head = struct.pack("!IHBB", 0x6 << 28, len(body), 112, hops)
    group = socket.inet_pton(socket.AF_INET6, "ff02::12")
    return head + socket.inet_pton(socket.AF_INET6, source) + group + body


@contextmanager
def frames(place: Place) -> Iterator[socket.socket]:
    """A socket that sends whole frames there."""
    with entered(place.netns):
        sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    with sock:
        sock.bind((place.interface, 0))
        yield sock


def mac(place: Place) -> bytes:
    with entered(place.netns):
        sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    with sock:
        sock.bind((place.interface, 0))
        found: bytes = sock.getsockname()[4]
        return found


async def until(true: Callable[[], bool], patience: float = PATIENCE) -> None:
    """Give the loop its turns until it is *true*; fail after *patience* seconds."""
    deadline = time.monotonic() + patience
    while not true():
        assert time.monotonic() < deadline, "it did not happen"
        await asyncio.sleep(0.002)


async def a_while(seconds: float = 0.05) -> None:
    """Give the loop its turns; for proving that something does not happen."""
    await asyncio.sleep(seconds)
