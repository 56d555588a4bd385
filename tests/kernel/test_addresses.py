import errno
from ipaddress import IPv4Address, IPv4Interface, IPv6Interface, ip_interface

import pytest

from pyvrrp.identity import Place
from pyvrrp.net.netlink.interface_state import read_state
from pyvrrp.net.netlink.requests import Netlink
from pyvrrp.net.system.interface_index import interface_index
from pyvrrp.net.system.netns import entered
from pyvrrp.units import SECOND, Nanoseconds
from tests.kernel.kernel_addresses import (
    Notes,
    absent,
    boottime,
    finished,
    kernel_addresses,
    present,
)
from tests.kernel.wire import addresses, ip, sysctl, until, wire

pytestmark = [pytest.mark.kernel]

V4 = IPv4Interface("10.9.0.100/24")
V6 = IPv6Interface("2001:db8::100/128")


@pytest.mark.asyncio
async def test_an_address_comes_with_its_prefix_tag_and_lifetime_and_goes() -> None:
    with wire() as w, kernel_addresses() as kernel:
        assert await present(kernel, w.here, [V4], 7) is None
        shown = ip("-n", w.left, "-d", "addr", "show", "dev", "e0", "to", "10.9.0.100")
        assert "inet 10.9.0.100/24" in shown
        assert "dynamic" in shown
        assert "valid_lft 7sec preferred_lft 7sec" in shown
        assert read_state(kernel._sockets, w.here).ours == {V4}
        assert await absent(kernel, w.here, [V4]) is None
        assert addresses(w.left) == ["10.9.0.1/24"]


@pytest.mark.asyncio
async def test_an_ipv6_host_address_is_usable_at_once_and_never_a_source() -> None:
    with wire() as w, kernel_addresses() as kernel:
        sysctl(w.left, "net/ipv6/conf/e0/accept_dad", "1")
        assert await present(kernel, w.here, [V6], 7) is None
        shown = ip("-n", w.left, "addr", "show", "dev", "e0", "to", "2001:db8::100")
        assert "deprecated" in shown
        assert "nodad" in shown
        assert "tentative" not in shown
        assert "valid_lft 7sec preferred_lft 0sec" in shown


@pytest.mark.asyncio
async def test_a_lifetime_of_nought_is_for_ever() -> None:
    with wire() as w, kernel_addresses() as kernel:
        assert await present(kernel, w.here, [V4, IPv6Interface("2001:db8::1/64")], 0) is None
        for address, preferred in (("10.9.0.100", "forever"), ("2001:db8::1", "0sec")):
            shown = ip("-n", w.left, "addr", "show", "dev", "e0", "to", address)
            assert f"valid_lft forever preferred_lft {preferred}" in shown


@pytest.mark.asyncio
async def test_a_renewal_lengthens_the_lease_and_changes_nothing_else() -> None:
    with wire() as w, kernel_addresses() as kernel:
        for lifetime in (3, 9):
            assert await present(kernel, w.here, [V4, V6], lifetime) is None
        assert addresses(w.left) == ["10.9.0.1/24", "10.9.0.100/24", "2001:db8::100/128"]
        assert ip("-n", w.left, "addr", "show", "dev", "e0").count("valid_lft 9sec") == 2


@pytest.mark.asyncio
async def test_a_lease_that_is_not_renewed_runs_out() -> None:
    with wire() as w, kernel_addresses() as kernel:
        assert await present(kernel, w.here, [V4, V6], 1) is None
        assert addresses(w.left) == ["10.9.0.1/24", "10.9.0.100/24", "2001:db8::100/128"]
        await until(lambda: addresses(w.left) == ["10.9.0.1/24"], patience=10)


@pytest.mark.asyncio
async def test_250_addresses_of_both_families_come_and_go_in_one_request() -> None:
    many = [IPv4Interface((IPv4Address("10.10.0.1") + number, 32)) for number in range(250)]
    more = [ip_interface(f"2001:db8::{number:x}/128") for number in range(1, 251)]
    with wire() as w, kernel_addresses() as kernel:
        assert await present(kernel, w.here, [*many, *more], 60) is None
        assert len(addresses(w.left)) == 501
        assert await absent(kernel, w.here, [*many, *more]) is None
        assert addresses(w.left) == ["10.9.0.1/24"]


@pytest.mark.asyncio
async def test_what_is_gone_or_whose_interface_is_gone_is_absent() -> None:
    with wire() as w, kernel_addresses() as kernel:
        assert await absent(kernel, w.here, [V4, V6]) is None
        assert await absent(kernel, Place(w.left, "gone"), [V4]) is None


@pytest.mark.asyncio
async def test_errors_name_operation_address_interface_and_reason() -> None:
    with wire() as w, kernel_addresses() as kernel:
        error = await present(kernel, Place(w.left, "gone"), [V4], 2)
        assert str(error) == f"cannot add 10.9.0.100/24 to {w.left}:gone: no such device"
        assert error is not None
        assert error.code == errno.ENODEV
        sysctl(w.left, "net/ipv6/conf/e0/disable_ipv6", "1")
        error = await present(kernel, w.here, [V4, V6], 2)
        assert str(error).startswith(f"cannot add 2001:db8::100/128 to {w.left}:e0: ")
        assert error is not None
        assert error.code == errno.EACCES
        error = await present(kernel, Place("nowhere", "e0"), [V4], 2)
        assert str(error) == "there is no network namespace nowhere"


@pytest.mark.asyncio
async def test_requests_run_in_the_order_they_were_made() -> None:
    with wire() as w, kernel_addresses() as kernel:
        order: list[str] = []
        kernel.ensure_present(w.here, [V4], 9, lambda _: order.append("one"))
        kernel.ensure_absent(w.here, [V4], lambda _: order.append("two"))
        kernel.ensure_present(w.here, [V6], 9, lambda _: order.append("three"))
        await until(lambda: len(order) == 3)
        assert order == ["one", "two", "three"]
        assert addresses(w.left) == ["10.9.0.1/24", "2001:db8::100/128"]


@pytest.mark.asyncio
async def test_the_keeper_knows_an_address_before_it_exists_and_until_it_is_gone() -> None:
    notes = Notes()
    with wire() as w, kernel_addresses(notes) as kernel:
        index = int(ip("-n", w.left, "-o", "link", "show", "e0").split(":")[0])
        await present(kernel, w.here, [V4], 9)
        await absent(kernel, w.here, [V4])
        plain = [(bytes((10, 9, 0, 100)), 24)]
        assert notes.told == [("hold", w.left, index, plain), ("release", w.left, index, plain)]


@pytest.mark.asyncio
async def test_an_ipv6_address_that_is_confirmed_takes_packets_at_once() -> None:
    with wire() as w, kernel_addresses() as kernel, entered(w.left), Netlink() as question:
        index = interface_index("e0")
        for number in range(50):
            address = IPv6Interface(f"2001:db8::1:{number}/128")
            assert not question.accepts(index, address.packed)
            assert await present(kernel, w.here, [address, V4], 5) is None
            assert question.accepts(index, address.packed), number


@pytest.mark.asyncio
async def test_an_address_counts_as_added_although_its_interface_stays_down() -> None:
    with wire() as w, kernel_addresses() as kernel:
        ip("-n", w.left, "link", "set", "e0", "down")
        assert await present(kernel, w.here, [V6], 60) is None
        assert str(V6) in addresses(w.left)
        assert "state DOWN" in ip("-n", w.left, "-o", "link", "show", "e0")


@pytest.mark.asyncio
async def test_an_address_comes_only_while_it_is_not_too_late_for_it() -> None:
    too_late, in_time = boottime(), Nanoseconds(boottime() + 60 * SECOND)
    with wire() as w, kernel_addresses() as kernel:
        error = await finished(
            lambda done: kernel.ensure_present(w.here, [V4], 9, done, until=too_late)
        )
        assert str(error).endswith("it is too late for that")
        assert str(V4) not in addresses(w.left)
        assert (
            await finished(lambda done: kernel.ensure_present(w.here, [V4], 9, done, until=in_time))
            is None
        )
        assert str(V4) in addresses(w.left)
