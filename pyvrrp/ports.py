"""What the runtime needs from the world, as protocols.

The daemon implements them on Linux (``net``, ``clients``, ``probes``), the simulator in memory.
Every call returns at once. What takes time reports through a callback, which the event loop calls,
never before the call that asked for it has returned.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias

from pyvrrp.config.model.addresses import Shapes
from pyvrrp.config.model.configuration import EtcdServers, ProbeConfig
from pyvrrp.errors import KernelError
from pyvrrp.foreign_text import LONGEST_SENTENCE, printable, printable_lines
from pyvrrp.identity import Address, Family, InterfaceAddress, Place
from pyvrrp.units import Nanoseconds
from pyvrrp.virtual_router.after_death import TimesAfterDeath

Done: TypeAlias = Callable[[KernelError | None], None]


class Handle(Protocol):
    """Something under way that can be cancelled."""

    def cancel(self) -> None:
        """Cancel it: its callback will not be called. A second call does nothing."""


class Clock(Protocol):
    """Monotonic time and timers. A change of the wall clock has no effect on them."""

    def now(self) -> Nanoseconds:
        """Return monotonic nanoseconds. The origin is arbitrary."""

    def call_at(self, when: Nanoseconds, callback: Callable[[], None]) -> Handle:
        """Call *callback* at *when*, or as soon after that as possible."""


class AdvertisementSocket(Protocol):
    """Sends and receives the advertisements of one family on one interface, for all its routers."""

    def send(self, packet: bytes, destination: Address) -> None:
        """Send one IP packet (header included) to the group or a host.

        Raise KernelError if the kernel refuses. A host that does not exist is no error.
        """

    def drain(self) -> None:
        """Deliver all queued packets at once, to the callback of `Sockets.open_advertisements`."""

    def expect(self, vrids: frozenset[int], min_ttl: int) -> None:
        """Set the VRIDs and the lowest TTL that an overloaded socket lets through."""

    def is_attached(self) -> bool:
        """Return whether the interface that it was opened for still exists, renamed or not."""

    def close(self) -> None:
        """Leave the group, if it was joined, and close."""


class AnnouncementSocket(Protocol):
    """Sends announcements on one interface, and reports those of other hosts."""

    def send(self, frame: bytes) -> None:
        """Send one Ethernet frame; raise KernelError if the kernel refuses."""

    def watch(self, addresses: frozenset[Address]) -> None:
        """Report frames of other hosts that claim one of *addresses*; replaces the earlier set."""

    def is_attached(self) -> bool:
        """Return whether the interface that it was opened for still exists, renamed or not."""

    def close(self) -> None:
        """Close the socket."""


@dataclass(frozen=True, slots=True)
class Claim:
    """Another host said that *address* is at *mac*."""

    address: Address
    mac: bytes


class Sockets(Protocol):
    """Opens sockets. Raises KernelError if that fails, for example if the interface is gone."""

    def open_advertisements(
        self,
        place: Place,
        family: Family,
        receive: Callable[[bytes], None],
        *,
        multicast: bool,
        unicast: bool,
    ) -> AdvertisementSocket:
        """Open a socket that sends to the multicast group, to hosts, or to both.

        With *multicast* it joins the group. *receive* gets each IP packet, header included.
        """

    def open_announcements(
        self, place: Place, claimed: Callable[[Claim], None]
    ) -> AnnouncementSocket:
        """Open a socket for announcements; *claimed* gets the claims that it watches."""


@dataclass(frozen=True, slots=True)
class AddressLease:
    """The address lease of one virtual router, as a renewal asks for it."""

    place: Place
    addresses: tuple[InterfaceAddress, ...]
    lifetime: int  # whole seconds from the renewal on
    until: Nanoseconds | None = None  # it must not begin at this instant or later; None: no limit
    shapes: Shapes = ()


class Addresses(Protocol):
    """Adds and removes addresses. A request states the wanted result, so it may be repeated.

    Requests are carried out one after the other, in their order.
    """

    def ensure_present(
        self,
        place: Place,
        addresses: Collection[InterfaceAddress],
        lifetime: int,
        done: Done,
        *,
        until: Nanoseconds | None = None,
        shapes: Shapes = (),
    ) -> None:
        """Add *addresses* for *lifetime* seconds (0: for ever), all of them or an error.

        A request that would begin at *until* or later is an error: the process may have been
        stopped since it made the request.
        """

    def renew(
        self,
        netns: str,
        leases: Sequence[AddressLease],
        done: Callable[[Sequence[KernelError | None]], None],
    ) -> None:
        """Renew address leases of one network namespace, all in one request.

        Each lease is renewed as a whole or gives an error, independently of the others. *done* gets
        one answer for each, in their order. The addresses must have been added by
        `ensure_present`. An address that was removed since then is added again.
        """

    def ensure_absent(
        self, place: Place, addresses: Collection[InterfaceAddress], done: Done
    ) -> None:
        """Remove *addresses*. An address that is already gone is no error."""


@dataclass(frozen=True, slots=True)
class InterfaceState:
    """What is known of one interface. *exists* False: there is none of that name now.

    A name says nothing about which interface it is. That is *device*: its network namespace, its
    index there, and a *generation*, which is another one if an interface has gone and another one
    has its index now.

    `present` and `by_host` have the same content as *addresses*. They are made once for all virtual
    routers, since there may be hundreds of addresses and of virtual routers.
    """

    exists: bool = False
    up: bool = False  # administratively up and with carrier
    index: int = 0
    mac: bytes = bytes(6)
    mtu: int = 1500
    arp: bool = True  # False for interfaces without neighbours (IFF_NOARP)
    addresses: tuple[InterfaceAddress, ...] = ()  # usable ones, in the kernel's order
    ours: frozenset[InterfaceAddress] = frozenset()  # of those, the ones tagged as pyvrrp's
    namespace: int = 0  # the inode of its network namespace; 0: not known
    generation: int = 0
    obstacle: str = ""  # why it cannot be used, or must not be under this name
    present: frozenset[InterfaceAddress] = field(init=False, repr=False, compare=False)
    by_host: Mapping[Address, tuple[InterfaceAddress, ...]] = field(
        init=False, repr=False, compare=False
    )

    def __post_init__(self) -> None:
        by_host: dict[Address, tuple[InterfaceAddress, ...]] = {}
        for address in self.addresses:
            by_host[address.ip] = (*by_host.get(address.ip, ()), address)
        object.__setattr__(self, "present", frozenset(self.addresses))
        object.__setattr__(self, "by_host", by_host)

    @property
    def device(self) -> tuple[int, int, int]:
        """Which interface it is."""
        return self.namespace, self.index, self.generation

    def concerning(self, hosts: Collection[Address]) -> tuple[object, ...]:
        """Return the part of the state that matters to a caller with these *hosts* only.

        Two results are equal if nothing else has changed than addresses of other hosts.
        """
        here = tuple(
            (address, address in self.ours)
            for host in hosts
            for address in self.by_host.get(host, ())
        )
        return (
            *(self.exists, self.up, self.device, self.obstacle, self.mac, self.mtu, self.arp),
            here,
        )


class Links(Protocol):
    """Watches interfaces and their addresses."""

    def watch(self, place: Place, changed: Callable[[InterfaceState], None]) -> Handle:
        """Report the state of *place* soon, and again after each change."""


@dataclass(frozen=True, slots=True)
class ProbeResult:
    """The result of one probe: pass or fail, always with a reason in words.

    The reason may contain what a server or a program said: it becomes one printable line.
    """

    passed: bool
    reason: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "reason", printable(self.reason, LONGEST_SENTENCE))


class Probes(Protocol):
    """Runs probes of services."""

    def start(
        self, probe: ProbeConfig, timeout: Nanoseconds, done: Callable[[ProbeResult], None]
    ) -> Handle:
        """Probe once. *done* is called once, shortly after *timeout* at the latest."""


@dataclass(frozen=True, slots=True)
class Record:
    """A key in etcd. *revision* is that of its last change; *lease* is 0 if it has none."""

    key: str
    value: bytes
    revision: int
    lease: int


@dataclass(frozen=True, slots=True)
class Grant:
    """Ask for a lease of *ttl* seconds with a number from `Etcd.draw`."""

    lease: int
    ttl: int


@dataclass(frozen=True, slots=True)
class Revoke:
    """Ask etcd to end a lease and delete every key that is bound to it."""

    lease: int


@dataclass(frozen=True, slots=True)
class Write:
    """Ask etcd to write a key and bind it to *lease*, if its revision is *revision*.

    Revision 0 means that the key must not exist. None writes in every case.
    """

    key: str
    value: bytes
    lease: int
    revision: int | None


@dataclass(frozen=True, slots=True)
class Look:
    """Ask who holds a key."""

    key: str


EtcdRequest: TypeAlias = Grant | Revoke | Write | Look


@dataclass(frozen=True, slots=True)
class Granted:
    """The lease exists, for *ttl* seconds."""

    ttl: int


@dataclass(frozen=True, slots=True)
class Revoked:
    """The lease does not exist any more."""


@dataclass(frozen=True, slots=True)
class Found:
    """What is stored after a `Look` or a `Write`, with the requests under `preemption_prefix`."""

    record: Record | None
    preemption_requests: tuple[Record, ...] = ()
    written: bool = False


@dataclass(frozen=True, slots=True)
class Unanswered:
    """There was no usable answer, for *reason*. The request may have been carried out or not.

    The reason may contain what a server said: it becomes one printable line.
    """

    reason: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "reason", printable(self.reason, LONGEST_SENTENCE))


EtcdAnswer: TypeAlias = Granted | Revoked | Found | Unanswered


def preemption_prefix(key: str) -> str:
    """Return the beginning of the keys of preemption requests for *key*; a node name follows."""
    return f"{key}/wish/"


class Etcd(Protocol):
    """Talks to etcd clusters. A majority has agreed on every answer except Unanswered."""

    def draw(self) -> int:
        """Return a random positive number of 63 bits, which no other process will draw."""

    def ask(
        self,
        servers: EtcdServers,
        request: EtcdRequest,
        timeout: Nanoseconds,
        done: Callable[[EtcdAnswer], None],
    ) -> Handle:
        """Ask one cluster. *done* is called once, shortly after *timeout* at the latest."""


@dataclass(frozen=True, slots=True)
class Command:
    """A program to run: its arguments and its whole environment.

    *user* is None for a program with the rights of this process, which resources have. Otherwise
    the program has those of the user alone; empty: nobody, or the user of an unprivileged process.
    """

    words: tuple[str, ...]
    environment: tuple[tuple[str, str], ...] = ()
    netns: str = ""
    user: str | None = None


@dataclass(frozen=True, slots=True)
class CommandResult:
    """How a command ended: its exit status and its output, or None and what went wrong.

    A program wrote the output: its lines become printable.
    """

    status: int | None
    trouble: str = ""
    output: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "trouble", printable(self.trouble, LONGEST_SENTENCE))
        object.__setattr__(self, "output", printable_lines(self.output))


class RunningCommand(Protocol):
    """A command under way."""

    def end_within(self, time: Nanoseconds) -> None:
        """End the command *time* from now, if that is earlier than its own deadline."""


class Commands(Protocol):
    """Runs the commands of resources and hooks, each in its own process group."""

    def run(
        self, command: Command, timeout: Nanoseconds, done: Callable[[CommandResult], None]
    ) -> RunningCommand:
        """Run *command*. *done* is called once, when it has ended.

        After *timeout* its process group gets SIGTERM, then SIGKILL. Processes that a command in
        time has left behind continue to run: a start command does just that.
        """


@dataclass(frozen=True, slots=True)
class StopOrder:
    """How the guardian stops a resource if this process dies: *stop*, within *timeout*."""

    router: str
    resource: str
    stop: Command
    timeout: Nanoseconds
    alarm: Command | None = None  # the command to run if *stop* fails
    watchdog: Nanoseconds = Nanoseconds(
        0
    )  # without a sign of life for that long this process counts as dead; 0: never


@dataclass(frozen=True, slots=True)
class LastWords:
    """A packet that the guardian sends if this process dies, out of *place*."""

    place: Place
    destination: Address
    packet: bytes


@dataclass(frozen=True, slots=True)
class HandoverOrder:
    """What the guardian needs to hand over for one virtual router if this process dies.

    *hears*: where the successor is heard, the hosts that count there (none: all do), and the lowest
    TTL. *times* are those of `pyvrrp.virtual_router.after_death`.
    """

    router: str
    place: Place  # the interface with the addresses
    family: Family
    index: int  # of that interface
    mac: bytes  # of that interface
    addresses: tuple[InterfaceAddress, ...]
    says: tuple[LastWords, ...]
    hears: tuple[tuple[Place, tuple[Address, ...], int], ...]
    times: TimesAfterDeath
    # On other interfaces: the index of each, and its addresses.
    further: tuple[tuple[int, tuple[InterfaceAddress, ...]], ...] = ()


class Guardian(Protocol):
    """The guardian: it hands over and stops resources when this process cannot."""

    def prepare_handover(self, order: HandoverOrder) -> None:
        """Have a virtual router handed over if this process dies while `may_hand_over` allows it.

        It replaces the earlier order for the same virtual router.
        """

    def may_hand_over(self, router: str, until: Nanoseconds | None) -> None:
        """Say until when the death of this process is followed by a handover; None: it is not.

        Without an order, or afterwards, the addresses are removed at once.
        """

    def removing(self) -> bool:
        """Return whether the guardian of an earlier process still has addresses to remove.

        The caller must neither remove nor add addresses then.
        """

    def register(self, order: StopOrder) -> None:
        """Register a resource that is about to start. The guardian stops the last one first."""

    def withdraw(self, router: str, resource: str) -> None:
        """Remove a resource that has stopped."""

    def acting(self) -> bool:
        """Return whether a guardian, this one or one of an earlier process, stops resources now.

        The caller must not start or stop any then. Each call is a sign of life.
        """

    def interventions(self) -> int:
        """Return how often it has stopped all resources because signs of life were missing."""


@dataclass(frozen=True, slots=True)
class Ports:
    """All ports of one daemon."""

    clock: Clock
    sockets: Sockets
    addresses: Addresses
    links: Links
    probes: Probes
    etcd: Etcd
    commands: Commands
    guardian: Guardian
