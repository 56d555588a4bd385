"""The seams between the runtime and the world.

The daemon implements them on Linux (``net``, ``probes``), the simulator in memory. Everything is
a call that returns at once: what takes time reports through a callback, always from the event
loop and never before the call that asked for it has returned.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from pyvrrp.config.model.configuration import EtcdServers, ProbeConfig
from pyvrrp.errors import KernelError
from pyvrrp.identity import Address, Family, InterfaceAddress, Place
from pyvrrp.units import Nanoseconds

Done: TypeAlias = Callable[[KernelError | None], None]


class Handle(Protocol):
    """Something under way that can be called off; calling off twice does no harm."""

    def cancel(self) -> None:
        """Call it off: its callback will not be called any more."""


class Clock(Protocol):
    """Monotonic time and timers; wall-clock steps change nothing here."""

    def now(self) -> Nanoseconds:
        """Return monotonic nanoseconds, from an origin of its own."""

    def call_at(self, when: Nanoseconds, callback: Callable[[], None]) -> Handle:
        """Call *callback* at *when* or as soon after as possible."""


class AdvertisementSocket(Protocol):
    """Advertisements of one family in and out of one interface, for all its virtual routers."""

    def send(self, packet: bytes, destination: Address) -> None:
        """Send one IP packet (header included) to the group or a host.

        Raise KernelError if the kernel refuses. That a host is there is not found out.
        """

    def drain(self) -> None:
        """Deliver at once what is queued, through the callback given when the socket was opened."""

    def expect(self, vrids: frozenset[int], min_ttl: int) -> None:
        """Name the VRIDs and TTLs that matter, for the kernel filter of an overloaded socket."""

    def close(self) -> None:
        """Leave the group, if it was joined, and close."""


class AnnouncementSocket(Protocol):
    """Gratuitous ARP and Neighbor Advertisement frames out of one interface, and rivals heard."""

    def send(self, frame: bytes) -> None:
        """Send one Ethernet frame; raise KernelError if the kernel refuses."""

    def watch(self, addresses: frozenset[Address]) -> None:
        """Report frames of others that claim one of *addresses* from now on (replaces)."""

    def close(self) -> None:
        """Close."""


@dataclass(frozen=True, slots=True)
class Claim:
    """Another host said that *address* is at *mac*."""

    address: Address
    mac: bytes


class Sockets(Protocol):
    """Where sockets come from. Opening raises KernelError, as for an interface that is gone."""

    def open_advertisements(
        self,
        place: Place,
        family: Family,
        receive: Callable[[bytes], None],
        *,
        multicast: bool,
        unicast: bool,
    ) -> AdvertisementSocket:
        """Be ready to send to the group, which is joined, to hosts, or both.

        *receive* gets each IP packet, header included.
        """

    def open_announcements(
        self, place: Place, claimed: Callable[[Claim], None]
    ) -> AnnouncementSocket:
        """Be ready to announce there; *claimed* gets what `AnnouncementSocket.watch` asked for."""


@dataclass(frozen=True, slots=True)
class AddressLease:
    """The address lease of one virtual router, as a renewal asks for it."""

    place: Place
    addresses: tuple[InterfaceAddress, ...]
    lifetime: int  # whole seconds from the renewal on
    until: Nanoseconds | None = None  # from then on it is too late to begin; None: never


class Addresses(Protocol):
    """Puts addresses on interfaces. A request states what shall be, so it may be repeated.

    Requests are carried out one after the other, in the order in which they were made.
    """

    def ensure_present(
        self,
        place: Place,
        addresses: Collection[InterfaceAddress],
        lifetime: int,
        done: Done,
        *,
        until: Nanoseconds | None = None,
    ) -> None:
        """Have *addresses* there for *lifetime* more seconds (0: for ever), all or an error.

        From *until* on it is too late to begin, which is an error: the process may have been
        stopped since it asked.
        """

    def renew(
        self,
        netns: str,
        leases: Sequence[AddressLease],
        done: Callable[[Sequence[KernelError | None]], None],
    ) -> None:
        """Renew address leases of one network namespace, all in one request.

        Each lease is all or an error, whatever becomes of the others: *done* gets one answer for
        each, in their order. The addresses must have been added by `ensure_present`; one that
        somebody has removed meanwhile comes back.
        """

    def ensure_absent(
        self, place: Place, addresses: Collection[InterfaceAddress], done: Done
    ) -> None:
        """Have none of *addresses* there; one that is already gone is no error."""


@dataclass(frozen=True, slots=True)
class InterfaceState:
    """What is known of one interface. *exists* False: there is none of that name now."""

    exists: bool = False
    up: bool = False  # administratively up and with carrier
    index: int = 0
    mac: bytes = bytes(6)
    mtu: int = 1500
    arp: bool = True  # False for interfaces without neighbours (IFF_NOARP)
    addresses: tuple[InterfaceAddress, ...] = ()  # usable ones, in the kernel's order
    ours: frozenset[InterfaceAddress] = frozenset()  # of those, the ones tagged as pyvrrp's


class Links(Protocol):
    """Whoever knows interfaces and their addresses."""

    def watch(self, place: Place, changed: Callable[[InterfaceState], None]) -> Handle:
        """Report the state of *place* soon, and again whenever anything in it has changed."""


@dataclass(frozen=True, slots=True)
class ProbeResult:
    """What one probe saw: pass or fail, always with a reason a person understands."""

    passed: bool
    reason: str


class Probes(Protocol):
    """Whoever looks at services."""

    def start(
        self, probe: ProbeConfig, timeout: Nanoseconds, done: Callable[[ProbeResult], None]
    ) -> Handle:
        """Look once; *done* is called once, at most *timeout* plus scheduling later."""


@dataclass(frozen=True, slots=True)
class Record:
    """A key as etcd has it: *revision* is that of its last change, *lease* 0 if it has none."""

    key: str
    value: bytes
    revision: int
    lease: int


@dataclass(frozen=True, slots=True)
class Grant:
    """Ask for a lease of *ttl* seconds whose number the asker has drawn."""

    lease: int
    ttl: int


@dataclass(frozen=True, slots=True)
class Revoke:
    """Ask that a lease end, and that every key bound to it go."""

    lease: int


@dataclass(frozen=True, slots=True)
class Write:
    """Ask that a key be written and bound to *lease*, if its revision is *revision*.

    Revision 0 is that of a key that is not there; None writes whatever is there.
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
    """The lease is there, for *ttl* seconds."""

    ttl: int


@dataclass(frozen=True, slots=True)
class Revoked:
    """The lease is not there any more."""


@dataclass(frozen=True, slots=True)
class Found:
    """What is there after a `Look` or a `Write`, and the wishes beside it (`wishes_of`)."""

    record: Record | None
    wishes: tuple[Record, ...] = ()
    written: bool = False


@dataclass(frozen=True, slots=True)
class Unanswered:
    """No answer that could be used, for *reason*: what was asked for may have happened or not."""

    reason: str


EtcdAnswer: TypeAlias = Granted | Revoked | Found | Unanswered


def wishes_of(key: str) -> str:
    """Return what the keys of the wishes beside *key* begin with; the name of a node follows."""
    return f"{key}/wish/"


class Etcd(Protocol):
    """Whoever talks to etcd clusters. All answers but Unanswered were agreed on by a majority."""

    def draw(self) -> int:
        """Return a positive number of 63 bits that nobody else will ever have."""

    def ask(
        self,
        servers: EtcdServers,
        request: EtcdRequest,
        timeout: Nanoseconds,
        done: Callable[[EtcdAnswer], None],
    ) -> Handle:
        """Ask one cluster; *done* is called once, at most *timeout* plus scheduling later."""


@dataclass(frozen=True, slots=True)
class Command:
    """A program to run for a resource: its words, and all that it finds in its environment."""

    words: tuple[str, ...]
    environment: tuple[tuple[str, str], ...] = ()
    netns: str = ""


@dataclass(frozen=True, slots=True)
class CommandResult:
    """How a command ended: its exit status, or None with *trouble* in words, and what it said."""

    status: int | None
    trouble: str = ""
    output: str = ""


class RunningCommand(Protocol):
    """A command under way."""

    def end_within(self, time: Nanoseconds) -> None:
        """Have it ended *time* from now if that is sooner than its own deadline."""


class Commands(Protocol):
    """Whoever runs the commands of resources, one process group each."""

    def run(
        self, command: Command, timeout: Nanoseconds, done: Callable[[CommandResult], None]
    ) -> RunningCommand:
        """Run it; *done* is called once, when it has ended.

        After *timeout* it is asked to end, then killed, with all of its process group. What a
        command that ended in time has left running lives on: that is what a start is for.
        """


@dataclass(frozen=True, slots=True)
class Legacy:
    """What must be done about a resource if this process dies: *stop* it, within *timeout*."""

    router: str
    resource: str
    stop: Command
    timeout: Nanoseconds
    alarm: Command | None = None  # to run if it does not stop
    watchdog: Nanoseconds = Nanoseconds(0)  # a silence as long counts as death; 0: it does not


class Heir(Protocol):
    """Whoever stops resources when this process cannot: the guardian."""

    def inherit(self, legacy: Legacy) -> None:
        """Know of a resource that is about to be started, after those named before."""

    def disinherit(self, router: str, resource: str) -> None:
        """Forget a resource: it has stopped."""

    def acting(self) -> bool:
        """Whether it is stopping things now, or an earlier life's guardian is: touch nothing.

        Asking is a sign of life.
        """

    def interventions(self) -> int:
        """How often it has stopped everything because this process gave no sign of life."""


@dataclass(frozen=True, slots=True)
class Ports:
    """The world as the runtime sees it."""

    clock: Clock
    sockets: Sockets
    addresses: Addresses
    links: Links
    probes: Probes
    etcd: Etcd
    commands: Commands
    heir: Heir
