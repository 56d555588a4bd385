"""Read the state of one interface from the kernel."""

import errno
import socket
import struct
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from ipaddress import IPv4Interface, IPv6Interface
from typing import TypeAlias

from pyvrrp.identity import InterfaceAddress, Place
from pyvrrp.net.netlink import codec
from pyvrrp.net.netlink.namespaces import NamespaceSockets
from pyvrrp.net.netlink.operator_addresses import is_ours
from pyvrrp.net.netlink.requests import Netlink
from pyvrrp.net.system.kernel_error import refused
from pyvrrp.net.system.netns import namespace_number
from pyvrrp.ports import InterfaceState

_IFF_UP = 0x1
_IFF_NOARP = 0x80
_IFF_LOWER_UP = 0x10000
_OPERSTATE_UNKNOWN = 0
_OPERSTATE_UP = 6
_UNUSABLE = codec.IFA_F_TENTATIVE | codec.IFA_F_DADFAILED


_Added: TypeAlias = Callable[[int, bytes, int], bool]  # interface index, address, prefix


def read_state(sockets: NamespaceSockets, place: Place, generation: int = 0) -> InterfaceState:
    """Return the state of the interface; raise KernelError if it cannot be read.

    *generation* goes into the state. An interface that is not there has no state but that.
    """
    try:
        namespace = namespace_number(place.netns)
        with sockets.at(place.netns) as kernel:
            here = (place.netns, sockets.generation(place.netns))
            state = _read(kernel, place.interface, lambda *what: (*here, *what) in sockets.added)
    except OSError as error:
        raise refused(f"cannot read the state of {place}", error) from error
    return replace(state, namespace=namespace, generation=generation) if state.exists else state


def _read(kernel: Netlink, name: str, added: _Added) -> InterfaceState:
    try:
        (_, body), *_ = kernel.ask(codec.get_link(name))
    except OSError as error:
        if error.errno == errno.ENODEV:
            return InterfaceState()
        raise
    _, _, index, flags, _ = codec.LINK.unpack_from(body)
    found = codec.attributes(body, codec.LINK.size)
    operstate = found.get(codec.IFLA_OPERSTATE, b"\0")[0]
    carrier = bool(flags & _IFF_LOWER_UP) and operstate in {_OPERSTATE_UNKNOWN, _OPERSTATE_UP}
    entries = [
        (_interface_address(one.family == socket.AF_INET, *one.plain), one)
        for one in kernel.addresses(index)
    ]
    return InterfaceState(
        exists=True,
        up=bool(flags & _IFF_UP) and carrier,
        index=index,
        mac=found.get(codec.IFLA_ADDRESS, bytes(6)),
        mtu=struct.unpack("=I", found[codec.IFLA_MTU])[0],
        arp=not flags & _IFF_NOARP,
        addresses=tuple(address for address, one in entries if not one.flags & _UNUSABLE),
        ours=frozenset(
            address for address, one in entries if is_ours(one, added=added(index, *one.plain))
        ),
    )


@lru_cache(maxsize=4096)
def _interface_address(is_ipv4: bool, local: bytes, prefix: int) -> InterfaceAddress:  # noqa: FBT001 - a key
    # The same object each time: two states that are equal are compared quickly.
    return IPv4Interface((local, prefix)) if is_ipv4 else IPv6Interface((local, prefix))
