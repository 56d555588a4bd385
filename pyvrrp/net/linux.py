"""The ports of a Linux machine, put together."""

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
from pyvrrp.net.sockets.lending import NOBODY, Borrower
from pyvrrp.net.system.clock import MonotonicClock
from pyvrrp.net.system.closing import Closer
from pyvrrp.net.system.kernel_thread import KernelThread
from pyvrrp.ports import Claim, Commands, Etcd, Ports, Probes


class KernelSockets:
    """Implements `ports.Sockets`. *closer* closes the packet sockets, *borrower* gets them too."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, closer: Closer, borrower: Borrower = NOBODY
    ) -> None:
        self._loop = loop
        self._closer = closer
        self._borrower = borrower

    def open_advertisements(
        self,
        place: Place,
        family: Family,
        receive: Callable[[bytes], None],
        *,
        multicast: bool,
        unicast: bool,
    ) -> KernelAdvertisementSocket:
        """Open a socket for advertisements; raise KernelError, for example without an interface."""
        return KernelAdvertisementSocket(
            self._loop,
            place,
            family,
            receive,
            multicast=multicast,
            unicast=unicast,
            borrower=self._borrower,
            close=self._closer.close,
        )

    def open_announcements(
        self, place: Place, claimed: Callable[[Claim], None]
    ) -> KernelAnnouncementSocket:
        """Open a socket for announcements; raise KernelError, for example without an interface."""
        return KernelAnnouncementSocket(
            self._loop, place, claimed, close=self._closer.close, borrower=self._borrower
        )


@dataclass(frozen=True, slots=True)
class LinuxPorts(Ports):
    """The ports, and *close*, which finishes the address requests under way and closes all."""

    close: Callable[[], None]


def linux_ports(
    loop: asyncio.AbstractEventLoop,
    probes: Probes,
    etcd: Etcd,
    commands: Commands,
    guardian: GuardianProcess | None = None,
    lost: Callable[[BaseException], None] | None = None,
) -> LinuxPorts:
    """Return the ports of this machine. *guardian* learns of addresses and resources.

    *lost* is called, in any thread, if requests to the kernel cannot be made any more. Raises
    KernelError.
    """
    clock = MonotonicClock(loop)
    thread = KernelThread(loop, lost)
    namespaces = NamespaceSockets()
    links = LinkWatcher(loop, thread, namespaces)
    closer = Closer()

    def close() -> None:
        links.close()
        thread.submit(namespaces.close, lambda _: None)
        thread.close()
        closer.finish()
        clock.close()

    return LinuxPorts(
        clock=clock,
        sockets=KernelSockets(loop, closer, NOBODY if guardian is None else guardian.channel),
        addresses=KernelAddresses(thread, namespaces, records=guardian),
        links=links,
        probes=probes,
        etcd=etcd,
        commands=commands,
        guardian=NoGuardian() if guardian is None else GuardianPort(guardian),
        close=close,
    )
