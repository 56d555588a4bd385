"""See every advertisement and every announcement that enters a switch, with kernel timestamps."""

import ctypes
import errno
import socket
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address
from typing import TypeAlias

from pyvrrp.errors import MalformedAdvertisementError
from pyvrrp.identity import Family
from pyvrrp.packet.datagram import parse_datagram
from pyvrrp.packet.decode import decode
from pyvrrp.testing.measure.kernel_time import receive, stamp_arrivals
from pyvrrp.testing.namespaces import inside
from pyvrrp.units import Nanoseconds, to_milliseconds

Seen: TypeAlias = dict[str, object]

_ETH_P_ALL = 3
_ETHERNET = 14
_ETH_P_IP, _ETH_P_ARP, _ETH_P_IPV6 = 0x0800, 0x0806, 0x86DD
_SO_ATTACH_FILTER = 26
_SO_RCVBUFFORCE = 33
_BUFFER = 1 << 22
_SOLICITED = 0x40

# Classic BPF: incoming ARP, VRRP (protocol 112) and Neighbor Advertisements; nothing else costs
# anything. Each instruction is (code, jump if true, jump if false, constant).
_FILTER = (
    (0x20, 0, 0, 0xFFFFF004),  # packet type
    (0x15, 11, 0, 4),  # outgoing: drop
    (0x28, 0, 0, 12),  # EtherType
    (0x15, 10, 0, _ETH_P_ARP),
    (0x15, 1, 0, _ETH_P_IP),
    (0x15, 2, 7, _ETH_P_IPV6),
    (0x30, 0, 0, 23),  # IPv4 protocol
    (0x15, 6, 5, 112),
    (0x30, 0, 0, 20),  # IPv6 next header
    (0x15, 4, 0, 112),
    (0x15, 0, 2, 58),
    (0x30, 0, 0, 54),  # ICMPv6 type
    (0x15, 1, 0, 136),
    (0x06, 0, 0, 0),
    (0x06, 0, 0, 0x40000),
)


class _Instruction(ctypes.Structure):
    _fields_ = (
        ("code", ctypes.c_ushort),
        ("jt", ctypes.c_ubyte),
        ("jf", ctypes.c_ubyte),
        ("k", ctypes.c_uint32),
    )


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.POINTER(_Instruction)))


class PortCapture:
    """What enters one port of a switch."""

    def __init__(self, namespace: str, port: str) -> None:
        self.port = port
        self.socket = inside(namespace, lambda: _open(port))

    def read(self) -> Seen | None:
        """Return the next frame as plain values; None if it is not of interest."""
        try:
            frame, time = receive(self.socket)
        except OSError as error:
            if error.errno != errno.ENETDOWN:  # said once when the port goes down
                raise
            return None
        seen = interpret(frame)
        return None if seen is None else {"time": time, "node": self.port, **seen}


def interpret(frame: bytes) -> Seen | None:
    """Say what an Ethernet frame is: an advertisement, an announcement, or neither (None)."""
    kind = int.from_bytes(frame[12:14])
    packet = frame[_ETHERNET:]
    if kind == _ETH_P_ARP:
        return _announcement_by_arp(packet)
    family = Family.IPV4 if kind == _ETH_P_IP else Family.IPV6
    if family is Family.IPV6 and packet[6] == socket.IPPROTO_ICMPV6:
        return _announcement_by_neighbor_advertisement(packet)
    try:
        datagram = parse_datagram(packet, family)
        advertisement = decode(datagram.payload, family)
    except MalformedAdvertisementError as error:
        return {"kind": "malformed", "problem": str(error), "mac": frame[6:12].hex(":")}
    return {
        "kind": "advertisement",
        "source": str(datagram.source),
        "destination": str(datagram.destination),
        "mac": frame[6:12].hex(":"),
        "version": int(advertisement.version),
        "vrid": advertisement.vrid,
        "priority": advertisement.priority,
        "interval_ms": to_milliseconds(Nanoseconds(advertisement.interval)),
        "addresses": [str(address) for address in advertisement.addresses],
    }


def attach_filter(sniffer: socket.socket, program: Sequence[tuple[int, int, int, int]]) -> None:
    """Have the kernel give *sniffer* only what this classic BPF program accepts."""
    instructions = (_Instruction * len(program))(*(_Instruction(*line) for line in program))
    header = _Program(len(program), instructions)
    sniffer.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, bytes(header))


def _announcement_by_arp(packet: bytes) -> Seen | None:
    sender_mac, sender, target = packet[8:14], packet[14:18], packet[24:28]
    if sender != target:
        return None  # an ordinary question or answer
    return {
        "kind": "announcement",
        "protocol": "arp",
        "address": str(IPv4Address(sender)),
        "mac": sender_mac.hex(":"),
    }


def _announcement_by_neighbor_advertisement(packet: bytes) -> Seen | None:
    if packet[44] & _SOLICITED:
        return None
    return {
        "kind": "announcement",
        "protocol": "nd",
        "address": str(IPv6Address(packet[48:64])),
        "mac": packet[66:72].hex(":"),
    }


def _open(port: str) -> socket.socket:
    sniffer = socket.socket(socket.AF_PACKET, socket.SOCK_RAW | socket.SOCK_CLOEXEC, 0)
    attach_filter(sniffer, _FILTER)
    sniffer.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, _BUFFER)
    stamp_arrivals(sniffer)
    sniffer.bind((port, _ETH_P_ALL))
    sniffer.setblocking(False)
    return sniffer
