"""What one captured packet says as an advertisement, however broken it is: values, JSON, text.

``decode`` and ``sniff`` print this. Whether it is valid is the receive checks' judgement; what
they refuse is shown as far as it can be read.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from ipaddress import IPv4Address, IPv6Address

from pyvrrp.identity import Address, Family, Version
from pyvrrp.packet.checksum import ChecksumForm, checksum
from pyvrrp.packet.layout import (
    ADVERTISEMENT,
    HEADER,
    LARGEST_SECONDS,
    RESERVE_MASK,
    VRRP_PROTOCOL,
    group_of,
    interval_unit,
    versions_of,
)
from pyvrrp.packet.reception import Discarded, DiscardReason, Examined, Expectation, admit, examine
from pyvrrp.units import MILLISECOND, SECOND, Nanoseconds, in_words, to_seconds

# What may stand before VRRP: IPv6 options and routing, and the authentication header of RFC 2338.
_OPTION_HEADERS = frozenset({0, 43, 60})
_FRAGMENT_HEADER = 44
_AUTHENTICATION_HEADER = 51
_FRAGMENT_OFFSET = 0x1FFF
_IPV4_HEADER = 20
_IPV6_HEADER = 40
_YEAR_10000 = 253_402_300_800 * SECOND

_CHECKSUM_WORDS = {
    "rfc9568": "right without a pseudo-header (RFC 9568)",
    "rfc5798": "right with a pseudo-header (RFC 5798, keepalived, FRR)",
    "ok": "right",
    "bad": "wrong",
}
_PRIORITY_WORDS = {0: " (is leaving)", 255: " (owns the addresses)"}
_AUTHENTICATION_WORDS = {1: " (plain password)", 2: " (authentication header)"}


@dataclass(frozen=True, slots=True)
class Explanation:
    """One VRRP packet; what could not be read is None. *details* explain *problems*, in order."""

    time: Nanoseconds | None
    source: Address
    destination: Address
    ttl: int
    version: int | None = None
    type: int | None = None
    vrid: int | None = None
    priority: int | None = None
    interval: Nanoseconds | None = None
    addresses: tuple[Address, ...] = ()
    auth_type: int | None = None
    checksum: str | None = None
    problems: tuple[DiscardReason, ...] = ()
    details: tuple[str, ...] = ()

    @property
    def valid(self) -> bool:
        """Whether some virtual router could accept it."""
        return not self.problems


@dataclass(frozen=True, slots=True)
class _Envelope:
    """An IP header as it stands, right or wrong, and what follows it."""

    source: Address
    destination: Address
    ttl: int
    protocol: int
    payload: bytes


def explain(packet: bytes, family: Family, time: Nanoseconds | None = None) -> Explanation | None:
    """Return what the IP *packet* says, or None when it does not carry VRRP. Never raises."""
    envelope = _envelope(packet, family)
    message = _vrrp_message(envelope) if envelope else None
    if envelope is None or message is None:
        return None
    problem = _problem(packet, family)
    problems, details = ((problem.reason,), (problem.detail,)) if problem else ((), ())
    header = (time, envelope.source, envelope.destination, envelope.ttl)
    if len(message) < HEADER.size:
        return Explanation(*header, problems=problems, details=details)
    version_type, vrid, priority, count, auth_interval, _checksum = HEADER.unpack_from(message)
    number = version_type >> 4
    return Explanation(
        *header,
        version=number,
        type=version_type & 0x0F,
        vrid=vrid,
        priority=priority,
        interval=_interval(number, auth_interval),
        addresses=_addresses(message, count, family),
        auth_type=auth_interval >> 8 if number == Version.V2 else None,
        checksum=_checksum_verdict(message, number, family, envelope),
        problems=problems,
        details=details,
    )


def as_json(explanation: Explanation) -> dict[str, object]:
    """Return the fields that ``decode --json`` and ``sniff --json`` print."""
    time, interval = explanation.time, explanation.interval
    return {
        "time": None if time is None else to_seconds(time),
        "source": str(explanation.source),
        "destination": str(explanation.destination),
        "ttl": explanation.ttl,
        "version": explanation.version,
        "type": explanation.type,
        "vrid": explanation.vrid,
        "priority": explanation.priority,
        "interval_ms": None if interval is None else interval // MILLISECOND,
        "addresses": [str(address) for address in explanation.addresses],
        "auth_type": explanation.auth_type,
        "checksum": explanation.checksum,
        "valid": explanation.valid,
        "problems": [str(problem) for problem in explanation.problems],
    }


def as_text(explanation: Explanation) -> str:
    """Return *explanation* for people: one line, and indented lines below it."""
    begin = f"{_time_words(explanation.time)}{explanation.source} > {explanation.destination}"
    if explanation.version is None:
        lines = [f"{begin}: VRRP, too short to be read"]
    else:
        lines = [f"{begin}: {_headline(explanation)}", *_body(explanation)]
    lines += [
        f"INVALID {problem}: {detail}"
        for problem, detail in zip(explanation.problems, explanation.details, strict=True)
    ]
    return "\n    ".join(lines)


def _headline(explanation: Explanation) -> str:
    number = explanation.priority
    parts = [f"VRRPv{explanation.version}"]
    if explanation.type != ADVERTISEMENT:
        parts[0] += f" type {explanation.type}"
    parts += [
        f"VRID {explanation.vrid}",
        f"priority {number}{_PRIORITY_WORDS.get(number or 0, '')}",
    ]
    if explanation.interval is not None:
        parts.append(f"every {in_words(explanation.interval)}")
    return ", ".join(parts)


def _body(explanation: Explanation) -> list[str]:
    listed = ", ".join(str(address) for address in explanation.addresses) or "none"
    lines = [f"addresses: {listed}"]
    if explanation.checksum is not None:
        lines.append(f"checksum: {_CHECKSUM_WORDS[explanation.checksum]}")
    if explanation.auth_type:
        words = _AUTHENTICATION_WORDS.get(explanation.auth_type, "")
        lines.append(f"authentication: type {explanation.auth_type}{words}")
    family = Family.IPV4 if isinstance(explanation.source, IPv4Address) else Family.IPV6
    if explanation.destination != group_of(family):
        lines.append(f"destination: not the group {group_of(family)} (a unicast peer?)")
    return lines


def _time_words(time: Nanoseconds | None) -> str:
    if time is None:
        return ""
    if not 0 <= time < _YEAR_10000:
        return f"{to_seconds(time)} s "
    day = datetime.fromtimestamp(time // SECOND, UTC)
    return f"{day:%Y-%m-%d %H:%M:%S}.{time % SECOND // 1000:06d} "


def _envelope(packet: bytes, family: Family) -> _Envelope | None:
    if family is Family.IPV4 and len(packet) >= _IPV4_HEADER:
        begin = max(_IPV4_HEADER, (packet[0] & 0x0F) * 4)
        total = int.from_bytes(packet[2:4])
        # A later fragment begins in the middle of a message: nothing in it can be named.
        later = int.from_bytes(packet[6:8]) & _FRAGMENT_OFFSET
        source, destination = IPv4Address(packet[12:16]), IPv4Address(packet[16:20])
        payload = b"" if later else packet[begin:total]
        return _Envelope(source, destination, packet[8], packet[9], payload)
    if family is Family.IPV6 and len(packet) >= _IPV6_HEADER:
        total = _IPV6_HEADER + int.from_bytes(packet[4:6])
        sender, receiver = IPv6Address(packet[8:24]), IPv6Address(packet[24:40])
        return _Envelope(sender, receiver, packet[7], packet[6], packet[_IPV6_HEADER:total])
    return None


def _vrrp_message(envelope: _Envelope) -> bytes | None:
    protocol, payload = envelope.protocol, envelope.payload
    while protocol != VRRP_PROTOCOL:
        length = _extension_length(protocol, payload)
        if length is None:
            return None
        protocol, payload = payload[0], payload[length:]
    return payload


def _extension_length(protocol: int, payload: bytes) -> int | None:
    if len(payload) < 8:  # noqa: PLR2004 - no extension header is shorter
        return None
    if protocol in _OPTION_HEADERS:
        return (payload[1] + 1) * 8
    if protocol == _AUTHENTICATION_HEADER:
        return (payload[1] + 2) * 4
    return 8 if protocol == _FRAGMENT_HEADER else None


def _problem(packet: bytes, family: Family) -> Discarded | None:
    examined = examine(packet, family)
    if isinstance(examined, Discarded):
        return examined
    admitted = admit(examined, _mirror(examined))
    return admitted if isinstance(admitted, Discarded) else None


def _mirror(examined: Examined) -> Expectation:
    """Return what a router expects that is configured just as the advertisement says.

    What even that one would drop is wrong in itself.
    """
    advertisement = examined.advertisement
    nobody = IPv4Address(0) if isinstance(examined.source, IPv4Address) else IPv6Address(0)
    return Expectation(
        version=advertisement.version,
        primary_address=nobody,
        addresses=advertisement.addresses,
        interval=advertisement.interval,
        authentication=advertisement.auth_data if advertisement.auth_type else b"",
        peers=frozenset() if examined.destination.is_multicast else frozenset({examined.source}),
        min_ttl=examined.ttl,
    )


def _interval(version: int, field: int) -> Nanoseconds | None:
    if version == Version.V2:
        return Nanoseconds((field & LARGEST_SECONDS) * interval_unit(Version.V2))
    if version == Version.V3:
        return Nanoseconds((field & RESERVE_MASK) * interval_unit(Version.V3))
    return None


def _addresses(message: bytes, count: int, family: Family) -> tuple[Address, ...]:
    """Return the addresses that are there, at most as many as the message claims."""
    kind = IPv4Address if family is Family.IPV4 else IPv6Address
    there = min(count, (len(message) - HEADER.size) // family)
    starts = range(HEADER.size, HEADER.size + there * family, family)
    return tuple(kind(message[start : start + family]) for start in starts)


def _checksum_verdict(
    message: bytes, number: int, family: Family, envelope: _Envelope
) -> str | None:
    if number not in versions_of(family):
        return None
    version = Version(number)
    ends = (envelope.source, envelope.destination)
    right = [form for form in ChecksumForm if checksum(message, version, *ends, form) == 0]
    if not right:
        return "bad"
    return right[0].value if version is Version.V3 and family is Family.IPV4 else "ok"
