"""Read the state of one interface from the kernel."""

import errno
import socket
import struct
from dataclasses import dataclass, replace
from functools import lru_cache
from ipaddress import IPv4Interface, IPv6Interface

from pyvrrp.identity import InterfaceAddress, Place
from pyvrrp.net.netlink import codec
from pyvrrp.net.netlink.namespaces import NamespaceSockets
from pyvrrp.net.netlink.requests import Netlink
from pyvrrp.net.system.kernel_error import refused
from pyvrrp.net.system.netns import namespace_number
from pyvrrp.ports import InterfaceState

_IFF_UP = 0x1
_IFF_NOARP = 0x80
_IFF_LOWER_UP = 0x10000
_OPERSTATE_UNKNOWN = 0
_OPERSTATE_UP = 6
_ATTEMPTS = 3
_UNUSABLE = codec.IFA_F_TENTATIVE | codec.IFA_F_DADFAILED


@dataclass(frozen=True, slots=True)
class AddressEntry:
    """One address of an interface, as the kernel reports it."""

    address: InterfaceAddress
    usable: bool  # neither tentative nor a duplicate
    ours: bool  # with our tag


def read_state(sockets: NamespaceSockets, place: Place, generation: int = 0) -> InterfaceState:
    """Return the state of the interface; raise KernelError if it cannot be read.

    *generation* goes into the state. An interface that is not there has no state but that.
    """
    try:
        namespace = namespace_number(place.netns)
        with sockets.at(place.netns) as kernel:
            state = _read(kernel, place.interface)
    except OSError as error:
        raise refused(f"cannot read the state of {place}", error) from error
    return replace(state, namespace=namespace, generation=generation) if state.exists else state


def read_addresses(kernel: Netlink, index: int) -> tuple[AddressEntry, ...]:
    """Return the addresses of one interface in the kernel's order; raise OSError."""
    for _ in range(_ATTEMPTS):
        try:
            bodies = [body for _, body in kernel.ask(codec.get_addresses(index))]
        except InterruptedError:
            # The list has changed while it was read, so the answer may be inconsistent.
            continue
        entries = (_address_entry(body, index) for body in bodies)
        return tuple(entry for entry in entries if entry is not None)
    raise OSError(errno.EBUSY, "the addresses change too fast")


def _read(kernel: Netlink, name: str) -> InterfaceState:
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
    entries = read_addresses(kernel, index)
    return InterfaceState(
        exists=True,
        up=bool(flags & _IFF_UP) and carrier,
        index=index,
        mac=found.get(codec.IFLA_ADDRESS, bytes(6)),
        mtu=struct.unpack("=I", found[codec.IFLA_MTU])[0],
        arp=not flags & _IFF_NOARP,
        addresses=tuple(entry.address for entry in entries if entry.usable),
        ours=frozenset(entry.address for entry in entries if entry.ours),
    )


def _address_entry(body: bytes, wanted_index: int) -> AddressEntry | None:
    family, prefix, flags, _, index = codec.ADDRESS.unpack_from(body)
    if index != wanted_index:
        return None
    found = codec.attributes(body, codec.ADDRESS.size)
    # If the address has a peer, IFA_ADDRESS is that of the peer.
    local = found.get(codec.IFA_LOCAL) or found.get(codec.IFA_ADDRESS)
    if local is None:
        return None
    if codec.IFA_FLAGS in found:
        flags = struct.unpack("=I", found[codec.IFA_FLAGS])[0]
    return AddressEntry(
        address=_interface_address(family == socket.AF_INET, local, prefix),
        usable=not flags & _UNUSABLE,
        ours=found.get(codec.IFA_PROTO) == bytes((codec.OUR_PROTOCOL,)),
    )


@lru_cache(maxsize=4096)
def _interface_address(is_ipv4: bool, local: bytes, prefix: int) -> InterfaceAddress:  # noqa: FBT001 - a key
    # The same object each time: two states that are equal are compared quickly.
    return IPv4Interface((local, prefix)) if is_ipv4 else IPv6Interface((local, prefix))
