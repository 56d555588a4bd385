"""Classic BPF programs for our packet sockets: which packets the kernel delivers.

A program is a tuple of instructions (code, jump if true, jump if false, constant), as in
linux/filter.h. A jump has eight bits. With a longer set of values the program accepts all packets
of the kind, and the receiver compares the values.
"""

import ctypes
import socket
import struct
from collections.abc import Collection
from typing import TypeAlias

from pyvrrp.identity import Family
from pyvrrp.net.system.kernel_error import refused

Instruction: TypeAlias = tuple[int, int, int, int]
Program: TypeAlias = tuple[Instruction, ...]

_SO_ATTACH_FILTER = 26

# linux/bpf_common.h: class | size | mode
_LOAD_WORD = 0x20
_LOAD_BYTE = 0x30
_LOAD_BYTE_INDEXED = 0x50
_LOAD_IMMEDIATE = 0x00
_LOAD_WORD_INDEXED = 0x40
_LOAD_X_IMMEDIATE = 0x01
_LOAD_X_HEADER_LENGTH = 0xB1
_LOAD_X_MEMORY = 0x61
_STORE = 0x02
_SUBTRACT_X = 0x1C
_A_TO_X = 0x07
_JUMP_EQUAL = 0x15
_JUMP_GREATER = 0x25
_RETURN = 0x06

_ACCEPT: Instruction = (_RETURN, 0, 0, 0x40000)
_DROP: Instruction = (_RETURN, 0, 0, 0)
_LONGEST_SET = 200

# linux/filter.h: offsets of data that is not in the packet
_PACKET_TYPE = 0xFFFFF000 + 4
_NETLINK_ATTRIBUTE = 0xFFFFF000 + 12

_PACKET_MULTICAST = 2  # linux/if_packet.h: HOST 0, BROADCAST 1, MULTICAST 2, OTHERHOST 3 and up
_VRRP = 112
_AH = 51
_AH_OCTETS = 24  # an authentication header with a check value of 96 bits, as keepalived sends it
_GROUP = 0xE0000012  # 224.0.0.18
_ICMPV6 = 58
_NEIGHBOR_ADVERTISEMENT = 136
_LARGEST_TTL = 255

NOTHING: Program = (_DROP,)


def vrrp(family: Family) -> Program:
    """Return the filter for VRRP packets that are addressed to us, beginning at the IP header.

    In IPv4 it also accepts those to the group that have an authentication header (AH) of IPsec:
    they prove that a router lives.
    """
    return (*_for_us(), *_with_ah(family, (_ACCEPT,)), *_protocol(family), _ACCEPT)


def vrrp_strict(
    family: Family, vrids: Collection[int] | None, min_ttl: int = _LARGEST_TTL
) -> Program:
    """Return the filter that also requires a TTL of at least *min_ttl* and one of *vrids*.

    None accepts all VRIDs.
    """
    hops, vrid = (8, 1) if family is Family.IPV4 else (7, 41)
    load_vrid: Program = ((_LOAD_BYTE, 0, 0, vrid),)
    if family is Family.IPV4:
        load_vrid = ((_LOAD_X_HEADER_LENGTH, 0, 0, 0), (_LOAD_BYTE_INDEXED, 0, 0, vrid))
    far_enough: Program = ((_LOAD_BYTE, 0, 0, hops), (_JUMP_GREATER, 1, 0, min_ttl - 1), _DROP)
    behind_ah: Program = (
        (_LOAD_X_HEADER_LENGTH, 0, 0, 0),
        (_LOAD_BYTE_INDEXED, 0, 0, _AH_OCTETS + vrid),
    )
    return (
        *_for_us(),
        *_with_ah(family, (*far_enough, *behind_ah, *_accept_any_of(vrids))),
        *_protocol(family),
        *far_enough,
        *load_vrid,
        *_accept_any_of(vrids),
    )


def arp_claims(senders: Collection[int]) -> Program:
    """Return the filter for ARP frames whose sender protocol address is one of *senders*."""
    return ((_LOAD_WORD, 0, 0, 28), *_accept_any_of(senders))


def neighbor_claims(targets: Collection[int]) -> Program:
    """Return the filter for Neighbor Advertisement frames about one of *targets*.

    Only the last 32 bits of a target are compared. The receiver must compare the others.
    """
    last_words = {target & 0xFFFFFFFF for target in targets}
    return (
        *_byte_is(20, _ICMPV6),
        *_byte_is(54, _NEIGHBOR_ADVERTISEMENT),
        (_LOAD_WORD, 0, 0, 74),
        *_accept_any_of(last_words),
    )


def without_renewals(protocol: int) -> Program:
    """Return the filter of a netlink event socket that hides renewals of our own addresses.

    A renewal is an RTM_NEWADDR with our IFA_PROTO whose IFA_CACHEINFO says that the address was
    updated after it was created. Without the filter many address leases would wake us constantly.
    """
    new_address, proto, cache_info = 20, 11, 6
    attributes = 16 + 8  # behind nlmsghdr and ifaddrmsg
    created, updated = 4 + 8, 4 + 12
    message_type = int.from_bytes(struct.pack("=H", new_address), "big")
    return (
        (0x28, 0, 0, 4),  # half-word: the type of the message
        (_JUMP_EQUAL, 1, 0, message_type),
        _ACCEPT,
        *_netlink_attribute(attributes, proto),
        (_A_TO_X, 0, 0, 0),
        (_LOAD_BYTE_INDEXED, 0, 0, 4),
        (_JUMP_EQUAL, 1, 0, protocol),
        _ACCEPT,
        *_netlink_attribute(attributes, cache_info),
        (_A_TO_X, 0, 0, 0),
        (_LOAD_WORD_INDEXED, 0, 0, created),
        (_STORE, 0, 0, 0),
        (_LOAD_WORD_INDEXED, 0, 0, updated),
        (_LOAD_X_MEMORY, 0, 0, 0),
        (_SUBTRACT_X, 0, 0, 0),
        (_JUMP_EQUAL, 0, 1, 0),
        _ACCEPT,
        _DROP,
    )


def attach(sock: socket.socket, program: Program) -> None:
    """Let *sock* receive only what *program* accepts; raise KernelError if the kernel refuses."""
    code = b"".join(struct.pack("=HBBI", *instruction) for instruction in program)
    instructions = ctypes.create_string_buffer(code, len(code))
    description = struct.pack("HP", len(program), ctypes.addressof(instructions))
    try:
        sock.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, description)
    except OSError as error:
        raise refused("cannot attach a packet filter", error) from error


def _for_us() -> Program:
    return (
        (_LOAD_WORD, 0, 0, _PACKET_TYPE),
        (_JUMP_GREATER, 0, 1, _PACKET_MULTICAST),
        _DROP,
    )


def _protocol(family: Family) -> Program:
    return _byte_is(9 if family is Family.IPV4 else 6, _VRRP)


def _with_ah(family: Family, then: Program) -> Program:
    """Do *then* with an IPv4 packet to the group that has an authentication header."""
    if family is not Family.IPV4:
        return ()
    to_group: Program = ((_LOAD_WORD, 0, 0, 16), (_JUMP_EQUAL, 1, 0, _GROUP), _DROP, *then)
    return ((_LOAD_BYTE, 0, 0, 9), (_JUMP_EQUAL, 0, len(to_group), _AH), *to_group)


def _byte_is(offset: int, value: int) -> Program:
    return ((_LOAD_BYTE, 0, 0, offset), (_JUMP_EQUAL, 1, 0, value), _DROP)


def _accept_any_of(values: Collection[int] | None) -> Program:
    if values is None or len(values) > _LONGEST_SET:
        return (_ACCEPT,)
    remaining = range(len(values), 0, -1)
    tests = (
        (_JUMP_EQUAL, distance, 0, value)
        for distance, value in zip(remaining, sorted(values), strict=True)
    )
    return (*tests, _DROP, _ACCEPT)


def _netlink_attribute(start: int, kind: int) -> Program:
    """Load the offset of the first attribute of that kind; accept the message if it has none."""
    return (
        (_LOAD_IMMEDIATE, 0, 0, start),
        (_LOAD_X_IMMEDIATE, 0, 0, kind),
        (_LOAD_WORD, 0, 0, _NETLINK_ATTRIBUTE),
        (_JUMP_EQUAL, 0, 1, 0),
        _ACCEPT,
    )
