import asyncio
import errno
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import IPv4Address, IPv6Address

import pytest

from pyvrrp.errors import KernelError
from pyvrrp.identity import Place
from pyvrrp.net.sockets.announcements import KernelAnnouncementSocket
from pyvrrp.packet.neighbours.gratuitous_arp import gratuitous_arp
from pyvrrp.packet.neighbours.neighbor_advertisement import unsolicited_neighbor_advertisement
from pyvrrp.ports import Claim
from tests.kernel.wire import a_while, ip, mac, until, wire

pytestmark = [pytest.mark.kernel]

V4 = IPv4Address("10.9.0.100")
V6 = IPv6Address("2001:db8::100")
RIVAL = bytes.fromhex("020000000099")


@contextmanager
def opened(place: Place) -> Iterator[tuple[KernelAnnouncementSocket, list[Claim]]]:
    claims: list[Claim] = []
    sock = KernelAnnouncementSocket(asyncio.get_running_loop(), place, claims.append)
    try:
        yield sock, claims
    finally:
        sock.close()


@pytest.mark.asyncio
async def test_claims_of_watched_addresses_are_reported_with_the_rivals_mac() -> None:
    with wire() as w, opened(w.here) as (out, own), opened(w.there) as (listener, claims):
        listener.watch(frozenset({V4, V6}))
        out.watch(frozenset({V4, V6}))
        out.send(gratuitous_arp(V4, RIVAL))
        out.send(unsolicited_neighbor_advertisement(V6, RIVAL))
        await until(lambda: len(claims) == 2)
        assert set(claims) == {Claim(V4, RIVAL), Claim(V6, RIVAL)}
        assert own == []


@pytest.mark.asyncio
async def test_a_gratuitous_arp_moves_the_neighbours_entry() -> None:
    with wire() as w, opened(w.here) as (out, _):
        ip("-n", w.right, "neigh", "add", "10.9.0.100", "lladdr", "02:00:00:00:00:01", "dev", "e0",
           "nud", "stale")  # fmt: skip
        out.send(gratuitous_arp(V4, RIVAL))
        await until(lambda: "02:00:00:00:00:99" in ip("-n", w.right, "neigh", "show", "10.9.0.100"))


@pytest.mark.asyncio
async def test_other_addresses_and_our_own_hardware_are_not_reported() -> None:
    with wire() as w, opened(w.here) as (out, _), opened(w.there) as (listener, claims):
        listener.watch(frozenset({V4, V6}))
        out.send(gratuitous_arp(IPv4Address("10.9.0.101"), RIVAL))
        out.send(gratuitous_arp(V4, mac(w.there)))
        # The last 32 bits are alike, which the kernel's filter does not tell apart.
        out.send(unsolicited_neighbor_advertisement(IPv6Address("2001:db8:1::100"), RIVAL))
        out.send(unsolicited_neighbor_advertisement(V6, RIVAL))
        await until(lambda: bool(claims))
        await a_while()
        assert claims == [Claim(V6, RIVAL)]


@pytest.mark.asyncio
async def test_watching_nothing_receives_nothing() -> None:
    with wire() as w, opened(w.here) as (out, _), opened(w.there) as (listener, claims):
        listener.watch(frozenset({V4}))
        listener.watch(frozenset())
        out.send(gratuitous_arp(V4, RIVAL))
        await a_while()
        assert claims == []
        listener.watch(frozenset({V4}))
        out.send(gratuitous_arp(V4, RIVAL))
        await until(lambda: claims == [Claim(V4, RIVAL)])


@pytest.mark.asyncio
async def test_a_refusal_names_the_interface_and_the_reason() -> None:
    with wire() as w, opened(w.here) as (out, _):
        ip("-n", w.left, "link", "set", "e0", "down")
        with pytest.raises(KernelError, match=r"cannot announce on .*:e0: network is down") as e:
            out.send(gratuitous_arp(V4, RIVAL))
        assert e.value.code == errno.ENETDOWN
