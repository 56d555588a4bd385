"""The one way from the world into the runtime: ports whose callbacks are guarded.

The runtime runs in callbacks. An error that escapes from one has left it between two steps: nobody
knows what its timers, its sockets and its addresses are. So each callback that the runtime gives to
a port is guarded here, and the same guard is used for orders. What the daemon does around the
runtime uses ports that are not guarded.
"""

from collections.abc import Callable, Collection, Sequence
from functools import partial
from typing import TypeAlias, TypeVar

from pyvrrp.config.model.addresses import Shapes
from pyvrrp.config.model.configuration import EtcdServers, ProbeConfig
from pyvrrp.errors import KernelError
from pyvrrp.identity import Family, InterfaceAddress, Place
from pyvrrp.ports import (
    Addresses,
    AddressLease,
    AdvertisementSocket,
    AnnouncementSocket,
    Claim,
    Clock,
    Command,
    CommandResult,
    Commands,
    Done,
    Etcd,
    EtcdAnswer,
    EtcdRequest,
    Handle,
    InterfaceState,
    Links,
    Ports,
    ProbeResult,
    Probes,
    RunningCommand,
    Sockets,
)
from pyvrrp.units import Nanoseconds

T = TypeVar("T")
Failed: TypeAlias = Callable[[BaseException], None]


class Guard:
    """Passes each error that escapes from a callback to *failed*, which ends the process."""

    def __init__(self, failed: Failed) -> None:
        self._failed = failed

    def __call__(self, callback: Callable[[T], None]) -> Callable[[T], None]:
        """Return *callback*, guarded."""
        failed = self._failed

        def guarded(value: T) -> None:
            try:
                callback(value)
            except BaseException as error:  # noqa: BLE001 - also MemoryError and what ends Python
                failed(error)

        return guarded

    def run(self, callback: Callable[[], None]) -> None:
        """Call *callback*, guarded."""
        try:
            callback()
        except BaseException as error:  # noqa: BLE001 - also MemoryError and what ends Python
            self._failed(error)


def guarded_ports(ports: Ports, guard: Guard) -> Ports:
    """Return *ports* whose callbacks are guarded by *guard*."""
    return Ports(
        clock=_Clock(ports.clock, guard),
        sockets=_Sockets(ports.sockets, guard),
        addresses=_Addresses(ports.addresses, guard),
        links=_Links(ports.links, guard),
        probes=_Probes(ports.probes, guard),
        etcd=_Etcd(ports.etcd, guard),
        commands=_Commands(ports.commands, guard),
        guardian=ports.guardian,  # it calls nobody
    )


class _Clock:
    def __init__(self, clock: Clock, guard: Guard) -> None:
        self.now = clock.now  # it is called for each packet
        self._call_at = clock.call_at
        self._run = guard.run

    def call_at(self, when: Nanoseconds, callback: Callable[[], None]) -> Handle:
        # Timers are set often, and a partial is made faster than a function.
        return self._call_at(when, partial(self._run, callback))


class _Sockets(Sockets):
    def __init__(self, sockets: Sockets, guard: Guard) -> None:
        self._sockets = sockets
        self._guard = guard

    def open_advertisements(
        self,
        place: Place,
        family: Family,
        receive: Callable[[bytes], None],
        *,
        multicast: bool,
        unicast: bool,
    ) -> AdvertisementSocket:
        return self._sockets.open_advertisements(
            place, family, self._guard(receive), multicast=multicast, unicast=unicast
        )

    def open_announcements(
        self, place: Place, claimed: Callable[[Claim], None]
    ) -> AnnouncementSocket:
        return self._sockets.open_announcements(place, self._guard(claimed))


class _Addresses(Addresses):
    def __init__(self, addresses: Addresses, guard: Guard) -> None:
        self._addresses = addresses
        self._guard = guard

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
        self._addresses.ensure_present(
            place, addresses, lifetime, self._guard(done), until=until, shapes=shapes
        )

    def renew(
        self,
        netns: str,
        leases: Sequence[AddressLease],
        done: Callable[[Sequence[KernelError | None]], None],
    ) -> None:
        self._addresses.renew(netns, leases, self._guard(done))

    def ensure_absent(
        self, place: Place, addresses: Collection[InterfaceAddress], done: Done
    ) -> None:
        self._addresses.ensure_absent(place, addresses, self._guard(done))


class _Links(Links):
    def __init__(self, links: Links, guard: Guard) -> None:
        self._links = links
        self._guard = guard

    def watch(self, place: Place, changed: Callable[[InterfaceState], None]) -> Handle:
        return self._links.watch(place, self._guard(changed))


class _Probes(Probes):
    def __init__(self, probes: Probes, guard: Guard) -> None:
        self._probes = probes
        self._guard = guard

    def start(
        self, probe: ProbeConfig, timeout: Nanoseconds, done: Callable[[ProbeResult], None]
    ) -> Handle:
        return self._probes.start(probe, timeout, self._guard(done))


class _Etcd(Etcd):
    def __init__(self, etcd: Etcd, guard: Guard) -> None:
        self._etcd = etcd
        self._guard = guard

    def draw(self) -> int:
        return self._etcd.draw()

    def ask(
        self,
        servers: EtcdServers,
        request: EtcdRequest,
        timeout: Nanoseconds,
        done: Callable[[EtcdAnswer], None],
    ) -> Handle:
        return self._etcd.ask(servers, request, timeout, self._guard(done))


class _Commands(Commands):
    def __init__(self, commands: Commands, guard: Guard) -> None:
        self._commands = commands
        self._guard = guard

    def run(
        self, command: Command, timeout: Nanoseconds, done: Callable[[CommandResult], None]
    ) -> RunningCommand:
        return self._commands.run(command, timeout, self._guard(done))
