"""The configuration as frozen values. It does not depend on the format of the file."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TypeAlias

from pyvrrp.config.model.addresses import HeldAddresses
from pyvrrp.config.model.hooks import HookConfig
from pyvrrp.config.model.paths import CONTROL_DIRECTORY, STATE_DIRECTORY
from pyvrrp.config.model.process_options import ProcessOptions
from pyvrrp.config.model.resources import ChainConfig, ResourceConfig
from pyvrrp.config.model.tracking import TrackedInterfaceConfig
from pyvrrp.fencing.policy import CheckPolicy, HoldDown
from pyvrrp.fencing.weight import Weight
from pyvrrp.identity import Address, InterfaceAddress, Place, Version, VirtualRouterId
from pyvrrp.packet.layout import TTL
from pyvrrp.units import MILLISECOND, SECOND, Nanoseconds
from pyvrrp.virtual_router.rules.tracking import InterfaceDelay


class ChecksumPolicy(StrEnum):
    """Which form of the VRRPv3 checksum over IPv4 is sent and accepted."""

    AUTO = "auto"
    RFC9568 = "rfc9568"
    RFC5798 = "rfc5798"


class ClaimProbePolicy(StrEnum):
    """What to do if a host answers for the addresses before this node claims them.

    WARN: claim them and report the host. DEFER: wait for a limited time, then claim them. REFUSE:
    do not claim them as long as a host answers. OFF: do not ask.
    """

    WARN = "warn"
    DEFER = "defer"
    REFUSE = "refuse"
    OFF = "off"


@dataclass(frozen=True, slots=True)
class AnnouncePolicy:
    """When gratuitous ARP or unsolicited Neighbor Advertisements are sent for each address.

    ``count`` are sent at once, ``count`` again after ``delay`` (0: no second time), then one every
    ``refresh`` (0: none). ``gap`` is the time between two packets on one interface.
    """

    count: int = 5
    delay: Nanoseconds = Nanoseconds(5 * SECOND)
    refresh: Nanoseconds = Nanoseconds(60 * SECOND)
    gap: Nanoseconds = Nanoseconds(0)


@dataclass(frozen=True, slots=True)
class LinkConfig:
    """One interface for the advertisements of a virtual router.

    They are sent to each of *peers*, or to the multicast group if there are none. The nth peer is
    the same node on all links of a virtual router.
    """

    place: Place
    peers: tuple[Address, ...] = ()


@dataclass(frozen=True, slots=True)
class EtcdServers:
    """One etcd cluster: its members, in the order in which they are asked, and how to ask them."""

    endpoints: tuple[str, ...]  # URLs without a path
    verify: bool = True
    ca: Path | None = None
    certificate: Path | None = None
    private_key: Path | None = None
    user: str = ""  # a user of etcd; empty: etcd needs no authentication
    password_file: Path | None = None
    netns: str = ""


@dataclass(frozen=True, slots=True)
class EtcdLease:
    """A check of the kind lease: a node is master only while it holds a key in etcd.

    ``key`` is empty if the check does not name it; then the virtual router decides it.
    ``interval`` is the time between two renewals of the key, ``timeout`` the limit for one
    request.
    """

    check: str
    servers: EtcdServers
    key: str
    ttl: int  # whole seconds
    interval: Nanoseconds
    timeout: Nanoseconds
    reserve: Nanoseconds = Nanoseconds(0)  # the time that the resources need to stop
    address_lease: int = 2  # whole seconds: the longest of all routers that depend on the key


@dataclass(frozen=True, slots=True)
class VirtualRouterConfig:
    """One virtual router.

    A table of the file with addresses of both families becomes two virtual routers of one name.
    ``addresses`` are those that are advertised. They are on the interface of the first link, unless
    ``placed`` says otherwise; ``peers`` are the peers of that link.
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
    lease: int = 2  # the address lease in whole seconds; 0: none
    announce: AnnouncePolicy = AnnouncePolicy()
    claim_probe: ClaimProbePolicy = ClaimProbePolicy.WARN
    claims_against_incompatible: bool = False  # a living neighbour that cannot be accepted
    checks: tuple[str, ...] = ()  # the names of all checks, in the order of the file
    weights: tuple[Weight, ...] = ()  # the checks among them that change the priority
    hold_down: HoldDown = HoldDown()
    last_resort: bool = False  # whether it serves with a closed fence if no other node serves
    resources: tuple[str, ...] = ()  # in the order of starting
    on_stop_failure: tuple[str, ...] = ()  # a command that cuts the power; empty: hold
    accepts_split_brain: bool = False
    hooks: tuple[str, ...] = ()  # names of `Configuration.hooks`
    group: str = ""  # the routers of a group are MASTER all together or not at all; empty: none
    ranking: tuple[tuple[str, int], ...] = ()  # node and priority, highest first; empty: not known
    peers: tuple[Address, ...] = ()
    further_links: tuple[LinkConfig, ...] = ()
    min_ttl: int = TTL  # the lowest TTL of unicast advertisements that is accepted
    etcd_lease: EtcdLease | None = None  # the check of the kind lease, if it has one
    track_primary: bool = True  # whether it leaves while its own interface is down
    interface_delay: InterfaceDelay = InterfaceDelay()  # of its own and of tracked interfaces
    track_interfaces: tuple[TrackedInterfaceConfig, ...] = ()
    # What is on each interface, the own one first; empty: ``addresses`` are on the own interface.
    placed: tuple[HeldAddresses, ...] = ()

    @property
    def held(self) -> tuple[HeldAddresses, ...]:
        """The addresses on each interface. The first entry is the own interface's."""
        return self.placed or (HeldAddresses(self.id.place, self.addresses),)

    @property
    def local_addresses(self) -> tuple[InterfaceAddress, ...]:
        """The addresses on the own interface, advertised or not."""
        return self.held[0].addresses

    @property
    def all_addresses(self) -> tuple[InterfaceAddress, ...]:
        """All addresses that it has as MASTER, on whatever interface, advertised or not."""
        return tuple(address for held in self.held for address in held.addresses)

    @property
    def moves_as(self) -> str:
        """The name of what moves together: the group, or this router with both families."""
        return f"group {self.group}" if self.group else self.name

    def is_for(self, node: str) -> bool:
        """Return whether *node* takes part: the file names it, or names no nodes."""
        return not self.ranking or any(name == node for name, _ in self.ranking)

    @property
    def fence(self) -> tuple[str, ...]:
        """The checks that must pass: all except those with a weight."""
        weighted = {weight.check for weight in self.weights}
        return tuple(name for name in self.checks if name not in weighted)

    @property
    def links(self) -> tuple[LinkConfig, ...]:
        """All links. The first one is on the interface that has the addresses."""
        return (LinkConfig(self.id.place, self.peers), *self.further_links)

    @property
    def is_exclusive(self) -> bool:
        """Whether two nodes must never hold the addresses at once, even in a split network.

        Then the old master of every move first removes the addresses, then releases the key, then
        sends priority 0.
        """
        return self.etcd_lease is not None or bool(self.resources)


@dataclass(frozen=True, slots=True)
class StatusRange:
    """HTTP status codes from ``first`` to ``last``, both included."""

    first: int
    last: int


@dataclass(frozen=True, slots=True)
class HttpProbeConfig:
    """One HTTP request, and what its response must be like."""

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
    """One run of a program, which must end with exit status 0."""

    command: tuple[str, ...]  # the program's absolute path, then its arguments
    user: str = ""  # empty: nobody if the daemon runs as root, else the user of the daemon
    check: str = ""  # the name of the check, for the environment of the program
    node: str = ""  # the name of the node, for the environment of the program
    netns: str = ""


@dataclass(frozen=True, slots=True)
class PingProbeConfig:
    """One ICMP echo request that must be answered."""

    host: str
    source: Address | None = None
    interface: str = ""  # empty: chosen by the kernel
    netns: str = ""


@dataclass(frozen=True, slots=True)
class ArpProbeConfig:
    """An address that a host on the link must answer for, or with ``absent`` must not."""

    address: Address
    interface: str
    absent: bool = False
    netns: str = ""


@dataclass(frozen=True, slots=True)
class ProcessProbeConfig:
    """The processes of one name, of which so many must run."""

    name: str
    command_line: str = ""  # a regular expression for the arguments, joined by spaces
    at_least: int = 1
    at_most: int | None = None


@dataclass(frozen=True, slots=True)
class FileProbeConfig:
    """A regular file that must exist, or with ``present`` False must not."""

    path: Path
    present: bool = True
    contains: str = ""  # a regular expression


@dataclass(frozen=True, slots=True)
class InterfaceProbeConfig:
    """An interface that must be up and have a carrier."""

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
    """Everything that one daemon runs."""

    node: str
    virtual_routers: tuple[VirtualRouterConfig, ...]
    checks: tuple[CheckConfig, ...] = ()
    leases: tuple[EtcdLease, ...] = ()
    resources: tuple[ResourceConfig, ...] = ()
    guardian: bool = True
    control_socket: Path = CONTROL_DIRECTORY / "pyvrrp.sock"
    state_file: Path = STATE_DIRECTORY / "pyvrrp.json"
    kernel_budget: Nanoseconds = Nanoseconds(500 * MILLISECOND)
    max_held: int | None = None  # this node holds more only if no other node can; None: no limit
    process: ProcessOptions = ProcessOptions()
    hooks: tuple[HookConfig, ...] = ()
    startup_delay: Nanoseconds = Nanoseconds(0)  # INIT for so long after the start
    delay_after_boot: Nanoseconds = Nanoseconds(0)  # INIT for so long after boot
    elsewhere: tuple[VirtualRouterConfig, ...] = ()  # those that the file has for other nodes only

    def check(self, name: str) -> CheckConfig:
        """Return the check of that name. Raise KeyError if there is none."""
        return {check.name: check for check in self.checks}[name]

    def chain(self, router: VirtualRouterConfig) -> ChainConfig | None:
        """Return the resources of *router*; None if it has none."""
        if not router.resources:
            return None
        known = {resource.name: resource for resource in self.resources}
        return ChainConfig(
            tuple(known[name] for name in router.resources),
            router.on_stop_failure,
            # After such a silence of the daemon its address leases have expired.
            watchdog=max(Nanoseconds(router.lease * SECOND), Nanoseconds(2 * SECOND)),
        )
