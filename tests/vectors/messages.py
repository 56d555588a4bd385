"""VRRP messages as octets and as values. Each was checked once with an independent decoder."""

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address

from pyvrrp.identity import Address, Family, Version
from pyvrrp.packet.advertisement import Advertisement
from pyvrrp.packet.checksum import ChecksumForm
from pyvrrp.units import Nanoseconds


@dataclass(frozen=True)
class MessageVector:
    name: str
    octets: bytes
    advertisement: Advertisement
    form: ChecksumForm
    family: Family = Family.IPV4

    @property
    def source(self) -> Address:
        return IPv4Address("192.0.2.1") if self.family is Family.IPV4 else IPv6Address("fe80::1")

    @property
    def destination(self) -> Address:
        return IPv4Address("224.0.0.18") if self.family is Family.IPV4 else IPv6Address("ff02::12")


ONE_SECOND = Nanoseconds(1_000_000_000)
LAST = IPv4Address("192.0.2.254")
LINK_LOCAL = IPv6Address("fe80::254")
GLOBAL = IPv6Address("2001:db8::254")
MESSAGE_ONLY, PSEUDO_HEADER = ChecksumForm.MESSAGE_ONLY, ChecksumForm.PSEUDO_HEADER


def _v4(
    name: str, octets: str, advertisement: Advertisement, form: ChecksumForm = MESSAGE_ONLY
) -> MessageVector:
    return MessageVector(name, bytes.fromhex(octets), advertisement, form)


def _v6(name: str, octets: str, advertisement: Advertisement) -> MessageVector:
    return MessageVector(name, bytes.fromhex(octets), advertisement, PSEUDO_HEADER, Family.IPV6)


def _v2_values(priority: int, auth_type: int = 0, auth_data: bytes = bytes(8)) -> Advertisement:
    return Advertisement(Version.V2, 1, priority, ONE_SECOND, (LAST,), auth_type, auth_data)


VECTOR_A = _v4("A: v2", "21016401 0001b7fd c00002fe 00000000 00000000", _v2_values(100))
VECTOR_D = _v4(
    "D: v2 with the password secret",
    "21016401 01017ab1 c00002fe 73656372 65740000",
    _v2_values(100, 1, b"secret\0\0"),
)
VECTOR_E = _v4(
    "E: v3, message only",
    "31016401 0064a79a c00002fe",
    Advertisement(Version.V3, 1, 100, ONE_SECOND, (LAST,)),
)
VECTOR_F = _v4(
    "F: v3, pseudo-header",
    "31016401 0064050a c00002fe",
    Advertisement(Version.V3, 1, 100, ONE_SECOND, (LAST,)),
    PSEUDO_HEADER,
)
VECTOR_K = _v6(
    "K: v3 over IPv6",
    "31016402 00643b87 fe80000000000000 0000000000000254 20010db800000000 0000000000000254",
    Advertisement(Version.V3, 1, 100, ONE_SECOND, (LINK_LOCAL, GLOBAL)),
)

MESSAGES = (
    VECTOR_A,
    _v4("B: v2, priority 0", "21010001 00011bfe c00002fe 00000000 00000000", _v2_values(0)),
    _v4(
        "C: v2, owner, two addresses, 5 s",
        "2107ff02 00055bec c0000201 c0000202 00000000 00000000",
        Advertisement(
            Version.V2,
            7,
            255,
            Nanoseconds(5_000_000_000),
            (IPv4Address("192.0.2.1"), IPv4Address("192.0.2.2")),
            0,
            bytes(8),
        ),
    ),
    VECTOR_D,
    VECTOR_E,
    VECTOR_F,
    _v4(
        "G: v3, priority 0, message only",
        "31010001 00640b9b c00002fe",
        Advertisement(Version.V3, 1, 0, ONE_SECOND, (LAST,)),
    ),
    _v4(
        "H: v3, priority 0, pseudo-header",
        "31010001 0064690a c00002fe",
        Advertisement(Version.V3, 1, 0, ONE_SECOND, (LAST,)),
        PSEUDO_HEADER,
    ),
    _v4(
        "I: v3, longest interval, two addresses, message only",
        "3133c802 0fff70ce c00002fe c00002fd",
        Advertisement(
            Version.V3,
            51,
            200,
            Nanoseconds(40_950_000_000),
            (LAST, IPv4Address("192.0.2.253")),
        ),
    ),
    _v4(
        "J: v3, longest interval, two addresses, pseudo-header",
        "3133c802 0fffce39 c00002fe c00002fd",
        Advertisement(
            Version.V3,
            51,
            200,
            Nanoseconds(40_950_000_000),
            (LAST, IPv4Address("192.0.2.253")),
        ),
        PSEUDO_HEADER,
    ),
    VECTOR_K,
    _v6(
        "L: v3 over IPv6, priority 0",
        "31010002 00649f87 fe80000000000000 0000000000000254 20010db800000000 0000000000000254",
        Advertisement(Version.V3, 1, 0, ONE_SECOND, (LINK_LOCAL, GLOBAL)),
    ),
    _v6(
        "M: v3 over IPv6, owner, 100 ms",
        "3133ff01 000ad0cc fe80000000000000 0000000000000254",
        Advertisement(Version.V3, 51, 255, Nanoseconds(100_000_000), (LINK_LOCAL,)),
    ),
)
