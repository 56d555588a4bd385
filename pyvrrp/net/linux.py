"""The world as Linux has it: every port wired to the kernel."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from pyvrrp.identity import Family, Place
from pyvrrp.net.guardian.parent import GuardianProcess
from pyvrrp.net.guardian.port import GuardianPort, NoGuardian
from pyvrrp.net.netlink.addresses import KernelAddresses
from pyvrrp.net.netlink.links import LinkWatcher
from pyvrrp.net.netlink.namespaces import NamespaceSockets
from pyvrrp.net.sockets.advertisements import KernelAdvertisementSocket
from pyvrrp.net.sockets.announcements import KernelAnnouncementSocket
from pyvrrp.net.system.clock import MonotonicClock
from pyvrrp.net.system.kernel_thread import Worker
from pyvrrp.ports import Claim, Commands, Etcd, Ports, Probes


class KernelSockets:
    """Implements `ports.Sockets`."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop

    def open_advertisements(
        self,
        place: Place,
        family: Family,
        receive: Callable[[bytes], None],
        *,
        multicast: bool,
        unicast: bool,
    ) -> KernelAdvertisementSocket:
        """Be ready to send and hear there; raise KernelError, as for an interface that is gone."""
        return KernelAdvertisementSocket(
            self._loop, place, family, receive, multicast=multicast, unicast=unicast
        )

    def open_announcements(
        self, place: Place, claimed: Callable[[Claim], None]
    ) -> KernelAnnouncementSocket:
        """Be ready to announce there; raise KernelError, as for an interface that is gone."""
        return KernelAnnouncementSocket(self._loop, place, claimed)


@dataclass(frozen=True, slots=True)
class LinuxPorts(Ports):
    """The ports, and how to let go of the kernel: *close* finishes pending address requests."""

    close: Callable[[], None]


def linux_ports(
    loop: asyncio.AbstractEventLoop,
    probes: Probes,
    etcd: Etcd,
    commands: Commands,
    guardian: GuardianProcess | None = None,
) -> LinuxPorts:
    """Return the ports of this machine; *guardian* watches over them if there is one.

    Raises KernelError.
    """
    clock = MonotonicClock(loop)
    worker = Worker(loop)
    namespaces = NamespaceSockets()
    links = LinkWatcher(loop, worker, namespaces)

    def close() -> None:
        links.close()
        worker.submit(namespaces.close, lambda _: None)
        worker.close()
        clock.close()

    return LinuxPorts(
        clock=clock,
        sockets=KernelSockets(loop),
        addresses=KernelAddresses(worker, namespaces, keeper=guardian),
        links=links,
        probes=probes,
        etcd=etcd,
        commands=commands,
        guardian=NoGuardian() if guardian is None else GuardianPort(guardian),
        close=close,
    )
