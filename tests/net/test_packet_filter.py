"""The programs are run here by a small interpreter, and by the kernel in tests/kernel."""

import struct

import pytest

from pyvrrp.identity import Family
from pyvrrp.net.sockets.bpf import (
    NOTHING,
    Program,
    arp_claims,
    neighbor_claims,
    vrrp,
    vrrp_strict,
)

MULTICAST = 2
OTHERHOST = 3


def accepts(program: Program, packet: bytes, packet_type: int = MULTICAST) -> bool:  # noqa: C901  - one case per instruction
    """Run *program* as linux/filter.h says; what reads beyond the packet drops it."""
    a = x = at = 0
    while True:
        code, jump_true, jump_false, k = program[at]
        at += 1
        match code:
            case 0x20 if k == 0xFFFFF004:
                a = packet_type
            case 0x20 if k + 4 <= len(packet):
                a = struct.unpack_from("!I", packet, k)[0]
            case 0x30 if k < len(packet):
                a = packet[k]
            case 0x50 if x + k < len(packet):
                a = packet[x + k]
            case 0xB1 if k < len(packet):
                x = 4 * (packet[k] & 0x0F)
            case 0x15:
                at += jump_true if a == k else jump_false
            case 0x25:
                at += jump_true if a > k else jump_false
            case 0x06:
                return k > 0
            case 0x20 | 0x30 | 0x50 | 0xB1:
                return False
            case _:
                raise AssertionError(f"unknown instruction {code:#x}")


def ipv4(*, protocol: int = 112, ttl: int = 255, vrid: int = 7, options: int = 0) -> bytes:
    header = bytes((0x45 + options, 0xC0, 0, 28, 0, 1, 0, 0, ttl, protocol, 0, 0)) + bytes(8)
    return header + bytes(4 * options) + bytes((0x31, vrid, 100, 0, 0, 100, 0, 0))


def ipv6(*, next_header: int = 112, hops: int = 255, vrid: int = 7) -> bytes:
    header = bytes((0x60, 0, 0, 0, 0, 8, next_header, hops)) + bytes(32)
    return header + bytes((0x31, vrid, 100, 0, 0, 100, 0, 0))


def arp(sender: str) -> bytes:
    address = bytes(int(octet) for octet in sender.split("."))
    return bytes(14) + bytes.fromhex("0001080006040001020000000099") + address + bytes(10)


def neighbor_advertisement(last_word: int, *, kind: int = 136, next_header: int = 58) -> bytes:
    ethernet_and_ip = bytes(14) + bytes((0x60, 0, 0, 0, 0, 32, next_header, 255)) + bytes(32)
    return (
        ethernet_and_ip
        + bytes((kind, 0, 0, 0, 0xA0, 0, 0, 0))
        + struct.pack("!IIII", 0x20010DB8, 0, 0, last_word)
    )


@pytest.mark.parametrize("packet_type", [0, 1, 2])
def test_vrrp_to_us_to_all_and_to_the_group_passes(packet_type: int) -> None:
    assert accepts(vrrp(Family.IPV4), ipv4(), packet_type)
    assert accepts(vrrp(Family.IPV6), ipv6(), packet_type)


@pytest.mark.parametrize("packet_type", [OTHERHOST, 4, 5])
def test_what_is_for_others_ours_or_looped_back_does_not(packet_type: int) -> None:
    assert not accepts(vrrp(Family.IPV4), ipv4(), packet_type)
    assert not accepts(vrrp_strict(Family.IPV6, None), ipv6(), packet_type)


def test_other_protocols_and_stumps_do_not_pass() -> None:
    assert not accepts(vrrp(Family.IPV4), ipv4(protocol=6))
    assert not accepts(vrrp(Family.IPV6), ipv6(next_header=6))
    assert not accepts(vrrp(Family.IPV4), b"\x45")
    assert not accepts(vrrp_strict(Family.IPV4, {7}), ipv4()[:21])


def test_the_strict_filter_wants_ttl_255_and_a_known_vrid() -> None:
    strict = vrrp_strict(Family.IPV4, {7, 200, 255})
    assert [vrid for vrid in range(256) if accepts(strict, ipv4(vrid=vrid))] == [7, 200, 255]
    assert not accepts(strict, ipv4(ttl=254))
    assert accepts(strict, ipv4(options=10))
    assert not accepts(strict, ipv4(options=10, vrid=8))
    assert accepts(vrrp_strict(Family.IPV6, {7}), ipv6())
    assert not accepts(vrrp_strict(Family.IPV6, {7}), ipv6(hops=254))
    assert not accepts(vrrp_strict(Family.IPV6, {7}), ipv6(vrid=8))


def behind_ah(*, ttl: int = 255, vrid: int = 7, group: str = "e0000012") -> bytes:
    header = bytes((0x45, 0xC0, 0, 52, 0, 1, 0, 0, ttl, 51, 0, 0)) + bytes(4)
    ah = bytes((112, 4)) + bytes(22)
    return header + bytes.fromhex(group) + ah + bytes((0x21, vrid, 100, 0, 2, 1, 0, 0))


def test_vrrp_behind_an_authentication_header_passes_if_it_is_sent_to_the_group() -> None:
    assert accepts(vrrp(Family.IPV4), behind_ah())
    assert not accepts(vrrp(Family.IPV4), behind_ah(group="c0000201"))
    strict = vrrp_strict(Family.IPV4, {7, 9})
    assert [vrid for vrid in range(256) if accepts(strict, behind_ah(vrid=vrid))] == [7, 9]
    assert not accepts(strict, behind_ah(ttl=254))
    assert not accepts(strict, behind_ah(group="c0000201"))
    assert accepts(strict, ipv4())
    assert not accepts(vrrp(Family.IPV6), ipv6(next_header=51))
    many = vrrp_strict(Family.IPV4, set(range(1, 201)))
    assert accepts(many, behind_ah(vrid=200))
    assert not accepts(many, behind_ah(vrid=201))
    assert accepts(many, ipv4(vrid=200))


def test_no_vrid_is_not_every_vrid() -> None:
    assert not accepts(vrrp_strict(Family.IPV4, ()), ipv4())
    assert accepts(vrrp_strict(Family.IPV4, None), ipv4())
    assert not accepts(vrrp_strict(Family.IPV4, None), ipv4(ttl=1))


def test_200_vrids_are_looked_at_and_more_are_all_accepted() -> None:
    assert not accepts(vrrp_strict(Family.IPV4, range(1, 201)), ipv4(vrid=201))
    assert accepts(vrrp_strict(Family.IPV4, range(1, 201)), ipv4(vrid=1))
    assert accepts(vrrp_strict(Family.IPV4, range(1, 201)), ipv4(vrid=200))
    assert accepts(vrrp_strict(Family.IPV4, range(1, 202)), ipv4(vrid=255))
    assert not accepts(vrrp_strict(Family.IPV4, range(1, 202)), ipv4(ttl=254))


def test_arp_claims_pass_by_sender_address() -> None:
    program = arp_claims({0x0A090064, 0xFFFFFFFE})
    assert accepts(program, arp("10.9.0.100"))
    assert accepts(program, arp("255.255.255.254"))
    assert not accepts(program, arp("10.9.0.101"))
    assert not accepts(program, arp("10.9.0.100")[:30])


def test_neighbor_advertisements_pass_by_the_end_of_their_target() -> None:
    program = neighbor_claims({0x20010DB8_00000000_00000000_00000100})
    assert accepts(program, neighbor_advertisement(0x100))
    assert not accepts(program, neighbor_advertisement(0x101))
    assert not accepts(program, neighbor_advertisement(0x100, kind=135))
    assert not accepts(program, neighbor_advertisement(0x100, next_header=17))


def test_nothing_is_nothing() -> None:
    assert not accepts(NOTHING, ipv4())
