"""The addresses port of the real kernel, and what its keeper is told."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection, Iterator, Sequence
from contextlib import contextmanager

from pyvrrp.errors import KernelError
from pyvrrp.identity import InterfaceAddress, Place
from pyvrrp.net.netlink.addresses import KernelAddresses
from pyvrrp.net.netlink.namespaces import NamespaceSockets
from pyvrrp.net.system.kernel_thread import KernelThread
from pyvrrp.ports import Done
from pyvrrp.units import Nanoseconds


class Notes:
    """A keeper that writes down what it is told."""

    def __init__(self) -> None:
        self.told: list[tuple[str, str, int, list[tuple[bytes, int]]]] = []

    def hold(self, netns: str, index: int, addresses: Sequence[tuple[bytes, int]]) -> None:
        self.told.append(("hold", netns, index, list(addresses)))

    def release(self, netns: str, index: int, addresses: Sequence[tuple[bytes, int]]) -> None:
        self.told.append(("release", netns, index, list(addresses)))


@contextmanager
def kernel_addresses(keeper: Notes | None = None) -> Iterator[KernelAddresses]:
    thread = KernelThread(asyncio.get_running_loop())
    sockets = NamespaceSockets()
    try:
        yield KernelAddresses(thread, sockets, keeper)
    finally:
        thread.submit(sockets.close, lambda _: None)
        assert thread.close()


async def finished(request: Callable[[Done], None]) -> KernelError | None:
    future: asyncio.Future[KernelError | None] = asyncio.get_running_loop().create_future()
    request(future.set_result)
    assert not future.done()
    return await future


def present(
    kernel: KernelAddresses, place: Place, wanted: Collection[InterfaceAddress], lifetime: int
) -> Awaitable[KernelError | None]:
    return finished(lambda done: kernel.ensure_present(place, wanted, lifetime, done))


def boottime() -> Nanoseconds:
    return Nanoseconds(time.clock_gettime_ns(time.CLOCK_BOOTTIME))


def absent(
    kernel: KernelAddresses, place: Place, unwanted: Collection[InterfaceAddress]
) -> Awaitable[KernelError | None]:
    return finished(lambda done: kernel.ensure_absent(place, unwanted, done))
