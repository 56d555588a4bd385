import asyncio
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import ip_interface

import pytest

from pyvrrp.identity import Place
from pyvrrp.net.netlink.addresses import KernelAddresses
from pyvrrp.net.netlink.links import LinkWatcher
from pyvrrp.net.netlink.namespaces import NamespaceSockets
from pyvrrp.net.system.kernel_thread import KernelThread
from pyvrrp.ports import InterfaceState
from tests.kernel.wire import a_while, connect, ip, mac, sysctl, until, wire

pytestmark = [pytest.mark.kernel]


class Seen:
    """What was reported of one place."""

    def __init__(self) -> None:
        self.states: list[InterfaceState] = []

    @property
    def last(self) -> InterfaceState:
        return self.states[-1]

    @property
    def addresses(self) -> list[str]:
        """Link-local IPv6 left out."""
        return [str(a) for a in self.last.addresses if not a.is_link_local]


@contextmanager
def watching(*places: Place) -> Iterator[tuple[LinkWatcher, KernelThread, list[Seen]]]:
    loop = asyncio.get_running_loop()
    thread = KernelThread(loop)
    sockets = NamespaceSockets()
    watcher = LinkWatcher(loop, thread, sockets)
    seen = [Seen() for _ in places]
    try:
        for place, one in zip(places, seen, strict=True):
            watcher.watch(place, one.states.append)
        yield watcher, thread, seen
    finally:
        watcher.close()
        thread.submit(sockets.close, lambda _: None)
        assert thread.close()


async def ready(seen: Seen) -> None:
    await until(lambda: bool(seen.states) and seen.last.up)
    await a_while()


@pytest.mark.asyncio
async def test_the_first_report_has_everything() -> None:
    with wire() as w, watching(w.here) as (_, _, (seen,)):
        ip("-n", w.left, "link", "set", "e0", "mtu", "1400")
        ip("-n", w.left, "addr", "add", "10.9.0.50/32", "dev", "e0", "label", "e0:x")
        assert seen.states == []
        await until(lambda: bool(seen.states) and seen.last.mtu == 1400 and seen.last.up)
        await until(lambda: seen.addresses == ["10.9.0.1/24", "10.9.0.50/32"])
        state = seen.last
        assert state.exists
        assert state.mac == mac(w.here)
        assert state.arp
        assert state.index > 0


@pytest.mark.asyncio
async def test_a_deleted_address_is_reported() -> None:
    with wire() as w, watching(w.here) as (_, _, (seen,)):
        ip("-n", w.left, "addr", "add", "10.9.0.100/24", "dev", "e0")
        await ready(seen)
        assert seen.addresses == ["10.9.0.1/24", "10.9.0.100/24"]
        ip("-n", w.left, "addr", "del", "10.9.0.100/24", "dev", "e0")
        await until(lambda: seen.addresses == ["10.9.0.1/24"])


@pytest.mark.asyncio
async def test_renewals_are_not_heard_but_the_first_and_the_last_of_our_address_are() -> None:
    ours = [ip_interface("10.9.0.100/24"), ip_interface("2001:db8::100/128")]
    with wire() as w, watching(w.here) as (watcher, thread, (seen,)):
        await ready(seen)
        kernel = KernelAddresses(thread, watcher._sockets)
        kernel.ensure_present(w.here, ours, 60, lambda _: None)
        await until(lambda: len(seen.addresses) == 3)
        await a_while()
        noted: list[object] = []
        events = watcher._events[w.left]
        events._touched = noted.append
        for _ in range(3):
            await asyncio.sleep(0.03)
            kernel.ensure_present(w.here, ours, 60, lambda _: None)
        await a_while()
        assert noted == []
        kernel.ensure_absent(w.here, ours, lambda _: None)
        await until(lambda: len(noted) == 2)


@pytest.mark.asyncio
async def test_down_no_carrier_and_noarp_are_reported() -> None:
    with wire() as w, watching(w.here) as (_, _, (seen,)):
        await ready(seen)
        ip("-n", w.right, "link", "set", "e0", "down")
        await until(lambda: not seen.last.up)
        assert seen.last.exists
        ip("-n", w.right, "link", "set", "e0", "up")
        await until(lambda: seen.last.up)
        ip("-n", w.left, "link", "set", "e0", "arp", "off")
        await until(lambda: not seen.last.arp)
        ip("-n", w.left, "link", "set", "e0", "down")
        await until(lambda: not seen.last.up)


@pytest.mark.asyncio
async def test_an_interface_that_appears_is_renamed_deleted_and_made_again_is_reported() -> None:
    with wire() as w:
        late = Place(w.left, "late0")
        with watching(w.here, late) as (_, _, (seen, other)):
            await ready(seen)
            assert other.states == [InterfaceState()]
            ip("-n", w.left, "link", "set", "e0", "down")
            ip("-n", w.left, "link", "set", "e0", "name", "late0")
            await until(lambda: not seen.last.exists and other.last.exists)
            ip("-n", w.left, "link", "del", "late0")
            await until(lambda: not other.last.exists)
            connect(w)
            await until(lambda: seen.last.up and seen.addresses == ["10.9.0.1/24"])


@pytest.mark.asyncio
async def test_a_tentative_address_is_not_usable_until_it_is_proven() -> None:
    with wire() as w:
        sysctl(w.left, "net/ipv6/conf/e0/accept_dad", "1")
        with watching(w.here) as (_, _, (seen,)):
            await ready(seen)
            ip("-n", w.left, "addr", "add", "2001:db8::5/64", "dev", "e0")
            await a_while()
            assert seen.addresses == ["10.9.0.1/24"]
            await until(lambda: "2001:db8::5/64" in seen.addresses, patience=10)


@pytest.mark.asyncio
async def test_events_lost_in_a_storm_are_made_good() -> None:
    storm = "".join(
        f"addr {verb} 10.20.{high}.{low}/32 dev e0\n"
        for verb in ("add", "del")
        for high in range(20)
        for low in range(1, 251)
    )
    with wire() as w, watching(w.here) as (watcher, _, (seen,)):
        await ready(seen)
        subprocess.run(("ip", "-n", w.left, "-batch", "-"), input=storm, text=True, check=True)
        ip("-n", w.left, "addr", "add", "10.9.0.100/24", "dev", "e0")
        await until(lambda: watcher.losses == 1 and len(seen.addresses) == 2)
        assert seen.addresses == ["10.9.0.1/24", "10.9.0.100/24"]
        ip("-n", w.left, "addr", "del", "10.9.0.100/24", "dev", "e0")
        await until(lambda: seen.addresses == ["10.9.0.1/24"])


@pytest.mark.asyncio
async def test_an_interface_in_a_missing_namespace_does_not_exist_and_nothing_is_made() -> None:
    with watching(Place("nowhere", "e0")) as (_, _, (seen,)):
        await until(lambda: bool(seen.states))
        assert not seen.last.exists
    assert "nowhere" not in ip("netns", "list")


@pytest.mark.asyncio
async def test_after_cancel_nothing_is_reported_and_a_second_watcher_is_told_at_once() -> None:
    with wire() as w, watching(w.here) as (watcher, _, (seen,)):
        await ready(seen)
        second = Seen()
        handle = watcher.watch(w.here, second.states.append)
        await until(lambda: second.states == [seen.last])
        handle.cancel()
        handle.cancel()
        ip("-n", w.left, "link", "set", "e0", "mtu", "1300")
        await until(lambda: seen.last.mtu == 1300)
        assert second.last.mtu == 1500


@pytest.mark.asyncio
async def test_an_alternative_name_that_comes_later_and_goes_again_is_noticed() -> None:
    with wire() as w:
        uplink = Place(w.left, "uplink")
        with watching(w.here, uplink) as (_, _, (seen, other)):
            await ready(seen)
            assert other.states == [InterfaceState()]
            ip("-n", w.left, "link", "property", "add", "dev", "e0", "altname", "uplink")
            await until(lambda: other.last.exists)
            assert other.last == seen.last
            ip("-n", w.left, "link", "property", "del", "dev", "e0", "altname", "uplink")
            await until(lambda: not other.last.exists)
            assert seen.last.exists


@pytest.mark.asyncio
async def test_an_interface_made_again_with_the_same_index_and_address_is_another_device() -> None:
    words = ("v0", "index", "77", "address", "02:00:00:00:00:07", "type", "veth", "peer", "v1")
    with wire() as w:
        place = Place(w.left, "v0")
        ip("-n", w.left, "link", "add", *words)
        with watching(place) as (_, _, (seen,)):
            await until(lambda: bool(seen.states) and seen.last.exists)
            before = seen.last
            batch = f"link del v0\nlink add {' '.join(words)}\n"
            subprocess.run(("ip", "-n", w.left, "-batch", "-"), input=batch, text=True, check=True)
            await until(lambda: seen.last.exists and seen.last.device != before.device)
            assert (seen.last.index, seen.last.mac) == (77, before.mac)


@pytest.mark.asyncio
async def test_a_port_that_leaves_its_bridge_is_still_the_same_device() -> None:
    with wire() as w, watching(w.here) as (_, _, (seen,)):
        await ready(seen)
        before = seen.last.device
        ip("-n", w.left, "link", "add", "br0", "type", "bridge")
        ip("-n", w.left, "link", "set", "e0", "master", "br0")
        ip("-n", w.left, "link", "set", "e0", "nomaster")
        ip("-n", w.left, "link", "set", "e0", "mtu", "1400")
        await until(lambda: seen.last.mtu == 1400)
        assert seen.last.device == before


@pytest.mark.asyncio
async def test_after_lost_events_a_state_is_told_although_it_looks_the_same() -> None:
    with wire() as w, watching(w.here) as (watcher, _, (seen,)):
        await ready(seen)
        told = len(seen.states)
        watcher._events[w.left]._fail()
        await until(lambda: len(seen.states) == told + 1)
        assert seen.states[-1] == seen.states[-2]


@pytest.mark.asyncio
async def test_a_deleted_namespace_is_noticed_and_another_one_under_its_name_too() -> None:
    with wire() as w, watching(w.here) as (_, _, (seen,)):
        await ready(seen)
        before = seen.last
        for netns in (w.left, w.right):
            ip("netns", "del", netns)
        await until(lambda: not seen.last.exists)
        for netns in (w.left, w.right):
            ip("netns", "add", netns)
        connect(w)
        await until(lambda: seen.last.up)
        assert seen.last.namespace != before.namespace


@pytest.mark.asyncio
async def test_a_namespace_that_is_replaced_at_once_is_another_device() -> None:
    with wire() as w, watching(w.here) as (_, _, (seen,)):
        await ready(seen)
        before = seen.last
        for netns in (w.left, w.right):
            ip("netns", "del", netns)
            ip("netns", "add", netns)
        connect(w)
        await until(lambda: seen.last.up and seen.last.namespace != before.namespace)


@pytest.mark.asyncio
async def test_an_interface_that_flaps_is_read_a_bounded_number_of_times() -> None:
    with wire() as w, watching(w.here) as (_, thread, (seen,)):
        await ready(seen)
        reads = 0
        submit = thread.submit

        def counted(job: object, done: object) -> None:
            nonlocal reads
            reads += 1
            submit(job, done)  # type: ignore[arg-type]

        thread.submit = counted  # type: ignore[method-assign]
        flaps = "link set e0 mtu 1400\nlink set e0 mtu 1500\n" * 500 + "link set e0 mtu 1450\n"
        subprocess.run(("ip", "-n", w.left, "-batch", "-"), input=flaps, text=True, check=True)
        await until(lambda: seen.last.mtu == 1450)
        assert reads < 500
