"""The configuration as frozen values: what the daemon runs, however it was written down."""

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import TypeAlias

from pyvrrp.config.model.resources import ChainConfig, ResourceConfig
from pyvrrp.fencing.policy import CheckPolicy, HoldDown
from pyvrrp.fencing.weight import Weight
from pyvrrp.identity import Address, InterfaceAddress, Place, Version, VirtualRouterId
from pyvrrp.units import MILLISECOND, SECOND, Nanoseconds


class ChecksumPolicy(StrEnum):
    """Which form of the VRRPv3 checksum over IPv4 is sent and believed."""

    AUTO = "auto"
    RFC9568 = "rfc9568"
    RFC5798 = "rfc5798"


class ClaimProbePolicy(StrEnum):
    """What to do if somebody has the addresses when the master has fallen silent.

    WARN claims them and says so, DEFER waits a bounded time first, REFUSE does not claim them
    while somebody answers, OFF does not ask.
    """

    WARN = "warn"
    DEFER = "defer"
    REFUSE = "refuse"
    OFF = "off"


@dataclass(frozen=True, slots=True)
class AnnouncePolicy:
    """When gratuitous ARP or unsolicited Neighbor Advertisements are sent for each address.

    ``count`` at once, ``count`` again after ``delay`` (0: never), then one every ``refresh``
    (0: never). ``gap`` lies between two packets on one interface.
    """

    count: int = 5
    delay: Nanoseconds = Nanoseconds(5 * SECOND)
    refresh: Nanoseconds = Nanoseconds(60 * SECOND)
    gap: Nanoseconds = Nanoseconds(0)


@dataclass(frozen=True, slots=True)
class LinkConfig:
    """One interface that carries advertisements: to *peers* alone, or without any to the group.

    The nth peer of each link of a virtual router is the same node.
    """

    place: Place
    peers: tuple[Address, ...] = ()


@dataclass(frozen=True, slots=True)
class EtcdServers:
    """The members of one etcd cluster, in the order in which they are asked, and how."""

    endpoints: tuple[str, ...]  # URLs without a path
    verify: bool = True
    ca: Path | None = None
    certificate: Path | None = None
    private_key: Path | None = None
    user: str = ""  # of etcd itself; empty: it asks nobody for a name
    password_file: Path | None = None
    netns: str = ""


@dataclass(frozen=True, slots=True)
class EtcdLease:
    """The check that holds a key in etcd: without the key no node is master.

    ``key`` is empty in a check that leaves it to the virtual router. ``interval``
    is how often the key is renewed while it is held, ``timeout`` bounds each attempt.
    """

    check: str
    servers: EtcdServers
    key: str
    ttl: int  # whole seconds
    interval: Nanoseconds
    timeout: Nanoseconds
    reserve: Nanoseconds = Nanoseconds(0)  # for resources to stop before the key can expire
    address_lease: int = 2  # whole seconds: the longest in the group that hangs on the key


@dataclass(frozen=True, slots=True)
class VirtualRouterConfig:
    """One virtual router. A mixed list of addresses in the file becomes two of one name.

    ``peers`` are those of the first link, which is where the addresses live.
    """

    name: str
    id: VirtualRouterId
    addresses: tuple[InterfaceAddress, ...]
    version: Version = Version.V3
    priority: int = 100
    advertisement_interval: Nanoseconds = SECOND
    preempt: bool = True
    preempt_delay: Nanoseconds = Nanoseconds(0)
    strict: bool = False
    checksum: ChecksumPolicy = ChecksumPolicy.AUTO
    authentication: bytes = b""  # VRRPv2 type 1 password, 1 to 8 octets; empty: type 0
    max_learned_interval: Nanoseconds = Nanoseconds(10 * SECOND)
    lease: int = 2  # whole seconds; 0: no lease
    announce: AnnouncePolicy = AnnouncePolicy()
    claim_probe: ClaimProbePolicy = ClaimProbePolicy.WARN
    checks: tuple[str, ...] = ()  # all that it uses, in the order of the file
    weights: tuple[Weight, ...] = ()  # those of them that move the priority
    hold_down: HoldDown = HoldDown()
    last_resort: bool = False  # whether it serves although fenced when nobody else does
    resources: tuple[str, ...] = ()  # in the order of starting
    on_stop_failure: tuple[str, ...] = ()  # the command of a power switch; empty: hold
    accepts_split_brain: bool = False
    group: str = ""  # those of one group are MASTER together or not at all; empty: alone
    ranking: tuple[tuple[str, int], ...] = ()  # priorities by node, highest first; empty: not known
    peers: tuple[Address, ...] = ()
    further_links: tuple[LinkConfig, ...] = ()
    min_ttl: int = 255  # of unicast advertisements

    @property
    def moves_as(self) -> str:
        """What it moves with, in words: its group, or its own name with all families."""
        return f"group {self.group}" if self.group else self.name

    def stands_on(self, node: str) -> bool:
        """Tell whether *node* takes part: where the file names nodes, it is one of them."""
        return not self.ranking or any(name == node for name, _ in self.ranking)

    @property
    def fence(self) -> tuple[str, ...]:
        """The checks that must pass: all but those that only move the priority."""
        weighted = {weight.check for weight in self.weights}
        return tuple(name for name in self.checks if name not in weighted)

    @property
    def links(self) -> tuple[LinkConfig, ...]:
        """Where advertisements are sent and heard, the interface with the addresses first."""
        return (LinkConfig(self.id.place, self.peers), *self.further_links)

    etcd_lease: EtcdLease | None = None  # of the one check in the file that is a lease

    @property
    def is_exclusive(self) -> bool:
        """Whether no two nodes may ever hold the addresses, whatever happens to the network.

        Then every move is break-before-make: addresses, key, and only then priority 0.
        """
        return self.etcd_lease is not None or bool(self.resources)


@dataclass(frozen=True, slots=True)
class StatusRange:
    """HTTP status codes ``first`` to ``last``, both included."""

    first: int
    last: int


@dataclass(frozen=True, slots=True)
class HttpProbeConfig:
    """One HTTP request and what its answer must look like."""

    url: str
    method: str = "GET"
    headers: tuple[tuple[str, str], ...] = ()
    host: str = ""  # Host header; empty: from the URL
    server_name: str = ""  # TLS SNI and the name verified; empty: from the URL
    verify: bool = True
    ca: Path | None = None
    certificate: Path | None = None
    key: Path | None = None
    status: tuple[StatusRange, ...] = (StatusRange(200, 299),)
    body_regex: str = ""
    body_sha256: str = ""
    unix_socket: Path | None = None
    source: Address | None = None
    netns: str = ""


@dataclass(frozen=True, slots=True)
class TcpProbeConfig:
    """One TCP connection that must be accepted."""

    host: str
    port: int
    source: Address | None = None
    netns: str = ""


@dataclass(frozen=True, slots=True)
class ExecProbeConfig:
    """One run of a program, which must end with status 0."""

    command: tuple[str, ...]  # the program's absolute path, then its arguments
    user: str = ""  # empty: nobody, if the daemon is root, else whoever the daemon is
    check: str = ""  # the name of the check and that of the node, for the program's environment
    node: str = ""
    netns: str = ""


@dataclass(frozen=True, slots=True)
class PingProbeConfig:
    """One ICMP echo that must be answered."""

    host: str
    source: Address | None = None
    interface: str = ""  # empty: chosen by the kernel
    netns: str = ""


@dataclass(frozen=True, slots=True)
class ArpProbeConfig:
    """Somebody on the link (or, with ``absent``, nobody) answers for an address."""

    address: Address
    interface: str
    absent: bool = False
    netns: str = ""


@dataclass(frozen=True, slots=True)
class ProcessProbeConfig:
    """How many processes of a name must run."""

    name: str
    command_line: str = ""  # a regular expression for the arguments, joined by spaces
    at_least: int = 1
    at_most: int | None = None


@dataclass(frozen=True, slots=True)
class FileProbeConfig:
    """A regular file that must, or must not, be there."""

    path: Path
    present: bool = True
    contains: str = ""  # a regular expression


@dataclass(frozen=True, slots=True)
class InterfaceProbeConfig:
    """An interface that must be up, with carrier."""

    name: str
    netns: str = ""


ProbeConfig: TypeAlias = (
    HttpProbeConfig
    | TcpProbeConfig
    | ExecProbeConfig
    | PingProbeConfig
    | ArpProbeConfig
    | ProcessProbeConfig
    | FileProbeConfig
    | InterfaceProbeConfig
)


@dataclass(frozen=True, slots=True)
class CheckConfig:
    """One named check: a probe and its policy."""

    name: str
    probe: ProbeConfig
    policy: CheckPolicy = CheckPolicy()


@dataclass(frozen=True, slots=True)
class Configuration:
    """Everything one daemon runs."""

    node: str
    virtual_routers: tuple[VirtualRouterConfig, ...]
    checks: tuple[CheckConfig, ...] = ()
    leases: tuple[EtcdLease, ...] = ()
    resources: tuple[ResourceConfig, ...] = ()
    guardian: bool = True
    control_socket: Path = field(default_factory=lambda: Path("/run/pyvrrp/pyvrrp.sock"))
    state_file: Path = field(default_factory=lambda: Path("/var/lib/pyvrrp/pyvrrp.json"))
    kernel_budget: Nanoseconds = Nanoseconds(500 * MILLISECOND)
    max_held: int | None = None  # virtual routers that this node wants at most; None: all
    elsewhere: tuple[VirtualRouterConfig, ...] = ()  # what the file has for other nodes alone

    def check(self, name: str) -> CheckConfig:
        """Return the check of that name; KeyError if there is none."""
        return next(check for check in self.checks if check.name == name)

    def chain(self, router: VirtualRouterConfig) -> ChainConfig | None:
        """Return the resources of *router*, if it has any."""
        if not router.resources:
            return None
        known = {resource.name: resource for resource in self.resources}
        return ChainConfig(
            tuple(known[name] for name in router.resources),
            router.on_stop_failure,
            # A daemon that is silent for so long has lost its addresses by itself.
            watchdog=max(Nanoseconds(router.lease * SECOND), Nanoseconds(2 * SECOND)),
        )
