"""Announcements that are asked for faster than they leave, and hardware addresses that change."""

from ipaddress import IPv4Address, ip_address, ip_interface

from pyvrrp.config.model.configuration import AnnouncePolicy, VirtualRouterConfig
from pyvrrp.identity import Address, Family, VirtualRouterId
from pyvrrp.packet.neighbours.gratuitous_arp import arp_claim
from pyvrrp.runtime.addresses.announcement_queue import AnnouncementQueue
from pyvrrp.runtime.addresses.announcer import Announcer
from pyvrrp.runtime.base.counters import VIRTUAL_ROUTER_COUNTERS, Counters
from pyvrrp.runtime.base.journal import Journal
from pyvrrp.units import MILLISECOND, Nanoseconds
from tests.support.clock import FakeClock
from tests.support.world import ETH0

OLD, NEW = bytes.fromhex("020000000001"), bytes.fromhex("020000000002")


def frame(address: Address, mac: bytes) -> bytes:
    return address.packed + mac


class Wire:
    """Remembers what left, and when."""

    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock
        self.now_at = OLD
        self.sent: list[tuple[float, Address, bytes]] = []

    def announce(self, frame: bytes) -> None:
        claim = arp_claim(frame)
        if claim is not None:
            self.sent.append((round(self.clock.now() / 1e9, 3), *claim))

    def mac(self) -> bytes:
        return self.now_at


def an_announcer(
    addresses: int = 1, **policy: object
) -> tuple[Announcer, Wire, FakeClock, Journal]:
    clock = FakeClock()
    wire, journal = Wire(clock), Journal(clock)
    made = VirtualRouterConfig(
        name="web",
        id=VirtualRouterId(ETH0, Family.IPV4, 51),
        addresses=tuple(ip_interface(f"192.0.2.{100 + n}/24") for n in range(addresses)),
        announce=AnnouncePolicy(**policy),  # type: ignore[arg-type]
    )
    counters = Counters(VIRTUAL_ROUTER_COUNTERS)
    announcer = Announcer(made, clock, wire, journal, counters, may_announce=lambda: True)
    return announcer, wire, clock, journal


def test_an_address_is_queued_once_however_often_it_is_announced() -> None:
    queue = AnnouncementQueue()
    both = [ip_address("192.0.2.1"), ip_address("192.0.2.2")]
    for _ in range(1000):
        queue.add(frame, both, 3)
    assert len(queue) == 2
    taken = []
    while queue:
        taken.append(queue.take()[1])
    assert taken == [*both, *both, *both]


def test_an_address_that_is_announced_anew_keeps_its_turn() -> None:
    queue = AnnouncementQueue()
    one, two = ip_address("192.0.2.1"), ip_address("192.0.2.2")
    queue.add(frame, [one, two], 2)
    assert queue.take() == (frame, one)
    queue.add(frame, [one, two], 2)
    assert [queue.take()[1] for _ in range(4)] == [two, one, two, one]
    assert not queue


def test_a_rival_that_is_heard_all_the_time_lets_every_address_have_its_turn() -> None:
    announcer, wire, clock, journal = an_announcer(
        addresses=41, count=100, gap=Nanoseconds(100 * MILLISECOND), delay=0, refresh=0
    )
    announcer.start()
    for _ in range(600):
        announcer.announce_again()
        clock.run(0.1)
        assert len(announcer._queue) <= 2 * 41
    addresses = {address for _, address, _ in wire.sent}
    assert len(addresses) == 41
    assert len([event for event in journal.events() if event.name == "announced"]) == 2


def test_another_hardware_address_is_announced_at_once_and_again_after_the_delay() -> None:
    announcer, wire, clock, journal = an_announcer(count=2, refresh=0)
    announcer.start()
    clock.run(20)
    wire.sent.clear()
    wire.now_at = NEW
    announcer.interface_changed()
    announcer.interface_changed()
    clock.run(20)
    address = IPv4Address("192.0.2.100")
    assert wire.sent == [(20.0, address, NEW)] * 2 + [(25.0, address, NEW)] * 2
    (told,) = [event for event in journal.events() if event.name == "mac_changed"]
    assert told.text == (
        "the hardware address of eth0 has changed from 02:00:00:00:00:01 to 02:00:00:00:00:02"
    )


def test_hardware_addresses_that_change_all_the_time_are_announced_ten_times_a_second() -> None:
    announcer, wire, clock, _ = an_announcer(count=1, refresh=0, delay=0)
    announcer.start()
    clock.run(1)
    wire.sent.clear()
    for number in range(100):
        wire.now_at = bytes([2, 0, 0, 0, 1, number])
        announcer.interface_changed()
        clock.run(0.01)
    assert 9 <= len(wire.sent) <= 11
    clock.run(0.2)
    assert wire.sent[-1][2] == wire.now_at


def test_what_waits_in_the_queue_leaves_with_the_new_hardware_address() -> None:
    announcer, wire, clock, _ = an_announcer(
        addresses=3, count=5, gap=Nanoseconds(10 * MILLISECOND), delay=0, refresh=0
    )
    announcer.start()
    clock.run(0.035)
    wire.now_at = NEW
    announcer.interface_changed()
    clock.run(1)
    assert [mac for at, _, mac in wire.sent if at > 0.036] == [NEW] * 15
    times = [at for at, _, _ in wire.sent]
    assert times == [round(0.01 * number, 3) for number in range(19)]


def test_a_router_that_holds_nothing_announces_no_hardware_address() -> None:
    announcer, wire, clock, _ = an_announcer()
    wire.now_at = NEW
    announcer.interface_changed()
    clock.run(1)
    assert wire.sent == []
