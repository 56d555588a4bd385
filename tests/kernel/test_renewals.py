import asyncio
import errno
import socket
from collections.abc import Sequence
from dataclasses import replace
from ipaddress import IPv4Address, IPv4Interface, IPv6Interface, ip_interface
from pathlib import Path

import pytest

from pyvrrp.errors import KernelError
from pyvrrp.identity import Place
from pyvrrp.net.netlink.addresses import KernelAddresses
from pyvrrp.ports import AddressLease
from pyvrrp.units import SECOND, Nanoseconds
from tests.kernel.kernel_addresses import Notes, absent, boottime, kernel_addresses, present
from tests.kernel.wire import Wire, addresses, connect, ip, sysctl, until, wire

pytestmark = [pytest.mark.kernel]

V4 = IPv4Interface("10.9.0.100/24")
V6 = IPv6Interface("2001:db8::100/128")


def lease(place: Place, *words: str, lifetime: int = 9) -> AddressLease:
    return AddressLease(place, tuple(map(ip_interface, words)), lifetime)


async def renewed(
    kernel: KernelAddresses, leases: Sequence[AddressLease]
) -> list[KernelError | None]:
    future: asyncio.Future[Sequence[KernelError | None]]
    future = asyncio.get_running_loop().create_future()
    kernel.renew(leases[0].place.netns, leases, future.set_result)
    assert not future.done()
    return list(await future)


def second_interface(w: Wire) -> Place:
    ip("-n", w.left, "link", "add", "e1", "type", "veth", "peer", "e1", "netns", w.right)
    ip("-n", w.left, "link", "set", "e1", "up")
    return Place(w.left, "e1")


def descriptors() -> int:
    return len(tuple(Path("/proc/self/fd").iterdir()))


def lifetimes(w: Wire, seconds: int, interface: str = "e0") -> int:
    """How many addresses have that many seconds left."""
    shown = ip("-n", w.left, "addr", "show", "dev", interface)
    return sum(shown.count(f"valid_lft {left}sec") for left in (seconds, seconds - 1))


@pytest.mark.asyncio
async def test_the_leases_of_250_virtual_routers_are_renewed_in_one_request() -> None:
    many = [IPv4Interface((IPv4Address("10.10.0.1") + number, 32)) for number in range(250)]
    more = [ip_interface(f"2001:db8::{number:x}/128") for number in range(1, 251)]
    with wire() as w, kernel_addresses() as kernel:
        assert await present(kernel, w.here, [*many, *more], 60) is None
        leases = [AddressLease(w.here, pair, 900) for pair in zip(many, more, strict=True)]
        for _ in range(2):  # the second time with the batch that was kept
            assert await renewed(kernel, leases) == [None] * 250
            assert lifetimes(w, 900) == 500
        assert len(addresses(w.left)) == 501


@pytest.mark.asyncio
async def test_each_lease_has_a_lifetime_of_its_own() -> None:
    with wire() as w, kernel_addresses() as kernel:
        other = second_interface(w)
        await present(kernel, w.here, [V4, V6], 60)
        await present(kernel, other, [ip_interface("10.8.0.100/24")], 60)
        leases = [
            lease(w.here, str(V4), lifetime=100),
            lease(other, "10.8.0.100/24", lifetime=200),
            lease(w.here, str(V6), lifetime=300),
        ]
        assert await renewed(kernel, leases) == [None] * 3
        assert (lifetimes(w, 100), lifetimes(w, 300)) == (1, 1)
        assert lifetimes(w, 200, "e1") == 1


@pytest.mark.asyncio
async def test_what_the_kernel_refuses_is_told_of_that_lease_alone() -> None:
    with wire() as w, kernel_addresses() as kernel:
        other = second_interface(w)
        for place in (w.here, other):
            await present(kernel, place, [V6], 60)
        await present(kernel, w.here, [V4], 60)
        sysctl(w.left, "net/ipv6/conf/e1/disable_ipv6", "1")
        leases = [
            lease(w.here, str(V4), str(V6)),
            lease(other, "10.8.0.100/24", str(V6)),
            lease(Place(w.left, "gone"), str(V4)),
            lease(w.here, "10.9.0.101/32"),
        ]
        for _ in range(2):
            good, refused, missing, last = await renewed(kernel, leases)
            assert (good, last) == (None, None)
            assert str(refused).startswith(f"cannot renew {V6} on {other}: permission denied")
            assert str(missing) == f"cannot renew {V4} on {w.left}:gone: no such device"
            assert refused is not None
            assert missing is not None
            assert (refused.code, missing.code) == (errno.EACCES, errno.ENODEV)
        assert lifetimes(w, 9) == 3


@pytest.mark.asyncio
async def test_a_lease_for_which_it_is_too_late_is_left_out() -> None:
    with wire() as w, kernel_addresses() as kernel:
        await present(kernel, w.here, [V4, V6], 60)
        late = replace(lease(w.here, str(V4)), until=boottime())
        in_time = replace(lease(w.here, str(V6)), until=Nanoseconds(boottime() + 60 * SECOND))
        for _ in range(2):
            error, answer = await renewed(kernel, [late, in_time])
            assert str(error).endswith("it is too late for that")
            assert answer is None
            assert (lifetimes(w, 9), lifetimes(w, 60)) == (1, 1)


@pytest.mark.asyncio
async def test_a_renewal_comes_after_what_was_asked_for_before_it() -> None:
    with wire() as w, kernel_addresses() as kernel:
        kernel.ensure_present(w.here, [V4], 60, lambda _: None)
        answers: list[Sequence[KernelError | None]] = []
        kernel.renew(w.left, [lease(w.here, str(V4))], answers.append)
        assert await absent(kernel, w.here, [V4]) is None
        assert answers == [[None]]
        assert addresses(w.left) == ["10.9.0.1/24"]


@pytest.mark.asyncio
async def test_an_interface_that_was_made_anew_gets_no_renewal_but_new_addresses() -> None:
    notes = Notes()
    with wire() as w, kernel_addresses(notes) as kernel:
        await present(kernel, w.here, [V4], 60)
        leases = [lease(w.here, str(V4))]
        await renewed(kernel, leases)
        told = len(notes.told)
        await renewed(kernel, leases)
        await renewed(kernel, leases)
        assert len(notes.told) == told
        ip("-n", w.left, "link", "del", "e0")
        connect(w)
        index = int(ip("-n", w.left, "-o", "link", "show", "e0").split(":")[0])
        [answer] = await renewed(kernel, leases)
        assert answer is not None
        assert answer.code == errno.ENODEV
        assert addresses(w.left) == ["10.9.0.1/24"]
        assert await present(kernel, w.here, [V4], 60) is None
        assert notes.told[told:] == [("hold", w.left, index, [(V4.packed, 24)])]
        assert await renewed(kernel, leases) == [None]
        assert addresses(w.left) == ["10.9.0.1/24", str(V4)]


@pytest.mark.asyncio
async def test_one_socket_in_each_namespace_serves_all_requests() -> None:
    with wire() as w, kernel_addresses() as kernel:
        before = descriptors()
        await present(kernel, w.here, [V4], 60)
        await present(kernel, w.there, [V6], 60)
        assert descriptors() == before + 4  # a namespace and its socket, twice
        for _ in range(20):
            assert await renewed(kernel, [lease(w.here, str(V4))]) == [None]
            assert await renewed(kernel, [lease(w.there, str(V6))]) == [None]
            assert await present(kernel, w.here, [V6], 60) is None
            assert await absent(kernel, w.here, [V6]) is None
        assert descriptors() == before + 4


@pytest.mark.asyncio
async def test_after_an_overflow_nothing_is_known_and_the_next_request_has_a_new_socket() -> None:
    with wire() as w, kernel_addresses() as kernel:
        await present(kernel, w.here, [V4], 60)
        sysctl(w.left, "net/ipv6/conf/e0/disable_ipv6", "1")
        leases = [lease(w.here, f"2001:db8::{number:x}/128") for number in range(1, 251)]
        # It has no room for 250 reports of failure.
        with kernel._sockets.at(w.left) as netlink:
            netlink._sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 0)
        assert {str(answer) for answer in await renewed(kernel, leases)} == {
            f"cannot renew the address leases in {w.left}: no buffer space available"
        }
        codes = {answer.code for answer in await renewed(kernel, leases) if answer is not None}
        assert codes == {errno.EACCES}


@pytest.mark.asyncio
async def test_a_namespace_that_is_deleted_or_made_anew_is_noticed() -> None:
    with wire() as w, kernel_addresses() as kernel:
        await present(kernel, w.here, [V4], 60)
        leases = [lease(w.here, str(V4))]
        for netns in (w.left, w.right):
            ip("netns", "del", netns)
        [answer] = await renewed(kernel, leases)
        assert str(answer) == f"there is no network namespace {w.left}"
        for netns in (w.left, w.right):
            ip("netns", "add", netns)
        connect(w)
        [answer] = await renewed(kernel, leases)
        assert answer is not None
        assert answer.code == errno.ENODEV
        assert await present(kernel, w.here, [V4], 60) is None
        assert await renewed(kernel, leases) == [None]
        assert addresses(w.left) == ["10.9.0.1/24", str(V4)]


@pytest.mark.asyncio
async def test_a_lease_that_is_renewed_outlives_its_first_lifetime() -> None:
    with wire() as w, kernel_addresses() as kernel:
        await present(kernel, w.here, [V4, V6], 2)
        kept, dropped = lease(w.here, str(V4), lifetime=60), addresses(w.left)
        assert str(V6) in dropped
        assert await renewed(kernel, [kept]) == [None]
        await until(lambda: str(V6) not in addresses(w.left), patience=10)
        assert str(V4) in addresses(w.left)
