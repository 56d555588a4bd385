"""No address of the operator is changed or removed, and ours are found wherever they are."""

import errno
import subprocess
from contextlib import suppress
from ipaddress import IPv4Interface, IPv6Interface
from pathlib import Path

import pytest

from pyvrrp.identity import InterfaceAddress, Place
from pyvrrp.net.netlink.interface_state import read_state
from tests.kernel.kernel_addresses import absent, kernel_addresses, present
from tests.kernel.wire import addresses, ip, sysctl, until, wire

pytestmark = [pytest.mark.kernel, pytest.mark.asyncio]

V4 = IPv4Interface("10.9.0.100/24")
V6 = IPv6Interface("2001:db8::100/64")
LAN = IPv4Interface("198.51.100.10/24")


async def test_an_address_that_the_operator_has_configured_is_refused_with_its_name() -> None:
    with wire() as w, kernel_addresses() as kernel:
        ip("-n", w.left, "addr", "add", str(V4), "dev", "e0")
        error = await present(kernel, w.here, [V4], 7)
        assert error is not None
        assert str(error) == (
            f"cannot add 10.9.0.100/24 to {w.here}: the operator has configured 10.9.0.100 there"
        )
        assert error.code == errno.EEXIST
        assert "forever" in ip("-n", w.left, "addr", "show", "dev", "e0", "to", "10.9.0.100")


@pytest.mark.parametrize(("there", "wanted"), [("10.9.0.100/32", V4), ("2001:db8::100/128", V6)])
async def test_another_prefix_length_makes_no_difference(
    there: str, wanted: InterfaceAddress
) -> None:
    with wire() as w, kernel_addresses() as kernel:
        ip("-n", w.left, "addr", "add", there, "dev", "e0")
        error = await present(kernel, w.here, [wanted], 7)
        assert error is not None
        assert error.code == errno.EEXIST
        assert await absent(kernel, w.here, [wanted]) is None
        assert there in addresses(w.left)
        assert "dynamic" not in ip("-n", w.left, "addr", "show", "dev", "e0", "to", there)


async def test_a_removal_leaves_what_the_operator_has_configured() -> None:
    with wire() as w, kernel_addresses() as kernel:
        ip("-n", w.left, "addr", "add", str(V6), "dev", "e0", "nodad")
        before = addresses(w.left)
        own = IPv4Interface("10.9.0.1/24")
        assert await absent(kernel, w.here, [own, V6]) is None
        assert addresses(w.left) == before


async def test_an_address_that_the_operator_makes_permanent_is_the_operators_from_then_on() -> None:
    with wire() as w, kernel_addresses() as kernel:
        assert await present(kernel, w.here, [V4, V6], 60) is None
        for address in (V4, V6):
            forever = ("valid_lft", "forever", "preferred_lft", "forever")
            ip("-n", w.left, "addr", "change", str(address), "dev", "e0", *forever)
        assert read_state(kernel._sockets, w.here).ours == frozenset()
        assert await absent(kernel, w.here, [V4, V6]) is None
        assert addresses(w.left) == ["10.9.0.1/24", str(V4), str(V6)]


async def test_what_the_operator_adds_to_the_network_of_ours_survives_its_removal() -> None:
    with wire() as w, kernel_addresses() as kernel:
        sysctl(w.left, "net/ipv4/conf/all/promote_secondaries", "0")
        sysctl(w.left, "net/ipv4/conf/e0/promote_secondaries", "0")
        assert await present(kernel, w.here, [LAN], 60) is None
        ip("-n", w.left, "addr", "add", "198.51.100.5/24", "dev", "e0")
        ip("-n", w.left, "route", "add", "203.0.113.0/24", "via", "198.51.100.254")
        assert await absent(kernel, w.here, [LAN]) is None
        assert addresses(w.left) == ["10.9.0.1/24", "198.51.100.5/24"]
        routes = ip("-n", w.left, "route")
        assert "203.0.113.0/24 via 198.51.100.254" in routes
        assert "198.51.100.0/24 dev e0 proto kernel scope link src 198.51.100.5" in routes


async def test_it_survives_although_the_operator_has_switched_promotion_off_again() -> None:
    with wire() as w, kernel_addresses() as kernel:
        sysctl(w.left, "net/ipv4/conf/e0/promote_secondaries", "0")
        assert await present(kernel, w.here, [LAN], 60) is None
        ip("-n", w.left, "addr", "add", "198.51.100.5/24", "dev", "e0")
        sysctl(w.left, "net/ipv4/conf/e0/promote_secondaries", "0")  # the operator insists
        assert await absent(kernel, w.here, [LAN]) is None
        assert addresses(w.left) == ["10.9.0.1/24", "198.51.100.5/24"]


async def test_the_addresses_are_removed_from_an_interface_that_was_renamed() -> None:
    with wire() as w, kernel_addresses() as kernel:
        assert await present(kernel, w.here, [V4, V6], 0) is None
        ip("-n", w.left, "link", "set", "e0", "down")
        ip("-n", w.left, "link", "set", "e0", "name", "lan0")
        ip("-n", w.left, "link", "set", "lan0", "up")
        assert str(V4) in addresses(w.left, "lan0")
        assert await absent(kernel, w.here, [V4, V6]) is None
        assert addresses(w.left, "lan0") == ["10.9.0.1/24"]


async def test_the_addresses_are_removed_although_another_interface_has_the_name_now() -> None:
    with wire() as w, kernel_addresses() as kernel:
        assert await present(kernel, w.here, [V4], 0) is None
        ip("-n", w.left, "link", "set", "e0", "down")
        ip("-n", w.left, "link", "set", "e0", "name", "lan0")
        ip("-n", w.left, "link", "add", "e0", "type", "veth", "peer", "e1")
        assert await absent(kernel, w.here, [V4]) is None
        assert addresses(w.left, "lan0") == ["10.9.0.1/24"]


async def test_the_addresses_are_removed_from_a_namespace_that_has_lost_its_name() -> None:
    with wire() as w, kernel_addresses() as kernel:
        assert await present(kernel, w.here, [V4], 0) is None
        inside = subprocess.Popen(("ip", "netns", "exec", w.left, "sleep", "60"))
        try:
            await _entered(inside.pid, w.left)
            ip("netns", "del", w.left)
            assert await absent(kernel, w.here, [V4]) is None
            shown = subprocess.run(
                ("nsenter", f"--net=/proc/{inside.pid}/ns/net", "ip", "-o", "addr", "show", "e0"),
                check=True,
                capture_output=True,
                text=True,
            ).stdout
            assert "10.9.0.1/24" in shown
            assert "10.9.0.100" not in shown
        finally:
            inside.kill()
            inside.wait()


async def test_a_namespace_is_not_kept_open_without_addresses() -> None:
    with wire() as w, kernel_addresses() as kernel:
        assert await present(kernel, w.here, [V4], 0) is None
        ip("netns", "del", w.left)
        assert await absent(kernel, w.here, [V4]) is None
        assert not any("net:" in name for name in _open_files())
        assert await absent(kernel, w.here, [V4]) is None


@pytest.mark.parametrize("how", ["mtu", "disable"])
async def test_without_ipv6_the_addresses_are_gone_and_none_can_be_added(how: str) -> None:
    with wire() as w, kernel_addresses() as kernel:
        assert await present(kernel, w.here, [V6], 60) is None
        if how == "mtu":
            ip("-n", w.left, "link", "set", "e0", "mtu", "1200")
        else:
            sysctl(w.left, "net/ipv6/conf/e0/disable_ipv6", "1")
        assert await absent(kernel, w.here, [V6]) is None
        error = await present(kernel, w.here, [V6], 60)
        assert error is not None
        assert error.code == {"mtu": errno.EINVAL, "disable": errno.EACCES}[how]
        assert await present(kernel, w.here, [V4], 60) is None


async def test_an_ipv6_address_is_never_the_source_that_the_kernel_chooses() -> None:
    with wire() as w, kernel_addresses() as kernel:
        ip("-n", w.left, "addr", "add", "2001:db8::1/64", "dev", "e0", "nodad")
        assert await present(kernel, w.here, [V6, IPv6Interface("2001:db8::2/64")], 60) is None
        route = ip("-n", w.left, "route", "get", "2001:db8::77")
        assert "src 2001:db8::1 " in route


async def test_an_unknown_place_has_nothing_to_remove() -> None:
    with wire() as w, kernel_addresses() as kernel:
        assert await absent(kernel, Place(w.left, "none"), [V4]) is None


def _open_files() -> list[str]:
    found = []
    for link in Path("/proc/self/fd").iterdir():
        with suppress(FileNotFoundError):
            found.append(str(link.readlink()))
    return found


async def _entered(pid: int, netns: str) -> None:
    there = Path(f"/run/netns/{netns}").stat().st_ino
    await until(lambda: Path(f"/proc/{pid}/ns/net").stat().st_ino == there)
