"""Which interfaces of one network namespace something has happened to, as pyroute2 hears it."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from pyvrrp.errors import KernelError
from pyvrrp.net.netlink.codec import OUR_PROTOCOL, RTM_DELLINK, RTM_NEWLINK
from pyvrrp.net.sockets.bpf import attach, without_renewals
from pyvrrp.net.sockets.packet import enlarge_receive_buffer
from pyvrrp.net.system.kernel_error import refused
from pyvrrp.net.system.netns import entered

_GROUPS = 0x1 | 0x10 | 0x100  # linux/rtnetlink.h: links, IPv4 addresses, IPv6 addresses
_RECEIVE_BUFFER = 1 << 20
_PAUSE_SECONDS = 0.05
_LONG_PAUSE_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Touched:
    """Something happened to the interface of that index; *name* is empty if it was an address."""

    index: int
    name: str


class _Message(Protocol):
    """A netlink message as pyroute2 decodes it."""

    def __getitem__(self, key: str) -> Mapping[str, int]: ...

    def get(self, key: str) -> int | str | None: ...


class _EventSocket(Protocol):
    """The part of pyroute2's AsyncIPRoute that is used here."""

    @property
    def socket(self) -> socket.socket: ...

    async def bind(self, groups: int) -> None: ...

    def get(self) -> AsyncIterator[_Message]: ...

    def close(self) -> None: ...


class LinkEvents:
    """Reports what is touched, and through *lost* that events may have been missed.

    *lost* is called once at the start too, when events begin to be heard.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        netns: str,
        touched: Callable[[Touched], None],
        lost: Callable[[], None],
    ) -> None:
        self._netns = netns
        self._touched = touched
        self._lost = lost
        self._kernel: _EventSocket | None = _open(netns)
        self._task = loop.create_task(self._run(), name=f"link events {netns}".rstrip())
        self.losses = 0

    def close(self) -> None:
        """Stop listening."""
        self._task.cancel()
        self._close_socket()

    async def _run(self) -> None:
        while True:
            try:
                await self._listen()
            except Exception:  # noqa: BLE001  - pyroute2 fails in many ways; all mean: begin anew
                self.losses += 1
            self._close_socket()
            await asyncio.sleep(_PAUSE_SECONDS)
            await self._reopen()

    async def _listen(self) -> None:
        kernel = self._kernel
        if kernel is None:
            return
        await kernel.bind(_GROUPS)
        self._lost()
        while True:
            # One iteration ends after one datagram.
            async for message in kernel.get():
                self._note(message)

    async def _reopen(self) -> None:
        while self._kernel is None:
            try:
                self._kernel = _open(self._netns)
            except KernelError:
                # The namespace has gone: whoever watches finds out by looking.
                self._lost()
                await asyncio.sleep(_LONG_PAUSE_SECONDS)

    def _note(self, message: _Message) -> None:
        index, name = message.get("index"), ""
        if message["header"]["type"] in {RTM_NEWLINK, RTM_DELLINK}:
            name = str(message.get("ifname") or "")
        if isinstance(index, int):
            self._touched(Touched(index, name))

    def _close_socket(self) -> None:
        if self._kernel is not None:
            self._kernel.close()
            self._kernel = None


def _open(netns: str) -> _EventSocket:
    # Importing it takes a tenth of a second and 13 MB, which only a daemon pays.
    from pyroute2 import AsyncIPRoute  # noqa: PLC0415

    kernel: _EventSocket = AsyncIPRoute()
    try:
        with entered(netns):
            # Made here and now: pyroute2's own way into a namespace forks a process, and makes
            # the namespace if there is none.
            sock = kernel.socket
        attach(sock, without_renewals(OUR_PROTOCOL))
        enlarge_receive_buffer(sock, _RECEIVE_BUFFER)
    except OSError as error:
        kernel.close()
        raise refused("cannot listen to the interfaces", error) from error
    except BaseException:
        kernel.close()
        raise
    return kernel
