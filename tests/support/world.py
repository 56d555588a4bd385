"""Fakes of every port, on one in-memory segment, with time moved by hand."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from ipaddress import IPv4Address, IPv4Interface, ip_interface

from pyvrrp.config.model.addresses import Shapes
from pyvrrp.config.model.configuration import EtcdServers, HttpProbeConfig, ProbeConfig
from pyvrrp.errors import KernelError
from pyvrrp.identity import Address, Family, InterfaceAddress, Place
from pyvrrp.ports import (
    AddressLease,
    Claim,
    Done,
    EtcdAnswer,
    EtcdRequest,
    InterfaceState,
    Ports,
    ProbeResult,
    Unanswered,
)
from pyvrrp.runtime.addresses.announcer import probe
from pyvrrp.simulator.world.etcd.store import EtcdStore
from pyvrrp.simulator.world.network.sockets import claim_of
from pyvrrp.units import SECOND, Nanoseconds
from tests.support.clock import FakeClock, FakeHandle
from tests.support.machine import FakeMachine

ETH0 = Place("", "eth0")


@dataclass
class Lan:
    """What one node sends, all others of the same segment hear at once."""

    clock: FakeClock
    hosts: list["FakeHost"] = field(default_factory=list)
    cards: list["FakeCard"] = field(default_factory=list)
    sent: list[tuple[Nanoseconds, str, bytes]] = field(default_factory=list)
    etcd: EtcdStore = field(default_factory=EtcdStore)

    def carry(
        self, sender: "FakeHost | FakeCard", family: Family, packet: bytes, to: Address
    ) -> None:
        self.sent.append((self.clock.now(), sender.name, packet))
        ends: list[FakeHost | FakeCard] = [*self.hosts, *self.cards]
        for host in ends:
            addressed = to.is_multicast or any(to == own.ip for own in host.visible().addresses)
            if addressed and host is not sender and host.connected and sender.connected:
                host.hear(family, packet)

    def frame(self, asker: "FakeHost", frame: bytes) -> None:
        """Tell all of an announcement; have whoever holds what is asked for answer in 0.2 ms."""
        claimed = claim_of(frame)
        for host in self.hosts:
            if host is asker or not (host.connected and asker.connected):
                continue
            if claimed is not None:
                host.hear_claim(claimed)
                continue
            for address in (*(a.ip for a in host.held), *host.answers_for):
                if frame == probe(address, asker.state.mac):
                    claim = Claim(address, host.state.mac)
                    at = Nanoseconds(self.clock.now() + 200_000)
                    self.clock.call_at(at, partial(asker.hear_claim, claim))


class FakeEtcd:
    """One node's way to the etcd cluster of its segment."""

    def __init__(self, lan: Lan, number: int) -> None:
        self._lan = lan
        self._drawn = number * 1_000_000
        self.reachable = True
        self.answers = True  # False: what is asked for happens, and nobody says so
        self.says = ""  # what it answers instead, if it is reachable at all
        self.delay = 0.002  # seconds until a request is carried out, and until the answer is here
        self.asked: list[tuple[Nanoseconds, EtcdRequest]] = []

    def draw(self) -> int:
        self._drawn += 1
        return self._drawn

    def ask(
        self,
        servers: EtcdServers,  # noqa: ARG002 - there is one cluster
        request: EtcdRequest,
        timeout: Nanoseconds,
        done: Callable[[EtcdAnswer], None],
    ) -> FakeHandle:
        clock = self._lan.clock
        handle = FakeHandle()
        began = clock.now()
        self.asked.append((began, request))

        def tell(answer: EtcdAnswer) -> None:
            if not handle.cancelled:
                handle.cancelled = True
                done(answer)

        def arrive() -> None:
            answer = self._lan.etcd.apply(request, clock.now())
            if self.answers:
                clock.call_at(Nanoseconds(clock.now() + delay), lambda: tell(answer))

        delay = round(self.delay * SECOND)
        if self.says:
            unanswered = Unanswered(self.says)
            clock.call_at(Nanoseconds(began + delay), lambda: tell(unanswered))
        elif self.reachable:
            clock.call_at(Nanoseconds(began + delay), arrive)
        late = Unanswered("http://192.0.2.50:2379: no answer while connecting")
        clock.call_at(Nanoseconds(began + timeout), lambda: tell(late))
        return handle


class FakeAdvertisementSocket:
    def __init__(
        self,
        host: "FakeHost | FakeCard",
        family: Family,
        receive: Callable[[bytes], None],
    ) -> None:
        self._host = host
        self._family = family
        self.receive = receive
        self.opened_for = (False, False)  # multicast, unicast
        self.queued: list[bytes] = []
        self.closed = False
        self.attached = True  # False: its interface was deleted
        self.expected: frozenset[int] = frozenset()
        self.min_ttl = 255

    def send(self, packet: bytes, destination: Address) -> None:
        if self._host.send_error:
            raise KernelError(self._host.send_error, self._host.send_code)
        if destination in self._host.unreachable:
            raise KernelError(f"cannot send to {destination}")
        self._host.lan.carry(self._host, self._family, packet, destination)

    def drain(self) -> None:
        queued, self.queued = self.queued, []
        for packet in queued:
            self.receive(packet)

    def expect(self, vrids: frozenset[int], min_ttl: int) -> None:
        self.expected = vrids
        self.min_ttl = min_ttl

    def is_attached(self) -> bool:
        return self.attached

    def close(self) -> None:
        self.closed = True


class FakeAnnouncementSocket:
    def __init__(self, host: "FakeHost") -> None:
        self._host = host
        self.watched: frozenset[Address] = frozenset()

    def send(self, frame: bytes) -> None:
        if self._host.announce_error:
            raise KernelError(self._host.announce_error)
        self._host.announced.append((self._host.clock.now(), frame))
        self._host.lan.frame(self._host, frame)

    def watch(self, addresses: frozenset[Address]) -> None:
        self.watched = addresses

    def is_attached(self) -> bool:
        return True

    def close(self) -> None:
        pass


class FakeCard:
    """A further interface of a node, on a segment of its own; no virtual address lives there."""

    def __init__(self, host: "FakeHost", place: Place, lan: Lan, own: str) -> None:
        self.name = f"{host.name} {place}"
        self.host = host
        self.lan = lan
        self.clock = host.clock
        self.connected = True
        self.send_error = ""
        self.send_code = 0
        self.unreachable: set[Address] = set()
        self.sockets: dict[Family, FakeAdvertisementSocket] = {}
        self.watchers: list[Callable[[InterfaceState], None]] = []
        addresses = (ip_interface(own),) if own else ()
        self.state = InterfaceState(exists=True, up=True, index=3, addresses=addresses)
        lan.cards.append(self)

    def hear(self, family: Family, packet: bytes) -> None:
        socket = self.sockets.get(family)
        if socket is None or socket.closed:
            return
        if self.host.reading:
            socket.receive(packet)
        else:
            socket.queued.append(packet)

    def link(self, **changes: object) -> None:
        self.state = replace(self.state, **changes)  # type: ignore[arg-type] # a test's shorthand
        for watcher in self.watchers:
            self.clock.soon(partial(watcher, self.state))

    def visible(self) -> InterfaceState:
        return self.state


class FakeHost:
    """One node: its interface, its kernel's addresses with leases, its services."""

    def __init__(self, name: str, lan: Lan, primary: str) -> None:
        self.name = name
        self.lan = lan
        self.clock = lan.clock
        self.connected = True
        self.send_error = ""
        self.unreachable: set[Address] = set()
        self.open_error = ""
        self.announce_error = ""
        self.kernel_error = ""
        self.kernel_code = 0  # the errno that goes with it
        self.removal_error = ""  # of removals alone
        self.send_code = 0  # the errno that goes with send_error
        self.open_errors: dict[Family, int] = {}  # the errno for sockets of one family
        self.kernel_delay = 0.0
        self.kernel_answers = True  # False: it takes no request to add or renew, and says nothing
        self.reading = True  # False: packets wait in the socket, as while the process is stopped
        self.filtered = False  # True: hears no advertisement, while everything else arrives
        self.answers_for: tuple[Address, ...] = ()  # as a kernel whose daemon is dead
        self.announced: list[tuple[Nanoseconds, bytes]] = []
        self.requests: list[tuple[Nanoseconds, str, tuple[str, ...], int]] = []
        self.held: dict[InterfaceAddress, Nanoseconds | None] = {}
        self.service: Callable[[], ProbeResult | None] = lambda: ProbeResult(True, "HTTP 200")
        self.probe_delay = 0.003
        self.machine = FakeMachine(lan.clock)
        self.probes_started: list[Nanoseconds] = []
        self.sockets: dict[Family, FakeAdvertisementSocket] = {}
        self.announcements: FakeAnnouncementSocket | None = None
        self.claimed: Callable[[Claim], None] = lambda _claim: None
        self.cards: dict[Place, FakeCard] = {}
        self._watchers: list[Callable[[InterfaceState], None]] = []
        self.state = InterfaceState(
            exists=True,
            up=True,
            index=2,
            mac=bytes([2, 0, 0, 0, 0, len(lan.hosts) + 1]),
            addresses=(ip_interface(primary),),
        )
        lan.hosts.append(self)
        self.etcd = FakeEtcd(lan, len(lan.hosts))

    # --- ports ---

    def ports(self) -> Ports:
        return Ports(
            clock=self.clock,
            sockets=self,
            addresses=self,
            links=self,
            probes=self,
            etcd=self.etcd,
            commands=self.machine,
            guardian=self.machine,
        )

    def open_advertisements(
        self,
        place: Place,
        family: Family,
        receive: Callable[[bytes], None],
        *,
        multicast: bool,
        unicast: bool,
    ) -> FakeAdvertisementSocket:
        if self.open_error:
            raise KernelError(self.open_error)
        if family in self.open_errors:
            what = f"cannot join {place}"
            raise KernelError(what, self.open_errors[family])
        card = self if place == ETH0 else self.cards[place]
        card.sockets[family] = FakeAdvertisementSocket(card, family, receive)
        card.sockets[family].opened_for = (multicast, unicast)
        return card.sockets[family]

    def open_announcements(
        self, place: Place, claimed: Callable[[Claim], None]
    ) -> FakeAnnouncementSocket:
        if place != ETH0:
            return FakeAnnouncementSocket(self)  # nothing is announced there
        self.claimed = claimed
        self.announcements = FakeAnnouncementSocket(self)
        return self.announcements

    def ensure_present(
        self,
        place: Place,
        addresses: Collection[InterfaceAddress],
        lifetime: int,
        done: Done,
        *,
        until: Nanoseconds | None = None,
        shapes: Shapes = (),  # noqa: ARG002 - this kernel shows none
    ) -> None:
        assert place == ETH0
        wanted = tuple(addresses)
        self._log("present", wanted, lifetime)
        assert until is None or self.clock.now() < until
        if self.kernel_answers:
            self._later(lambda: done(self._add(wanted, lifetime)))

    def renew(
        self,
        netns: str,
        leases: Sequence[AddressLease],
        done: Callable[[Sequence[KernelError | None]], None],
    ) -> None:
        assert netns == ETH0.netns
        for lease in leases:
            assert lease.place == ETH0
            self._log("renew", lease.addresses, lease.lifetime)
            assert lease.until is None or self.clock.now() < lease.until
        if self.kernel_answers:
            self._later(lambda: done([self._add(one.addresses, one.lifetime) for one in leases]))

    def ensure_absent(
        self, place: Place, addresses: Collection[InterfaceAddress], done: Done
    ) -> None:
        assert place == ETH0
        unwanted = tuple(addresses)
        self._log("absent", unwanted, 0)

        def remove() -> None:
            if self.kernel_error or self.removal_error:
                done(KernelError(self.kernel_error or self.removal_error, self.kernel_code))
                return
            for address in unwanted:
                self.held.pop(address, None)
            self._tell()
            done(None)

        self._later(remove)

    def watch(self, place: Place, changed: Callable[[InterfaceState], None]) -> FakeHandle:
        if place != ETH0:
            card = self.cards[place]
            card.watchers.append(changed)
            self.clock.soon(lambda: changed(card.visible()))
            return FakeHandle()
        self._watchers.append(changed)
        self.clock.soon(lambda: changed(self.visible()))
        return FakeHandle()

    def start(
        self, probe: ProbeConfig, timeout: Nanoseconds, done: Callable[[ProbeResult], None]
    ) -> FakeHandle:
        assert isinstance(probe, HttpProbeConfig)
        handle = FakeHandle()
        self.probes_started.append(self.clock.now())
        result = self.service()
        delay = self.probe_delay
        if result is None:  # hangs
            result = ProbeResult(False, "timed out")
            delay = timeout / SECOND
        answer = result

        def finish() -> None:
            if not handle.cancelled:
                done(answer)

        self.clock.call_at(Nanoseconds(self.clock.now() + round(delay * SECOND)), finish)
        return handle

    # --- what happens to it ---

    def hear_claim(self, claim: Claim) -> None:
        if self.announcements is not None and claim.address in self.announcements.watched:
            self.claimed(claim)

    def attach(self, interface: str, lan: Lan, own: str = "") -> FakeCard:
        """Give it one more interface."""
        place = Place("", interface)
        self.cards[place] = FakeCard(self, place, lan, own)
        return self.cards[place]

    def hear(self, family: Family, packet: bytes) -> None:
        socket = self.sockets.get(family)
        if socket is None or socket.closed or self.filtered:
            return
        if self.reading:
            socket.receive(packet)
        else:
            socket.queued.append(packet)

    def link(self, **changes: object) -> None:
        self.state = replace(self.state, **changes)  # type: ignore[arg-type] # a test's shorthand
        self._tell()

    def delete(self, address: str) -> None:
        """Somebody removes one of the addresses."""
        self.held.pop(ip_interface(address), None)
        self._tell()

    def no_more_events(self) -> None:
        """Tell nobody any more what is on the interface."""
        self._watchers.clear()

    def holds(self, address: str) -> bool:
        return ip_interface(address) in self.held

    def visible(self) -> InterfaceState:
        extra = tuple(a for a in self.held if a not in self.state.addresses)
        return replace(
            self.state, addresses=self.state.addresses + extra, ours=frozenset(self.held)
        )

    def _add(self, addresses: tuple[InterfaceAddress, ...], lifetime: int) -> KernelError | None:
        if self.kernel_error:
            return KernelError(self.kernel_error, self.kernel_code)
        until = Nanoseconds(self.clock.now() + lifetime * SECOND) if lifetime else None
        for address in addresses:
            self.held[address] = until
            if until is not None:
                self.clock.call_at(until, self._expire)
        self._tell()
        return None

    def _tell(self) -> None:
        def tell() -> None:
            for watcher in self._watchers:
                watcher(self.visible())

        self.clock.soon(tell)

    def _expire(self) -> None:
        now = self.clock.now()
        gone = [a for a, until in self.held.items() if until is not None and until <= now]
        for address in gone:
            del self.held[address]
        if gone:
            self._tell()

    def _later(self, job: Callable[[], None]) -> None:
        delay = round(self.kernel_delay * SECOND)
        self.clock.call_at(Nanoseconds(self.clock.now() + delay), job)

    def _log(self, what: str, addresses: tuple[InterfaceAddress, ...], lifetime: int) -> None:
        texts = tuple(str(a) for a in addresses)
        self.requests.append((self.clock.now(), what, texts, lifetime))


def v4(text: str) -> IPv4Interface:
    return IPv4Interface(text)


def address(text: str) -> IPv4Address:
    return IPv4Address(text)
