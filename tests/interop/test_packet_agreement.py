"""scapy and tshark read our packets, pyvrrp reads theirs, and all find the same packets wrong."""

from dataclasses import dataclass, replace
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from scapy.layers.inet import IP
from scapy.layers.inet6 import IPv6
from scapy.layers.l2 import ARP, Ether
from scapy.layers.vrrp import VRRP, VRRPv3
from scapy.packet import Packet

from pyvrrp.identity import Family, Version
from pyvrrp.packet.advertisement import Advertisement
from pyvrrp.packet.checksum import ChecksumForm
from pyvrrp.packet.encode import encode
from pyvrrp.packet.examination import Discarded, DiscardReason, Examined, examine
from pyvrrp.packet.neighbours.gratuitous_arp import arp_claim, arp_probe, gratuitous_arp
from pyvrrp.packet.neighbours.neighbor_advertisement import (
    neighbor_claim,
    neighbor_solicitation_probe,
    unsolicited_neighbor_advertisement,
)
from pyvrrp.packet.transmission import advertisement_packet
from pyvrrp.units import Nanoseconds
from tests.interop.tshark import GOOD, dissect
from tests.packet.advertisements import Sent, sendable
from tests.packet.packets import ipv4, ipv6, pseudo_header, with_checksum
from tests.vectors.messages import MESSAGES

pytestmark = pytest.mark.interop

MAC = bytes.fromhex("020000000001")
MESSAGE_ONLY, PSEUDO_HEADER = ChecksumForm.MESSAGE_ONLY, ChecksumForm.PSEUDO_HEADER


def frame(packet: bytes, family: Family) -> bytes:
    if family is Family.IPV4:
        return bytes.fromhex("01005e000012 020000000001 0800") + packet
    return bytes.fromhex("333300000012 020000000001 86dd") + packet


# --- scapy ------------------------------------------------------------------------------------


def scapy_values(layer: Packet, version: Version) -> Advertisement:
    v2 = version is Version.V2
    return Advertisement(
        Version(layer.version),
        layer.vrid,
        layer.priority,
        Nanoseconds(layer.adv * (1_000_000_000 if v2 else 10_000_000)),
        tuple(ip_address(address) for address in layer.addrlist),
        layer.authtype if v2 else 0,
        layer.auth1.to_bytes(4) + layer.auth2.to_bytes(4) if v2 else b"",
    )


def scapy_packet(sent: Sent) -> Packet:
    wanted = sent.advertisement
    listed = [str(address) for address in wanted.addresses]
    source, destination = str(sent.source), str(sent.destination)
    if sent.family is Family.IPV6:
        under = IPv6(src=source, dst=destination, hlim=255)
    else:
        under = IP(src=source, dst=destination, ttl=255)
    common = {"vrid": wanted.vrid, "priority": wanted.priority, "addrlist": listed}
    if wanted.version is Version.V2:
        return under / VRRP(
            adv=wanted.interval // 1_000_000_000,
            authtype=wanted.auth_type,
            auth1=int.from_bytes(wanted.auth_data[:4]),
            auth2=int.from_bytes(wanted.auth_data[4:]),
            **common,
        )
    return under / VRRPv3(adv=wanted.interval // 10_000_000, **common)


@settings(max_examples=60, deadline=None)
@given(sendable())
def test_pyvrrp_reads_the_packets_of_scapy(sent: Sent) -> None:
    found = examine(bytes(scapy_packet(sent)), sent.family)
    assert isinstance(found, Examined)
    assert (found.source, found.destination) == (sent.source, sent.destination)
    assert found.advertisement == sent.advertisement
    if sent.advertisement.version is Version.V3 and sent.family is Family.IPV4:
        assert PSEUDO_HEADER in found.checksum_forms


@settings(max_examples=60, deadline=None)
@given(sendable())
def test_scapy_reads_the_packets_of_pyvrrp(sent: Sent) -> None:
    packet = advertisement_packet(sent.advertisement, sent.source, sent.destination, sent.form)
    under, kind = (IP, VRRP) if sent.family is Family.IPV4 else (IPv6, VRRPv3)
    kind = VRRPv3 if sent.advertisement.version is Version.V3 else kind
    found = under(packet)
    assert (found.src, found.dst) == (str(sent.source), str(sent.destination))
    assert (found.ttl if sent.family is Family.IPV4 else found.hlim) == 255
    assert scapy_values(found[kind], sent.advertisement.version) == sent.advertisement


@settings(max_examples=60, deadline=None)
@given(sendable())
def test_scapy_builds_the_same_message(sent: Sent) -> None:
    message = encode(sent.advertisement, sent.source, sent.destination, PSEUDO_HEADER)
    header = 20 if sent.family is Family.IPV4 else 40
    assert bytes(scapy_packet(sent))[header:] == message


def test_scapy_reads_our_gratuitous_arp_and_we_read_its_reply() -> None:
    address = IPv4Address("192.0.2.254")
    found = Ether(gratuitous_arp(address, MAC))
    assert (found.dst, found.src) == ("ff:ff:ff:ff:ff:ff", "02:00:00:00:00:01")
    assert (found[ARP].op, found[ARP].psrc, found[ARP].pdst) == (1, "192.0.2.254", "192.0.2.254")
    assert (found[ARP].hwsrc, found[ARP].hwdst) == ("02:00:00:00:00:01", "02:00:00:00:00:01")
    reply = Ether(src="02:00:00:00:00:01", dst="02:00:00:00:00:02") / ARP(
        op=2, hwsrc="02:00:00:00:00:01", psrc="192.0.2.254", pdst="192.0.2.9"
    )
    assert arp_claim(bytes(reply)) == (address, MAC)


# --- tshark -----------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ChecksumForm)
def test_tshark_accepts_the_vectors(form: ChecksumForm, tmp_path: Path) -> None:
    vectors = [
        vector
        for vector in MESSAGES
        if vector.form is form
        or vector.advertisement.version is Version.V2
        or vector.family is Family.IPV6
    ]
    frames = [
        frame(
            advertisement_packet(
                vector.advertisement, vector.source, vector.destination, vector.form
            ),
            vector.family,
        )
        for vector in vectors
    ]
    rows = dissect(tmp_path / "vectors.pcap", frames, message_only=form is MESSAGE_ONLY)
    assert len(rows) >= 9
    for row in rows:
        assert row["vrrp.checksum.status"] == GOOD
        assert row["_ws.malformed"] == ""
        assert row["ip.checksum.status"] == (GOOD if row["ip.src"] else "")


@dataclass(frozen=True)
class Case:
    packet: bytes
    family: Family


def flipped(octets: bytes, bit: int) -> bytes:
    changed = bytearray(octets)
    changed[bit // 8 % len(octets)] ^= 0x80 >> bit % 8
    return bytes(changed)


@st.composite
def anything_like_an_advertisement(draw: st.DrawFn) -> Case:
    """Draw a sendable advertisement, often with one fault that most checks do not find."""
    sent = draw(sendable(most_addresses=4))
    v4 = sent.family is Family.IPV4
    message = encode(sent.advertisement, sent.source, sent.destination, sent.form)
    faults = ("none", "none", "message", "header", "values", "length", "ttl", "padding", "packet")
    fault = draw(st.sampled_from(faults))
    if fault == "message":
        message = flipped(message, draw(st.integers(0, len(message) * 8 - 1)))
    if fault == "header":
        field = draw(st.sampled_from((0, 1, 2, 3, 4, 5)))
        message = message[:field] + draw(st.binary(min_size=1, max_size=1)) + message[field + 1 :]
    if fault == "length":
        message = message[: draw(st.integers(0, len(message)))] + draw(st.binary(max_size=9))
    if fault == "values":
        message = draw(
            st.sampled_from(
                (
                    message[:4] + bytes(2) + message[6:],
                    message[:3] + bytes(1) + message[4:8],
                    message[:3] + bytes(1) + message[4:],
                    bytes((message[0] ^ 0x10,)) + message[1:],
                    bytes((message[0] ^ 0x03,)) + message[1:],
                    message[:8] + message[-4:] * (len(message[8:]) // 4),
                )
            )
        )
    if fault in {"header", "length", "values"} and len(message) >= 8:
        pseudo = b""
        if not v4 or (sent.form is PSEUDO_HEADER and message[0] >> 4 == 3):
            pseudo = pseudo_header(sent.source, sent.destination, len(message))
        message = with_checksum(message, pseudo)
    ttl = draw(st.integers(0, 255)) if fault == "ttl" else 255
    source, destination = str(sent.source), str(sent.destination)
    if v4:
        packet = ipv4(message, source=source, destination=destination, ttl=ttl)
    else:
        packet = ipv6(message, source=source, destination=destination, hop_limit=ttl)
    if fault == "packet":
        packet = flipped(packet, draw(st.integers(0, len(packet) * 8 - 1)))
    if fault == "padding":
        packet += draw(st.binary(min_size=1, max_size=20))
    return Case(packet, sent.family)


def drawn_cases(number: int) -> list[Case]:
    cases: list[Case] = []

    @settings(max_examples=number, deadline=None, database=None, phases=[Phase.generate])
    @given(anything_like_an_advertisement())
    def collect(case: Case) -> None:
        cases.append(case)

    collect()
    return cases


def tshark_accepts(row: dict[str, str], family: Family, *, checksum_is_good: bool) -> bool:
    """Apply the receive checks to the fields that tshark read, never to the octets."""
    v4 = family is Family.IPV4
    if not row["vrrp.version"] or row["_ws.malformed"]:
        return False
    version, count = int(row["vrrp.version"]), int(row["vrrp.addr_count"])
    if v4:
        octets = int(row["ip.len"]) - int(row["ip.hdr_len"])
        around = (row["ip.version"], row["ip.ttl"], row["ip.checksum.status"]) == ("4", "255", GOOD)
    else:
        octets = int(row["ipv6.plen"])
        around = (row["ipv6.version"], row["ipv6.hlim"]) == ("6", "255")
    wanted = 8 + count * (4 if v4 else 16) + (8 if version == 2 else 0)
    right = around and row["vrrp.type"] == "1" and octets == wanted and checksum_is_good
    if version == 2:
        return right and v4
    # A first address that is not link-local is told and accepted, as keepalived does it.
    interval_fits = row["vrrp.short_adver_int"] != "0"
    return right and version == 3 and count > 0 and interval_fits


def as_tshark_prints(found: Examined) -> dict[str, str]:
    advertisement = found.advertisement
    v2 = advertisement.version is Version.V2
    v4 = isinstance(found.source, IPv4Address)
    listed = ",".join(str(address) for address in advertisement.addresses)
    return {
        "ip.src" if v4 else "ipv6.src": str(found.source),
        "vrrp.version": str(int(advertisement.version)),
        "vrrp.virt_rtr_id": str(advertisement.vrid),
        "vrrp.prio": str(advertisement.priority),
        "vrrp.addr_count": str(len(advertisement.addresses)),
        "vrrp.auth_type": str(advertisement.auth_type) if v2 else "",
        "vrrp.adver_int": str(advertisement.interval // 1_000_000_000) if v2 else "",
        "vrrp.short_adver_int": "" if v2 else str(advertisement.interval // 10_000_000),
        "vrrp.ip_addr": listed if v4 else "",
        "vrrp.ipv6_addr": "" if v4 else listed,
    }


def same_text(row: dict[str, str], wanted: dict[str, str]) -> dict[str, str]:
    """Return *row* at the keys of *wanted*, IPv6 addresses in the spelling of Python."""
    kept = {key: row[key] for key in wanted}
    for key in kept.keys() & {"ipv6.src", "vrrp.ipv6_addr"}:
        kept[key] = ",".join(str(IPv6Address(a)) for a in kept[key].split(",") if a)
    return kept


def test_tshark_and_pyvrrp_accept_the_same_packets_with_the_same_values(tmp_path: Path) -> None:
    cases = drawn_cases(250)
    frames = [frame(case.packet, case.family) for case in cases]
    pseudo_rows = dissect(tmp_path / "pseudo.pcap", frames)
    plain_rows = dissect(tmp_path / "plain.pcap", frames, message_only=True)
    accepted = refused = 0
    for case, pseudo, plain in zip(cases, pseudo_rows, plain_rows, strict=True):
        found = examine(case.packet, case.family)
        forms = {
            form
            for form, row in ((PSEUDO_HEADER, pseudo), (MESSAGE_ONLY, plain))
            if row["vrrp.checksum.status"] == GOOD
        }
        good = tshark_accepts(pseudo, case.family, checksum_is_good=bool(forms))
        assert isinstance(found, Examined) == good, f"{found} {pseudo} {case.packet.hex()}"
        if isinstance(found, Discarded):
            refused += 1
            continue
        accepted += 1
        wanted = as_tshark_prints(found)
        assert same_text(pseudo, wanted) == wanted
        assert found.checksum_forms in (frozenset(), frozenset(forms))
    assert accepted >= 50
    assert refused >= 50


def test_tshark_and_pyvrrp_both_find_a_wrong_checksum(tmp_path: Path) -> None:
    vectors = [replace(v, octets=v.octets[:6] + b"\x12\x34" + v.octets[8:]) for v in MESSAGES]
    packets = [ipv4(v.octets) if v.family is Family.IPV4 else ipv6(v.octets) for v in vectors]
    frames = [frame(p, v.family) for p, v in zip(packets, vectors, strict=True)]
    for row in dissect(tmp_path / "wrong.pcap", frames):
        assert row["vrrp.checksum.status"] == "0"
    for packet, vector in zip(packets, vectors, strict=True):
        found = examine(packet, vector.family)
        assert isinstance(found, Discarded)
        assert found.reason is DiscardReason.CHECKSUM


def test_tshark_understands_our_announcements(tmp_path: Path) -> None:
    v4, v6 = IPv4Address("192.0.2.254"), IPv6Address("2001:db8::254")
    announcement = unsolicited_neighbor_advertisement(v6, MAC)
    frames = [
        gratuitous_arp(v4, MAC),
        arp_probe(v4, MAC),
        announcement,
        neighbor_solicitation_probe(v6, MAC),
    ]
    arp, probe, advertised, solicited = dissect(tmp_path / "announcements.pcap", frames)
    assert (arp["arp.isgratuitous"], arp["arp.opcode"]) == ("1", "1")
    assert (probe["arp.isprobe"], probe["arp.opcode"]) == ("1", "1")
    assert advertised["icmpv6.nd.na.target_address"] == "2001:db8::254"
    assert advertised["icmpv6.opt.linkaddr"] == "02:00:00:00:00:01"
    flags = [advertised[f"icmpv6.nd.na.flag.{name}"] for name in "rso"]
    assert flags == ["1", "0", "1"]
    assert solicited["icmpv6.nd.ns.target_address"] == "2001:db8::254"
    assert [row["icmpv6.checksum.status"] for row in (advertised, solicited)] == [GOOD, GOOD]
    assert all(row["_ws.malformed"] == "" for row in (arp, probe, advertised, solicited))
    assert neighbor_claim(announcement) == (v6, MAC)
