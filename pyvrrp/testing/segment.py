"""Network segments made of network namespaces: a switch, hosts, cables that can be pulled.

    with Network() as network:
        lan = network.segment("lan")
        r1 = lan.host("r1", "192.0.2.1/24")
        client = lan.host("client", "192.0.2.9/24")
        lan.cut(r1)      # the switch's port goes down, as in a power cut
        lan.heal(r1)

Everything is removed when the network is closed. What a killed process left behind is removed
before the next network is built.
"""

import signal
import socket
import threading
from collections.abc import Callable, Mapping, Sequence
from itertools import combinations, product
from types import FrameType, TracebackType
from typing import Self, TypeAlias, TypeVar

from pyvrrp.testing import ownership
from pyvrrp.testing.commands import ip_batch, run
from pyvrrp.testing.errors import BenchError
from pyvrrp.testing.namespaces import inside, set_parameters, set_up
from pyvrrp.testing.processes import OutputLine, SpawnedProcess

_T = TypeVar("_T")
_Handler: TypeAlias = Callable[[int, FrameType | None], object] | int | None
_SWITCH = "switch"  # the bridge inside the switch's namespace


class Host:
    """A machine: one network namespace, attached to one or more segments."""

    def __init__(self, network: "Network", name: str, namespace: str) -> None:
        self.name = name
        self.namespace = namespace
        self._network = network
        self.macs: dict[str, bytes] = {}  # by interface

    def run(self, *command: str, text: str = "") -> str:
        """Run *command* here and return what it printed; BenchError if it fails."""
        return run("ip", "netns", "exec", self.namespace, *command, text=text)

    def ip(self, *lines: str) -> None:
        """Run `ip` commands here, one per line, in one process."""
        run("ip", "-netns", self.namespace, "-batch", "-", text="\n".join(lines) + "\n")

    def spawn(
        self,
        *command: str,
        hear: Callable[[OutputLine], None] | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> SpawnedProcess:
        """Start *command* here; it ends at the latest when the network is closed."""
        process = SpawnedProcess(
            ("ip", "netns", "exec", self.namespace, *command), hear=hear, environment=environment
        )
        self._network.remember(process)
        return process

    def tune(self, parameters: Mapping[str, int]) -> None:
        """Set kernel parameters, named as below `/proc/sys/net` (`ipv4/ip_forward`)."""
        self.inside(lambda: set_parameters(parameters))

    def inside(self, action: Callable[[], _T]) -> _T:
        """Return what *action* returns here: for sockets, which stay in their namespace."""
        return inside(self.namespace, action)

    def addresses(self, interface: str = "") -> set[str]:
        """Return the addresses here (or of one interface), without prefix lengths."""
        scope = ("dev", interface) if interface else ()
        shown = run("ip", "-netns", self.namespace, "-o", "address", "show", *scope)
        return {line.split()[3].partition("/")[0] for line in shown.splitlines()}


class Segment:
    """One broadcast domain: a switch that floods multicast and never blocks a port by itself."""

    def __init__(self, network: "Network", name: str, namespace: str) -> None:
        self.name = name
        self.namespace = namespace
        self.ports: dict[str, tuple[Host, str]] = {}  # port of the switch -> host, interface
        self._network = network
        ip_batch(f"netns add {namespace}")
        self._ip(
            "link set lo up",
            f"link add name {_SWITCH} type bridge stp_state 0 forward_delay 0 mcast_snooping 0",
        )
        self._quieten()
        self._control = inside(namespace, lambda: socket.socket(type=socket.SOCK_DGRAM))
        self._ip(f"link set dev {_SWITCH} up")

    def host(self, name: str, *addresses: str, interface: str = "eth0") -> Host:
        """Add a host with these addresses (`192.0.2.1/24`, `2001:db8::1/64`) to the segment."""
        host = self._network.host(name)
        self.attach(host, *addresses, interface=interface)
        return host

    def attach(self, host: Host, *addresses: str, interface: str = "eth0") -> None:
        """Connect an interface of *host* to the switch; the switch's port is named like it."""
        port = host.name if interface == "eth0" else f"{host.name}.{interface}"
        mac = self._network.next_mac()
        self._ip(
            f"link add name {port} type veth peer name {interface} "
            f"address {mac.hex(':')} netns {host.namespace}",
            f"link set dev {port} master {_SWITCH} up",
        )
        host.ip(
            *(f"address add {address} dev {interface}" for address in addresses),
            f"link set dev {interface} up",
        )
        host.macs[interface] = mac
        self.ports[port] = (host, interface)

    def cut(self, host: Host, *, interface: str = "eth0") -> None:
        """Take the switch's port down: both ends lose carrier."""
        set_up(self._control, self._port(host, interface), up=False)

    def mute(self, host: Host, *, interface: str = "eth0") -> None:
        """Let no frame through, either way, while the link stays up: no link event tells of it."""
        # Removed from the bridge: a port that is only "disabled" is enabled by late link events.
        self._ip(f"link set dev {self._port(host, interface)} nomaster")

    def heal(self, host: Host, *, interface: str = "eth0") -> None:
        """Undo `cut` and `mute`."""
        port = self._port(host, interface)
        self._ip(f"link set dev {port} master {_SWITCH}")
        set_up(self._control, port, up=True)

    def part(self, *pairs: tuple[Host, Host]) -> None:
        """Let no frame through between the two of each pair; it replaces earlier parts."""
        lines = ["table bridge lab", "delete table bridge lab"]
        if pairs:
            lines += [
                "table bridge lab {",
                "chain parted {",
                "type filter hook forward priority 0;",
            ]
            for pair in pairs:
                for one, two in (pair, pair[::-1]):
                    ports = f"iifname {self._ports_of(one)} oifname {self._ports_of(two)}"
                    lines.append(f"{ports} drop")
            lines += ["}", "}"]
        text = "\n".join(lines) + "\n"
        run("ip", "netns", "exec", self.namespace, "nft", "-f", "-", text=text)

    def split(self, *sides: Sequence[Host]) -> None:
        """Let frames pass only among the hosts of one side, as in a divided switch."""
        sides_apart = combinations(sides, 2)
        self.part(*(pair for side, other in sides_apart for pair in product(side, other)))

    def unite(self) -> None:
        """Undo `part` and `split`."""
        self.part()

    def close(self) -> None:
        """Close the socket in the switch's namespace."""
        self._control.close()

    def _ports_of(self, host: Host) -> str:
        ports = ", ".join(f'"{port}"' for port, (each, _) in self.ports.items() if each is host)
        return f"{{ {ports} }}"

    def _port(self, host: Host, interface: str) -> str:
        for port, attached in self.ports.items():
            if attached == (host, interface):
                return port
        raise BenchError(f"{host.name} has no {interface} on segment {self.name}")

    def _quieten(self) -> None:
        """Keep the switch itself from sending IPv6 on the segment."""
        quiet = {"ipv6/conf/all/disable_ipv6": 1, "ipv6/conf/default/disable_ipv6": 1}
        inside(self.namespace, lambda: set_parameters(quiet))

    def _ip(self, *lines: str) -> None:
        run("ip", "-netns", self.namespace, "-batch", "-", text="\n".join(lines) + "\n")


class Network:
    """Everything one test builds. Use it as a context manager; `close` may be called twice."""

    def __init__(self) -> None:
        ownership.sweep()
        self.prefix = ownership.claim()
        self.directory = ownership.RUN_DIRECTORY / self.prefix
        self.hosts: dict[str, Host] = {}
        self.segments: dict[str, Segment] = {}
        self._processes: list[SpawnedProcess] = []
        self._macs = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def segment(self, name: str) -> Segment:
        """Add a switch."""
        self.segments[name] = Segment(self, name, f"{self.prefix}-{name}")
        return self.segments[name]

    def host(self, name: str) -> Host:
        """Add a host that is not connected yet."""
        if name in self.hosts:
            raise BenchError(f"there is a host {name} already")
        host = Host(self, name, f"{self.prefix}-{name}")
        ip_batch(f"netns add {host.namespace}")
        self.hosts[name] = host
        host.ip("link set lo up")
        # Addresses are usable at once: the bench knows that there are no duplicates.
        host.tune({f"ipv6/conf/{scope}/accept_dad": 0 for scope in ("all", "default")})
        host.tune({f"ipv6/conf/{scope}/accept_ra": 0 for scope in ("all", "default")})
        return host

    def next_mac(self) -> bytes:
        """Return a MAC address that no other interface of this network has."""
        self._macs += 1
        return b"\x02\x00\x00\x00" + self._macs.to_bytes(2)

    def remember(self, process: SpawnedProcess) -> None:
        """End *process* when the network is closed."""
        self._processes.append(process)

    def close(self) -> None:
        """End all processes and remove all namespaces, also if Ctrl-C is pressed again."""
        deferred: list[int] = []
        handlers = _defer_signals(deferred)
        try:
            while self._processes:
                self._processes.pop().kill()
            for segment in self.segments.values():
                segment.close()
            ownership.release(self.prefix)
        finally:
            for number, handler in handlers.items():
                signal.signal(number, handler)
        for number in deferred:
            signal.raise_signal(number)


def _defer_signals(deferred: list[int]) -> dict[int, _Handler]:
    def note(number: int, _frame: FrameType | None) -> None:
        deferred.append(number)

    if threading.current_thread() is not threading.main_thread():
        return {}  # signals interrupt the main thread only
    return {int(number): signal.signal(number, note) for number in (signal.SIGINT, signal.SIGTERM)}


def interrupt_on_sigterm() -> None:
    """Make SIGTERM and SIGHUP end the program as Ctrl-C does, so that networks are closed."""

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, interrupt)
    signal.signal(signal.SIGHUP, interrupt)
