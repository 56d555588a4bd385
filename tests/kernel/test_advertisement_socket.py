import asyncio
import errno
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path

import pytest

from pyvrrp.errors import KernelError
from pyvrrp.identity import Family, Place
from pyvrrp.net.sockets.advertisements import KernelAdvertisementSocket
from pyvrrp.net.sockets.unicast import UnicastSocket
from pyvrrp.packet.datagram import build_datagram
from pyvrrp.packet.layout import IPV4_GROUP, IPV6_GROUP
from tests.kernel.wire import (
    MULTICAST_MAC,
    a_while,
    connect,
    frames,
    ip,
    mac,
    until,
    vrrp_v4,
    vrrp_v6,
    wire,
)
from tests.support.patience import PATIENCE

pytestmark = [pytest.mark.kernel]


@contextmanager
def opened(
    place: Place,
    family: Family = Family.IPV4,
    overload_per_second: int = 2000,
    *,
    unicast: bool = False,
) -> Iterator[tuple[KernelAdvertisementSocket, list[bytes]]]:
    heard: list[bytes] = []
    sock = KernelAdvertisementSocket(
        asyncio.get_running_loop(),
        place,
        family,
        heard.append,
        multicast=not unicast,
        unicast=unicast,
        overload_per_second=overload_per_second,
        calm_after=0.3,
    )
    try:
        yield sock, heard
    finally:
        sock.close()


def ethernet(packet: bytes, destination: bytes = MULTICAST_MAC) -> bytes:
    return destination + bytes.fromhex("020000000099") + b"\x08\x00" + packet


@pytest.mark.asyncio
async def test_an_advertisement_arrives_whole_and_the_sender_does_not_hear_it() -> None:
    with wire() as w, opened(w.here) as (out, own), opened(w.there) as (_, heard):
        packet = vrrp_v4("10.9.0.1")
        out.send(packet, IPV4_GROUP)
        await until(lambda: bool(heard))
        await a_while()
        assert heard == [packet]
        assert heard[0][8] == 255
        assert own == []


@pytest.mark.asyncio
async def test_ipv6_advertisements_arrive_whole() -> None:
    with (
        wire() as w,
        opened(w.here, Family.IPV6) as (out, _),
        opened(w.there, Family.IPV6) as (_, heard),
    ):
        packet = vrrp_v6("fe80::1")
        out.send(packet, IPV6_GROUP)
        await until(lambda: bool(heard))
        assert heard == [packet]
        assert heard[0][7] == 255


@pytest.mark.asyncio
async def test_both_groups_are_joined_on_the_interface() -> None:
    with wire() as w, opened(w.here), opened(w.here, Family.IPV6):
        joined = ip("-n", w.left, "maddr", "show", "dev", "e0")
        assert "224.0.0.18" in joined
        assert "ff02::12" in joined


@pytest.mark.asyncio
async def test_the_group_mac_is_the_destination_on_the_wire() -> None:
    with wire() as w, opened(w.here) as (out, _), frames(w.there) as sniffer:
        sniffer.bind(("e0", 0x0800))
        sniffer.settimeout(5)
        out.send(vrrp_v4("10.9.0.1"), IPV4_GROUP)
        frame = sniffer.recv(2000)
        assert frame[:6] == bytes.fromhex("01005e000012")
        assert frame[6:12] == mac(w.here)


@pytest.mark.rfc("ACT-23")
@pytest.mark.asyncio
async def test_a_returning_owner_is_heard_although_its_source_is_local_here() -> None:
    with wire() as w, opened(w.here) as (out, _), opened(w.there) as (_, heard):
        ip("-n", w.right, "addr", "add", "10.9.0.100/24", "dev", "e0")
        packet = vrrp_v4("10.9.0.100")
        out.send(packet, IPV4_GROUP)
        await until(lambda: heard == [packet])


@pytest.mark.asyncio
async def test_padding_of_short_frames_arrives_behind_the_packet() -> None:
    with wire() as w, frames(w.here) as out, opened(w.there) as (_, heard):
        packet = vrrp_v4("10.9.0.1")
        out.send(ethernet(packet).ljust(60, b"\0"))
        await until(lambda: bool(heard))
        assert heard[0][: len(packet)] == packet
        assert int.from_bytes(heard[0][2:4]) == len(packet)


@pytest.mark.asyncio
async def test_frames_for_other_hosts_and_other_protocols_are_not_delivered() -> None:
    with wire() as w, frames(w.here) as out, opened(w.there) as (_, heard):
        ip("-n", w.right, "link", "set", "e0", "promisc", "on")
        out.send(ethernet(vrrp_v4("10.9.0.1"), bytes.fromhex("020000000055")))
        out.send(ethernet(vrrp_v4("10.9.0.1", protocol=17)))
        last = vrrp_v4("10.9.0.1", vrid=9)
        out.send(ethernet(last))
        await until(lambda: bool(heard))
        assert heard == [last]


@pytest.mark.asyncio
async def test_a_lower_ttl_is_delivered_for_the_receive_checks_to_count() -> None:
    with wire() as w, opened(w.here) as (out, _), opened(w.there) as (_, heard):
        out.send(vrrp_v4("10.9.0.1", ttl=254), IPV4_GROUP)
        await until(lambda: bool(heard))
        assert heard[0][8] == 254


@pytest.mark.asyncio
async def test_the_reader_survives_a_link_that_goes_down_and_comes_back() -> None:
    with wire() as w, opened(w.here) as (out, _), opened(w.there) as (receiver, heard):
        ip("-n", w.right, "link", "set", "e0", "down")
        await until(lambda: receiver.errors == 1)
        with pytest.raises(KernelError, match=r"cannot send on .*:e0: network is down") as caught:
            receiver.send(vrrp_v4("10.9.0.2"), IPV4_GROUP)
        assert caught.value.code == errno.ENETDOWN
        ip("-n", w.right, "link", "set", "e0", "up")
        await until(lambda: _sent_and_heard(out, heard))
        assert receiver.errors == 1


def _sent_and_heard(out: KernelAdvertisementSocket, heard: list[bytes]) -> bool:
    try:
        out.send(vrrp_v4("10.9.0.1"), IPV4_GROUP)
    except KernelError:
        return False
    return bool(heard)


@pytest.mark.asyncio
async def test_a_deleted_interface_neither_kills_the_reader_nor_makes_it_spin() -> None:
    with wire() as w, opened(w.here) as (sock, heard):
        ip("-n", w.left, "link", "del", "e0")
        await until(lambda: sock.errors >= 1)
        errors = sock.errors
        await a_while()
        assert sock.errors == errors
        with pytest.raises(KernelError, match="no such device"):
            sock.send(vrrp_v4("10.9.0.1"), IPV4_GROUP)
        connect(w)
        with opened(w.here) as (_, again), opened(w.there) as (out, _):
            out.send(vrrp_v4("10.9.0.2"), IPV4_GROUP)
            await until(lambda: bool(again))
        assert heard == []


@pytest.mark.asyncio
async def test_opening_where_there_is_nothing_says_so() -> None:
    with wire() as w:
        with (
            pytest.raises(KernelError, match=r"on .*:nope: no such device"),
            opened(Place(w.left, "nope")),
        ):
            pass
        with (
            pytest.raises(KernelError, match="there is no network namespace nowhere"),
            opened(Place("nowhere", "e0")),
        ):
            pass


@pytest.mark.asyncio
async def test_draining_delivers_what_is_queued_without_the_loop() -> None:
    with wire() as w, opened(w.here) as (out, _), opened(w.there) as (receiver, heard):
        for vrid in (1, 2, 3):
            out.send(vrrp_v4("10.9.0.1", vrid=vrid), IPV4_GROUP)
        # The kernel may deliver a moment later; nothing here gives the loop a turn.
        deadline = time.monotonic() + PATIENCE
        while len(heard) < 3 and time.monotonic() < deadline:
            receiver.drain()
        assert [packet[21] for packet in heard] == [1, 2, 3]


@pytest.mark.asyncio
async def test_a_flood_leaves_the_loop_its_turns() -> None:
    with wire() as w, opened(w.here) as (out, _), opened(w.there) as (_, heard):
        for _ in range(300):
            out.send(vrrp_v4("10.9.0.1"), IPV4_GROUP)
        turns = []
        while len(heard) < 300:
            before = len(heard)
            await asyncio.sleep(0)
            turns.append(len(heard) - before)
        assert max(turns) == 64


@pytest.mark.asyncio
async def test_an_overloaded_socket_hears_only_ttl_255_and_expected_vrids_until_calm() -> None:
    with (
        wire() as w,
        opened(w.here) as (out, _),
        opened(w.there, overload_per_second=50) as (
            receiver,
            heard,
        ),
    ):
        receiver.expect(frozenset({7, 8}), 255)
        for _ in range(51):
            out.send(vrrp_v4("10.9.0.1", ttl=1), IPV4_GROUP)
        await until(lambda: len(heard) == 51)
        assert receiver.overloads == 1
        heard.clear()
        for vrid, ttl in ((7, 254), (9, 255), (8, 255), (7, 255)):
            out.send(vrrp_v4("10.9.0.1", vrid=vrid, ttl=ttl), IPV4_GROUP)
        await until(lambda: len(heard) >= 2)
        assert [packet[21] for packet in heard] == [8, 7]
        await until(lambda: not receiver.overloaded)
        heard.clear()
        out.send(vrrp_v4("10.9.0.1", vrid=9, ttl=254), IPV4_GROUP)
        await until(lambda: bool(heard))


@pytest.mark.asyncio
async def test_the_strict_filter_looks_behind_ipv4_options() -> None:
    with (
        wire() as w,
        opened(w.here) as (out, _),
        opened(w.there, overload_per_second=0) as (
            receiver,
            heard,
        ),
    ):
        receiver.expect(frozenset({7}), 255)
        out.send(vrrp_v4("10.9.0.1"), IPV4_GROUP)
        await until(lambda: len(heard) == 1)
        heard.clear()
        for vrid in (9, 7):
            plain = vrrp_v4("10.9.0.1", vrid=vrid)
            out.send(b"\x46" + plain[1:20] + b"\x94\x04\0\0" + plain[20:], IPV4_GROUP)
        await until(lambda: bool(heard))
        assert [packet[25] for packet in heard] == [7]


@pytest.mark.asyncio
async def test_the_strict_filter_knows_ipv6() -> None:
    with (
        wire() as w,
        opened(w.here, Family.IPV6) as (out, _),
        opened(w.there, Family.IPV6, overload_per_second=0) as (receiver, heard),
    ):
        receiver.expect(frozenset({7}), 255)
        out.send(vrrp_v6("fe80::1"), IPV6_GROUP)
        await until(lambda: len(heard) == 1)
        heard.clear()
        for vrid, hops in ((7, 254), (9, 255), (7, 255)):
            out.send(vrrp_v6("fe80::1", vrid=vrid, hops=hops), IPV6_GROUP)
        await until(lambda: bool(heard))
        assert [(packet[41], packet[7]) for packet in heard] == [(7, 255)]


@pytest.mark.asyncio
async def test_what_the_kernel_had_no_room_for_is_counted() -> None:
    with wire() as w, opened(w.here) as (out, _), opened(w.there) as (receiver, heard):
        receiver._sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
        for _ in range(50):
            out.send(vrrp_v4("10.9.0.1"), IPV4_GROUP)
        deadline = time.monotonic() + PATIENCE
        while receiver.dropped == 0:
            assert time.monotonic() < deadline
        await until(lambda: receiver.dropped + len(heard) == 50)


@pytest.mark.asyncio
async def test_closing_twice_and_leaving_the_group() -> None:
    with wire() as w, opened(w.here) as (sock, _):
        sock.close()
        assert "224.0.0.18" not in ip("-n", w.left, "maddr", "show", "dev", "e0")


def to(packet: bytes, destination: str) -> bytes:
    """Return an IPv4 packet with another destination; the kernel writes the checksum."""
    return packet[:16] + socket.inet_aton(destination) + packet[20:]


@pytest.mark.asyncio
async def test_unicast_reaches_the_host_alone_whole_and_with_ttl_255() -> None:
    with (
        wire() as w,
        opened(w.here, unicast=True) as (out, own),
        opened(w.there, unicast=True) as (_, heard),
    ):
        ends = IPv4Address("10.9.0.1"), IPv4Address("10.9.0.2")
        packet = build_datagram(vrrp_v4("10.9.0.1")[20:], *ends)
        for _ in range(3):
            out.send(packet, ends[1])
        await until(lambda: len(heard) == 3)
        await a_while()
        assert heard == [packet] * 3  # to the bit, so that the receiver remembers it
        assert (packet[8], packet[1]) == (255, 0xC0)
        assert own == []


@pytest.mark.asyncio
@pytest.mark.parametrize(("source", "target"), [("fd00::1", "fd00::2"), ("fe80::1", "fe80::2")])
async def test_ipv6_unicast_reaches_global_and_link_local_addresses(
    source: str, target: str
) -> None:
    with wire() as w:
        ip("-n", w.left, "addr", "add", f"{source}/64", "dev", "e0", "nodad")
        ip("-n", w.right, "addr", "add", f"{target}/64", "dev", "e0", "nodad")
        with (
            opened(w.here, Family.IPV6, unicast=True) as (out, _),
            opened(w.there, Family.IPV6, unicast=True) as (_, heard),
        ):
            destination = IPv6Address(target)
            plain = vrrp_v6(source)
            packet = plain[:24] + destination.packed + plain[40:]
            out.send(packet, destination)
            await until(lambda: bool(heard))
            assert heard == [packet]
            assert heard[0][7] == 255


@pytest.mark.asyncio
async def test_unicast_alone_joins_no_group_and_has_nothing_answered_by_the_kernel() -> None:
    with (
        wire() as w,
        opened(w.here, unicast=True) as (out, _),
        opened(w.there, unicast=True) as (receiver, heard),
        frames(w.here) as sniffer,
    ):
        sniffer.bind(("e0", 0x0800))
        sniffer.setblocking(False)
        assert "224.0.0.18" not in ip("-n", w.left, "maddr", "show", "dev", "e0")
        for _ in range(3):
            out.send(to(vrrp_v4("10.9.0.1"), "10.9.0.2"), IPv4Address("10.9.0.2"))
        await until(lambda: len(heard) == 3)
        await a_while()
        with pytest.raises(BlockingIOError):  # "protocol unreachable" would be an IPv4 packet
            sniffer.recv(2000)
        assert receiver._unicast is not None
        with pytest.raises(BlockingIOError):  # and none of it fills the socket that sends
            receiver._unicast._sock.recv(2000)


@pytest.mark.asyncio
async def test_unicast_without_a_route_or_a_socket_for_it_says_so() -> None:
    with wire() as w, opened(w.here) as (multicast_only, _):
        nobody = IPv4Address("10.9.0.2")
        with pytest.raises(KernelError, match=r"cannot send to 10\.9\.0\.2 on .*: no unicast here"):
            multicast_only.send(to(vrrp_v4("10.9.0.1"), "10.9.0.2"), nobody)
        with opened(w.here, unicast=True) as (out, _):
            ip("-n", w.left, "link", "set", "e0", "down")
            with pytest.raises(KernelError, match=r"cannot send to 10\.9\.0\.2 on .*:e0: network"):
                out.send(to(vrrp_v4("10.9.0.1"), "10.9.0.2"), nobody)


@pytest.mark.asyncio
async def test_a_neighbour_that_does_not_answer_blocks_nothing_and_is_no_error() -> None:
    with wire() as w, opened(w.here, unicast=True) as (out, _):
        # A send that waits would wait for ever: nobody answers. The socket does not block.
        for _ in range(50):
            out.send(to(vrrp_v4("10.9.0.1"), "10.9.0.77"), IPv4Address("10.9.0.77"))


@pytest.mark.asyncio
async def test_an_overloaded_socket_hears_peers_from_as_far_as_they_may_be() -> None:
    with (
        wire() as w,
        opened(w.here, unicast=True) as (out, _),
        opened(w.there, overload_per_second=0, unicast=True) as (receiver, heard),
    ):
        receiver.expect(frozenset({7}), 253)
        there = IPv4Address("10.9.0.2")
        out.send(to(vrrp_v4("10.9.0.1"), "10.9.0.2"), there)
        await until(lambda: len(heard) == 1)
        heard.clear()
        for ttl in (252, 253, 254):
            out.send(to(vrrp_v4("10.9.0.1", ttl=ttl), "10.9.0.2"), there)
        await until(lambda: len(heard) == 2)
        await a_while()
        assert [packet[8] for packet in heard] == [253, 254]


@pytest.mark.asyncio
async def test_opening_for_unicast_where_there_is_nothing_leaves_nothing_open() -> None:
    with wire() as w:
        before = len(list(Path("/proc/self/fd").iterdir()))
        for place in (Place(w.left, "nope"), Place("nowhere", "e0")):
            with pytest.raises(KernelError):
                UnicastSocket(place, Family.IPV4)
        assert len(list(Path("/proc/self/fd").iterdir())) == before


@pytest.mark.asyncio
async def test_a_socket_stays_attached_to_a_renamed_interface_and_not_to_a_new_one() -> None:
    words = ("link", "add", "v0", "index", "77", "type", "veth", "peer", "v1")
    with wire() as w:
        ip("-n", w.left, *words)
        with opened(Place(w.left, "v0")) as (sock, _):
            assert sock.is_attached()
            ip("-n", w.left, "link", "set", "v0", "name", "v2")
            assert sock.is_attached()
            ip("-n", w.left, "link", "del", "v2")
            ip("-n", w.left, *words)
            assert not sock.is_attached()
        assert not sock.is_attached()


@pytest.mark.asyncio
async def test_the_packet_socket_is_handed_over_to_be_closed_and_nothing_waits_for_it() -> None:
    handed_over: list[socket.socket] = []
    loop = asyncio.get_running_loop()
    with wire() as w:
        sock = KernelAdvertisementSocket(
            loop, w.here, Family.IPV4, lambda _: None, close=handed_over.append
        )
        sock.close()
        (left,) = handed_over
        assert left.family == socket.AF_PACKET
        assert left.fileno() >= 0
        left.close()
