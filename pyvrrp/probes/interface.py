"""The interface check: an interface must be up and have a carrier."""

import asyncio
import os
import socket
import struct
from errno import ENODEV
from functools import partial

from pyvrrp.clients.base.blocking_calls import ThreadedCalls
from pyvrrp.clients.base.failure import Failure, ProbeError, in_words
from pyvrrp.clients.base.namespace import move_thread_to
from pyvrrp.clients.base.progress import ProbeProgress
from pyvrrp.config.model.configuration import InterfaceProbeConfig

_HEADER = struct.Struct("=IHHII")  # struct nlmsghdr
_LINK = struct.Struct("=BxHiII")  # struct ifinfomsg
_ATTRIBUTE = struct.Struct("=HH")
_RTM_GETLINK, _NLM_F_REQUEST, _IFLA_IFNAME = 18, 1, 3
_NLMSG_ERROR, _RTM_NEWLINK = 2, 16
_IFF_UP, _IFF_RUNNING, _IFF_LOWER_UP = 0x1, 0x40, 0x10000
_ANSWER = 65_536  # octets


class InterfaceProbe:
    """Asks the kernel for the state of interfaces, in threads.

    The kernel answers with its lock for all interfaces, and may have to wait for it. There is an
    ioctl without that lock, but it shows the loss of the carrier up to a second later.
    """

    def __init__(self) -> None:
        self._calls: ThreadedCalls[InterfaceProbeConfig, int] = ThreadedCalls()

    async def run(self, probe: InterfaceProbeConfig, progress: ProbeProgress) -> str:
        """Return that the interface is up. Raise ProbeError if it is not."""
        progress.phase = f"while asking for the state of {probe.name}"
        flags = await asyncio.shield(self._calls.start(probe, partial(flags_of, probe)))
        if isinstance(flags, Failure):
            raise ProbeError(flags.reason)
        return check_flags(probe.name, flags)


def check_flags(name: str, flags: int) -> str:
    """Return that the interface with these *flags* is up. Raise ProbeError if it is not."""
    if not flags & _IFF_UP:
        raise ProbeError(f"{name} is down")
    if not flags & _IFF_LOWER_UP:
        raise ProbeError(f"{name} has no carrier")
    if not flags & _IFF_RUNNING:
        raise ProbeError(f"{name} has a carrier, but is not operational")
    return f"{name} is up"


def flags_of(probe: InterfaceProbeConfig) -> int | Failure:
    """Return the flags of the interface, or the reason why they cannot be read.

    Blocks, and the calling thread stays in the network namespace of *probe*.
    """
    try:
        move_thread_to(probe.netns)
        with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE) as kernel:
            kernel.send(_question(probe.name))
            return _flags(kernel.recv(_ANSWER))
    except ProbeError as error:
        return Failure(str(error))
    except OSError as error:
        if error.errno == ENODEV:
            return Failure(f"there is no interface {probe.name}")
        return Failure(f"cannot ask for the state of {probe.name}: {in_words(error)}")


def _question(interface: str) -> bytes:
    name = interface.encode() + b"\0"
    attribute = _ATTRIBUTE.pack(_ATTRIBUTE.size + len(name), _IFLA_IFNAME) + name
    body = _LINK.pack(socket.AF_UNSPEC, 0, 0, 0, 0) + attribute
    return _HEADER.pack(_HEADER.size + len(body), _RTM_GETLINK, _NLM_F_REQUEST, 1, 0) + body


def _flags(answer: bytes) -> int:
    _, kind, _, _, _ = _HEADER.unpack_from(answer)
    if kind == _NLMSG_ERROR:
        code = -struct.unpack_from("=i", answer, _HEADER.size)[0]
        raise OSError(code, os.strerror(code))
    flags: int = _LINK.unpack_from(answer, _HEADER.size)[3] if kind == _RTM_NEWLINK else 0
    return flags
