"""What is remembered of senders is bounded: each of them is easy to forge."""

import gc
import tracemalloc
from collections import deque
from collections.abc import Iterable, Iterator
from ipaddress import IPv4Address

import pytest

from pyvrrp.identity import Address, Family, Version, some_of
from pyvrrp.packet.advertisement import Advertisement
from pyvrrp.packet.checksum import ChecksumForm
from pyvrrp.packet.layout import IPV4_GROUP
from pyvrrp.packet.transmission import advertisement_packet
from pyvrrp.ports import Claim
from pyvrrp.units import SECOND, Nanoseconds
from tests.support.cluster import Cluster, Node

MANY = 100
OURS = (IPv4Address("192.0.2.100"),)
FOREIGN = tuple(IPv4Address(0xCB007100 + number) for number in range(255))
NEWEST, EARLIER = Version.V3, Version.V2
KINDS: dict[str, tuple[Version, int, tuple[Address, ...], int]] = {
    "the usual": (NEWEST, 51, OURS, 1),
    "another interval": (NEWEST, 51, OURS, 7),
    "other addresses": (NEWEST, 51, FOREIGN, 1),
    "some of ours": (NEWEST, 51, (*OURS, *FOREIGN[:254]), 1),
    "another VRID": (NEWEST, 7, FOREIGN, 1),
    "another VRID with our address": (NEWEST, 7, (*OURS, *FOREIGN[:254]), 1),
    "another version": (EARLIER, 51, OURS, 1),
    "another version with other addresses": (EARLIER, 51, FOREIGN, 1),
}
LARGEST = 64  # entries of anything that grows with senders
JOURNAL = 1000  # the newest events, whatever they are


def forged(kind: str, priority: int) -> Iterator[bytes]:
    version, vrid, addresses, interval = KINDS[kind]
    advertisement = Advertisement(
        version, vrid, priority, Nanoseconds(interval * SECOND), addresses
    )
    for number in range(MANY):
        source = IPv4Address(0x0A000001 + number)
        packet = advertisement_packet(advertisement, source, IPV4_GROUP, ChecksumForm.MESSAGE_ONLY)
        yield packet
        yield packet[:-1] + b"\xff"  # the checksum is wrong


def containers(root: object) -> Iterator[object]:
    """Yield everything that can grow and is reached from *root* through the runtime's objects."""
    seen, left = set[int](), [root]
    while left:
        one = left.pop()
        if id(one) in seen:
            continue
        seen.add(id(one))
        if isinstance(one, dict | list | set | deque):
            yield one
        if isinstance(one, dict | list | set | deque | tuple) or type(one).__module__.startswith(
            "pyvrrp.runtime"
        ):
            left += [
                found
                for found in gc.get_referents(one)
                if not isinstance(found, type | str | bytes)
            ]


def flood(node: Node, packets: Iterable[bytes]) -> None:
    socket = node.host.sockets[Family.IPV4]
    for number, packet in enumerate(packets):
        socket.receive(packet)
        if number % 2:
            mac = b"\x02\x00" + number.to_bytes(4, "big")
            node.host.claimed(Claim(OURS[0], mac))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("priority", [50, 250], ids=["below ours", "above ours"])
def test_forged_senders_fill_no_table_and_take_less_than_a_megabyte(
    kind: str, priority: int
) -> None:
    cluster = Cluster()
    node = cluster.node(100)
    cluster.clock.run(10)
    assert node.state == "MASTER"
    packets = list(forged(kind, priority))
    tracemalloc.start()
    try:
        flood(node, packets)
        grown, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    journal = node.journal
    large = {
        type(one).__name__: len(one)  # type: ignore[arg-type]
        for one in containers(node.supervisor)
        if len(one) > LARGEST and one is not journal._events  # type: ignore[arg-type]
    }
    assert large == {}
    assert len(journal.events()) <= JOURNAL
    assert len(journal._quiet) <= LARGEST
    assert grown < 1_000_000


def test_a_flood_of_forged_senders_writes_few_lines() -> None:
    cluster = Cluster()
    node = cluster.node(100)
    cluster.clock.run(10)
    before = len(node.journal.events())
    for kind in KINDS:
        flood(node, forged(kind, 50))
    assert len(node.journal.events()) - before < 40


def test_a_long_list_of_addresses_is_shown_in_part() -> None:
    assert some_of(FOREIGN[:2]) == "203.0.113.0, 203.0.113.1"
    assert some_of(FOREIGN).endswith("203.0.113.7 and 247 more")
