"""Read frames with tshark, an independent decoder. It reads a file and never captures."""

import struct
import subprocess
from collections.abc import Sequence
from pathlib import Path

ETHERNET = 1
FIELDS = (
    "ip.version",
    "ip.len",
    "ip.hdr_len",
    "ip.ttl",
    "ip.checksum.status",
    "ip.src",
    "ipv6.version",
    "ipv6.plen",
    "ipv6.hlim",
    "ipv6.src",
    "vrrp.version",
    "vrrp.type",
    "vrrp.virt_rtr_id",
    "vrrp.prio",
    "vrrp.addr_count",
    "vrrp.auth_type",
    "vrrp.adver_int",
    "vrrp.short_adver_int",
    "vrrp.checksum.status",
    "vrrp.ip_addr",
    "vrrp.ipv6_addr",
    "arp.isgratuitous",
    "arp.isprobe",
    "arp.opcode",
    "icmpv6.type",
    "icmpv6.checksum.status",
    "icmpv6.nd.na.target_address",
    "icmpv6.nd.ns.target_address",
    "icmpv6.nd.na.flag.r",
    "icmpv6.nd.na.flag.s",
    "icmpv6.nd.na.flag.o",
    "icmpv6.opt.linkaddr",
    "_ws.malformed",
)
GOOD = "1"


def write_pcap(path: Path, frames: Sequence[bytes]) -> None:
    parts = [struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65_535, ETHERNET)]
    for second, frame in enumerate(frames):
        parts.append(struct.pack("<IIII", second, 0, len(frame), len(frame)) + frame)
    path.write_bytes(b"".join(parts))


def dissect(
    path: Path, frames: Sequence[bytes], *, message_only: bool = False
) -> list[dict[str, str]]:
    """Return the fields that tshark reads in each of *frames*.

    *message_only* has it verify checksums as in RFC 9568, otherwise as in RFC 5798.
    """
    write_pcap(path, frames)
    form = "TRUE" if message_only else "FALSE"
    command = ["tshark", "-n", "-r", str(path), "-T", "fields", "-E", "separator=|"]
    command += ["-o", f"vrrp.v3_checksum_as_in_v2:{form}"]
    command += ["-o", "ip.check_checksum:TRUE", "-o", "ip.defragment:FALSE"]
    for field in FIELDS:
        command += ["-e", field]
    found = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60)
    rows = [line.split("|") for line in found.stdout.splitlines()]
    assert len(rows) == len(frames)
    return [dict(zip(FIELDS, row, strict=True)) for row in rows]
