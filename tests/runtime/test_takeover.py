"""The watched server fails: when its address is taken, when not, and when it is let go."""

from collections.abc import Callable
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Interface, IPv6Interface, ip_interface
from itertools import pairwise

import pytest

from pyvrrp.config.model.configuration import CheckConfig, HttpProbeConfig, VirtualRouterConfig
from pyvrrp.config.model.takeover import TakeoverConfig
from pyvrrp.errors import KernelError
from pyvrrp.identity import Family, Place, VirtualRouterId
from pyvrrp.packet.neighbours.gratuitous_arp import arp_claim, arp_probe
from pyvrrp.packet.neighbours.neighbor_advertisement import neighbor_solicitation_probe
from pyvrrp.ports import Claim, ProbeResult
from pyvrrp.runtime.base.journal import Journal, JournalEvent
from pyvrrp.runtime.takeover.takeover import Takeover, TakeoverPhase
from pyvrrp.units import SECOND
from tests.support.clock import FakeClock
from tests.support.world import ETH0, FakeAnnouncementSocket, FakeHost, Lan

VIP = "192.0.2.10/24"
SERVER_MAC = bytes.fromhex("02aa00000001")
FAILED = ProbeResult(False, "HTTP 500")
PASSED = ProbeResult(True, "HTTP 200")


class AnsweringSocket(FakeAnnouncementSocket):
    """Behind it is a link on which somebody may have the address."""

    def __init__(self, host: "Standby", claimed: Callable[[Claim], None]) -> None:
        super().__init__(host)
        self._standby = host
        self._claimed = claimed

    def send(self, frame: bytes) -> None:
        if self._standby.refuses_frames:
            raise KernelError("cannot announce on eth0: network is down")
        super().send(frame)
        address = ip_interface(self._standby.address).ip
        probes = (
            arp_probe(address, self._standby.state.mac)
            if isinstance(address, IPv4Address)
            else neighbor_solicitation_probe(address, self._standby.state.mac)
        )
        holder = self._standby.holder
        if frame == probes and holder is not None and address in self.watched:
            self._standby.clock.soon(lambda: self._claimed(Claim(address, holder)))


class Standby(FakeHost):
    """The host that watches."""

    def __init__(self, address: str) -> None:
        super().__init__("standby", Lan(FakeClock()), "192.0.2.2/24")
        self.address = address
        self.holder: bytes | None = None
        self.refuses_frames = False

    def open_announcements(self, place: Place, claimed: Callable[[Claim], None]) -> AnsweringSocket:
        assert place == ETH0
        self.claimed = claimed
        self.announcements = AnsweringSocket(self, claimed)
        return self.announcements


@dataclass
class Scene:
    address: str = VIP
    force: bool = False
    release_when_back: bool = False
    refusals: list[str] = field(default_factory=list)
    stopped_at: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.host = Standby(self.address)
        self.journal = Journal(self.host.clock)
        written = ip_interface(self.address)
        family = Family(len(written.packed))
        router = VirtualRouterConfig(
            "takeover", VirtualRouterId(ETH0, family, 0), (written,), lease=2
        )
        check = CheckConfig("http", HttpProbeConfig("http://192.0.2.1/"))
        config = TakeoverConfig(router, check, self.force, self.release_when_back)
        self.takeover = Takeover(config, self.host.ports(), self.journal, self.refusals.append)

    def start(self) -> "Scene":
        self.takeover.start()
        return self

    def service(self, result: ProbeResult | None) -> None:
        self.host.service = lambda: result

    def run(self, seconds: float) -> None:
        self.host.clock.run(seconds)

    def stop(self) -> None:
        clock = self.host.clock
        self.takeover.stop(lambda: self.stopped_at.append(clock.now() / SECOND))

    def holds(self) -> bool:
        return self.host.holds(self.address)

    def events(self, name: str) -> list[JournalEvent]:
        return [event for event in self.journal.events() if event.name == name]

    def texts(self, name: str) -> list[str]:
        return [event.text for event in self.events(name)]

    def took_at(self) -> float:
        return round(self.events("taken_over")[0].at / SECOND, 3)

    def announced(self) -> list[float]:
        """When it said that the address is here."""
        return [
            round(at / SECOND, 1)
            for at, frame in self.host.announced
            if (claim := arp_claim(frame)) and claim[0] == IPv4Address("192.0.2.10")
        ]

    def asked(self) -> list[float]:
        mac = self.host.state.mac
        question = arp_probe(IPv4Address("192.0.2.10"), mac)
        return [round(at / SECOND, 3) for at, frame in self.host.announced if frame == question]


def failing(**options: bool) -> Scene:
    """A server that has passed for 5.5 s and fails from then on."""
    scene = Scene(**options).start()  # type: ignore[arg-type] # only the flags are given
    scene.run(5.5)
    scene.service(FAILED)
    return scene


def test_while_the_server_answers_nothing_is_asked_and_nothing_taken() -> None:
    scene = Scene().start()
    scene.run(100)
    assert not scene.holds()
    assert scene.host.announced == []
    assert scene.host.requests == []


def test_fall_failures_and_three_unanswered_probes_and_the_address_is_taken() -> None:
    scene = failing()
    scene.run(1.9)
    assert scene.asked() == [7.003, 7.153, 7.303]
    assert not scene.holds()
    scene.run(0.2)
    assert scene.took_at() == 7.453
    assert scene.holds()
    assert scene.texts("taken_over") == [
        "takes 192.0.2.10/24: http fails: HTTP 500; nobody answers for 192.0.2.10; http rests"
    ]


def test_one_failure_is_not_enough() -> None:
    scene = failing()
    scene.run(1)
    scene.service(PASSED)
    scene.run(1)
    scene.service(FAILED)
    scene.run(1)
    scene.service(PASSED)
    scene.run(20)
    assert scene.asked() == []
    assert not scene.holds()


def test_a_server_that_never_answered_is_taken_for_dead_after_fall_failures_too() -> None:
    scene = Scene()
    scene.service(FAILED)
    scene.start().run(1.4)
    assert not scene.holds()
    scene.run(0.1)
    assert scene.holds()


def test_who_answers_for_the_address_is_named_and_keeps_it() -> None:
    scene = failing()
    scene.host.holder = SERVER_MAC
    scene.run(10)
    assert not scene.holds()
    assert scene.host.requests == []
    assert scene.texts("address_in_use") == [
        (
            "does not take 192.0.2.10/24: it is at 02:aa:00:00:00:01; looks again at each "
            "further failure"
        )
    ]
    assert len(scene.asked()) == 9, "once for each failure from the second on"


def test_when_the_holder_has_gone_the_next_failure_takes_the_address() -> None:
    scene = failing()
    scene.host.holder = SERVER_MAC
    scene.run(4)
    scene.host.holder = None
    scene.run(1.5)
    assert scene.holds()


def test_force_takes_it_although_somebody_answers_and_says_so_loudly() -> None:
    scene = failing(force=True)
    scene.host.holder = SERVER_MAC
    scene.run(2)
    assert scene.holds()
    [event] = scene.events("taken_over")
    assert event.level == "error"
    assert "although 192.0.2.10 is at 02:aa:00:00:00:01" in event.text
    scene.run(60)
    assert scene.holds()
    assert scene.events("address_conflict")


def test_a_pass_while_the_neighbours_are_asked_calls_it_off() -> None:
    scene = failing()
    scene.host.probe_delay = 0.7
    scene.run(1.55)
    scene.service(PASSED)
    scene.host.probe_delay = 0.003
    scene.run(1.0)
    assert scene.asked() == [7.7, 7.85, 8.0]
    scene.run(30)
    assert not scene.holds()


def test_the_address_is_a_lease_and_is_kept_while_this_lives() -> None:
    scene = failing()
    scene.run(60)
    assert scene.holds()
    assert {(what, lifetime) for _, what, _, lifetime in scene.host.requests} == {
        ("present", 2),
        ("renew", 2),
    }


def test_it_is_announced_five_times_five_more_after_five_seconds_and_every_minute() -> None:
    scene = failing()
    scene.run(130)
    assert scene.announced() == [7.5] * 5 + [12.5] * 5 + [67.5, 127.5]


def test_after_the_takeover_the_server_is_probed_no_more() -> None:
    scene = failing()
    scene.run(3)
    before = len(scene.host.probes_started)
    scene.service(PASSED)
    scene.run(30)
    assert len(scene.host.probes_started) == before
    assert scene.holds()


def test_release_when_back_lets_go_after_rise_passes_and_watches_on() -> None:
    scene = failing(release_when_back=True)
    scene.run(10)
    scene.service(PASSED)
    scene.run(1)
    assert scene.holds()
    scene.run(1)
    assert not scene.holds()
    assert scene.texts("let_go") == ["lets 192.0.2.10/24 go: http passes: HTTP 200"]
    assert scene.texts("addresses_absent") == ["addresses are off the interface"]
    scene.service(FAILED)
    scene.run(3)
    assert scene.holds()


def test_without_carrier_nothing_is_taken_and_what_failed_meanwhile_does_not_count() -> None:
    scene = failing()
    scene.host.link(up=False)
    scene.run(20)
    assert scene.asked() == []
    assert scene.texts("takeover_waits") == ["cannot take 192.0.2.10/24: the link of eth0 is down"]
    scene.host.link(up=True)
    scene.run(0.6)
    assert scene.asked() == []
    scene.run(2)
    assert scene.holds()


def test_a_holder_that_loses_its_carrier_lets_go_and_begins_anew() -> None:
    scene = failing()
    scene.run(10)
    scene.host.link(up=False)
    scene.run(1)
    assert not scene.holds()
    assert scene.texts("let_go") == ["lets 192.0.2.10/24 go: the link of eth0 is down"]
    scene.host.holder = SERVER_MAC
    scene.host.link(up=True)
    scene.run(10)
    assert not scene.holds()


def test_an_interface_that_is_missing_is_waited_for() -> None:
    scene = Scene()
    scene.service(FAILED)
    scene.host.state = type(scene.host.state)()
    scene.start().run(10)
    assert scene.texts("takeover_waits") == [
        "cannot take 192.0.2.10/24: there is no interface eth0"
    ]
    scene.host.link(exists=True, up=True, index=7, mac=bytes.fromhex("020000000001"))
    scene.run(5)
    assert scene.holds()


def test_an_address_that_is_here_at_the_start_is_refused_and_left_alone() -> None:
    scene = Scene()
    scene.host.state = scene.host.visible()
    scene.host.link(addresses=(IPv4Interface("192.0.2.10/32"),))
    scene.start().run(10)
    assert scene.refusals == [
        "192.0.2.10/32 is on eth0 already: pyvrrp did not put it there, and leaves it alone"
    ]
    scene.stop()
    assert len(scene.stopped_at) == 1
    assert scene.host.requests == []
    assert scene.host.probes_started == []


def test_what_an_earlier_life_left_behind_is_said_to_be_so() -> None:
    scene = Scene()
    scene.host.held[IPv4Interface(VIP)] = None
    scene.start().run(1)
    assert scene.refusals == [
        (
            "192.0.2.10/24 is on eth0 already: pyvrrp put it there: another one runs, or one was "
            "killed and its lease runs out"
        )
    ]


def test_an_address_that_an_operator_adds_meanwhile_is_never_touched() -> None:
    scene = failing()
    scene.host.link(addresses=(IPv4Interface("192.0.2.2/24"), IPv4Interface(VIP)))
    scene.run(20)
    scene.stop()
    assert scene.host.requests == []
    assert len(scene.texts("takeover_waits")) == 1


def test_stopping_lets_go_first_and_then_is_done() -> None:
    scene = failing()
    scene.host.kernel_delay = 0.1
    scene.run(10)
    assert scene.holds()
    scene.stop()
    assert scene.stopped_at == []
    scene.run(0.2)
    assert not scene.holds()
    assert scene.stopped_at == [15.6]
    assert scene.takeover.phase is TakeoverPhase.STOPPED


def test_stopping_while_the_address_is_being_taken_leaves_nothing() -> None:
    scene = failing()
    scene.host.kernel_delay = 0.5
    scene.run(2.1)
    scene.stop()
    scene.run(2)
    assert not scene.holds()
    assert len(scene.stopped_at) == 1


def test_stopping_ends_with_the_lease_if_the_kernel_refuses() -> None:
    scene = failing()
    scene.run(10)
    scene.host.kernel_error = "cannot remove: busy"
    scene.stop()
    scene.run(6)
    assert scene.stopped_at == [19.0]  # the lease of 2 s, and 1.5 s for the kernel to notice
    assert not scene.holds()
    assert scene.events("stop_incomplete") == []


def test_stopping_without_the_address_asks_the_kernel_for_nothing() -> None:
    scene = Scene().start()
    scene.run(5)
    scene.stop()
    assert scene.stopped_at == [5.0]
    assert scene.host.requests == []


def test_a_process_that_was_stopped_beyond_its_lease_looks_again_before_it_takes_again() -> None:
    scene = failing()
    scene.run(10)
    scene.host.clock.stall(10)
    scene.host.holder = SERVER_MAC
    scene.run(10)
    assert not scene.holds()
    [reason] = scene.texts("let_go")
    assert reason.startswith("lets 192.0.2.10/24 go: stalled for 10.")
    assert len(scene.events("taken_over")) == 1


def test_another_host_that_claims_the_address_later_gets_it() -> None:
    scene = failing()
    scene.run(20)
    scene.host.claimed(Claim(IPv4Address("192.0.2.10"), SERVER_MAC))
    scene.run(0.1)
    assert not scene.holds()
    assert scene.texts("let_go") == ["lets 192.0.2.10/24 go: 192.0.2.10 is at 02:aa:00:00:00:01"]


def test_a_rival_heard_only_while_the_address_is_here_is_given_way_for_longer_each_time() -> None:
    scene = failing()
    for _ in range(60):
        scene.run(2)
        if scene.holds():
            scene.run(4)
            scene.host.claimed(Claim(IPv4Address("192.0.2.10"), SERVER_MAC))
    taken = [event.at / SECOND for event in scene.events("taken_over")]
    away = [later - earlier for earlier, later in pairwise(taken)]
    assert len(away) == 4
    assert all(later > earlier for earlier, later in pairwise(away))
    assert scene.texts("takeover_waits")[0] == (
        "cannot take 192.0.2.10/24: another host claimed it while it was here, so for 5 s it "
        "stays away"
    )


@pytest.mark.parametrize(("rival", "stays"), [("010000000001", False), ("fe0000000001", True)])
def test_of_two_that_took_it_at_once_the_lower_mac_stays(rival: str, stays: bool) -> None:
    scene = failing()
    scene.run(2)
    scene.host.claimed(Claim(IPv4Address("192.0.2.10"), bytes.fromhex(rival)))
    scene.run(0.1)
    assert scene.holds() is stays


def test_the_lower_mac_lets_go_after_all_if_the_other_stays_too() -> None:
    scene = failing()
    scene.run(2)
    scene.host.holder = bytes.fromhex("fe0000000001")
    scene.run(2)
    assert scene.holds()
    scene.run(2)
    assert not scene.holds()


def test_an_address_that_somebody_deletes_is_put_back() -> None:
    scene = failing()
    scene.run(5)
    scene.host.delete(VIP)
    scene.run(0.5)
    assert scene.holds()
    assert len(scene.events("address_restored")) == 1


def test_a_kernel_that_refuses_the_address_is_asked_again_at_the_next_failures() -> None:
    scene = failing()
    scene.host.kernel_error = "cannot add 192.0.2.10/24 to eth0: no buffer space"
    scene.run(3)
    assert not scene.holds()
    assert scene.events("kernel_refused")
    scene.host.kernel_error = ""
    scene.run(5)
    assert scene.holds()


def test_probes_that_cannot_be_sent_are_no_proof_that_nobody_is_there() -> None:
    scene = failing()
    scene.host.refuses_frames = True
    scene.run(20)
    assert not scene.holds()
    assert scene.texts("takeover_waits") == [
        "cannot take 192.0.2.10/24: cannot announce on eth0: network is down"
    ]


def test_an_interface_without_neighbours_is_no_place_to_take_an_address() -> None:
    scene = failing()
    scene.host.link(arp=False)
    scene.run(20)
    assert not scene.holds()


def test_ipv6_is_asked_for_by_neighbor_solicitation() -> None:
    scene = Scene(address="2001:db8::10/64")
    scene.service(FAILED)
    scene.host.holder = SERVER_MAC
    scene.start().run(5)
    assert not scene.holds()
    scene.host.holder = None
    scene.run(2)
    assert IPv6Interface("2001:db8::10/64") in scene.host.held
