"""Explain one captured packet as an advertisement: as values, JSON or text.

The receive checks decide whether it is valid. A packet that they refuse is explained as far as it
can be read.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from ipaddress import IPv4Address, IPv6Address

from pyvrrp.identity import OWNER_PRIORITY, Address, Family, Version
from pyvrrp.packet.checksum import ChecksumForm, checksum
from pyvrrp.packet.decode import read_addresses
from pyvrrp.packet.layout import (
    ADVERTISEMENT,
    HEADER,
    LARGEST_SECONDS,
    RESERVE_MASK,
    VRRP_PROTOCOL,
    family_of,
    group_of,
    interval_unit,
    versions_of,
)
from pyvrrp.packet.reception import Discarded, DiscardReason, Examined, Expectation, admit, examine
from pyvrrp.units import MILLISECOND, SECOND, Nanoseconds, in_words, to_seconds

# Headers that may come before VRRP: IPv6 options and routing, the authentication of RFC 2338.
_OPTION_HEADERS = frozenset({0, 43, 60})
_FRAGMENT_HEADER = 44
_AUTHENTICATION_HEADER = 51
_FRAGMENT_OFFSET = 0x1FFF
_IPV4_HEADER = 20
_IPV6_HEADER = 40
_YEAR_10000 = 253_402_300_800 * SECOND

_CHECKSUM_WORDS = {
    "rfc9568": "correct without a pseudo-header (RFC 9568)",
    "rfc5798": "correct with a pseudo-header (RFC 5798, keepalived, FRR)",
    "ok": "correct",
    "bad": "wrong",
}
_PRIORITY_WORDS = {0: " (gives up)", OWNER_PRIORITY: " (owns the addresses)"}
_AUTHENTICATION_WORDS = {1: " (plain password)", 2: " (authentication header)"}


@dataclass(frozen=True, slots=True)
class Explanation:
    """One VRRP packet. What could not be read is None.

    *checksum* is ``ok`` or ``bad``; in VRRPv3 over IPv4 it is the form that is correct, or ``bad``.
    *details* explain *problems*, in the same order.
    """

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
        """Whether a virtual router with the right configuration accepts it."""
        return not self.problems


@dataclass(frozen=True, slots=True)
class _IpFields:
    """The fields of an IP header, which may be wrong, and the octets after it."""

    source: Address
    destination: Address
    ttl: int
    protocol: int
    payload: bytes


def explain(packet: bytes, family: Family, time: Nanoseconds | None = None) -> Explanation | None:
    """Return the explanation of an IP packet, or None if it does not carry VRRP. Never raises."""
    fields = _ip_fields(packet, family)
    message = _vrrp_message(fields) if fields else None
    if fields is None or message is None:
        return None
    problem = _problem(packet, family)
    problems, details = ((problem.reason,), (problem.detail,)) if problem else ((), ())
    header = (time, fields.source, fields.destination, fields.ttl)
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
        checksum=_checksum_form(message, number, family, fields),
        problems=problems,
        details=details,
    )


def as_json(explanation: Explanation) -> dict[str, object]:
    """Return *explanation* as values for JSON."""
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
    """Return *explanation* as one line of text with indented lines below it."""
    begin = f"{_time_words(explanation.time)}{explanation.source} > {explanation.destination}"
    if explanation.version is None:
        lines = [f"{begin}: VRRP, too short to read"]
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
    group = group_of(family_of(explanation.source))
    if explanation.destination != group:
        lines.append(f"destination: not the group {group} (a unicast peer?)")
    return lines


def _time_words(time: Nanoseconds | None) -> str:
    if time is None:
        return ""
    if not 0 <= time < _YEAR_10000:
        return f"{to_seconds(time)} s "
    day = datetime.fromtimestamp(time // SECOND, UTC)
    return f"{day:%Y-%m-%d %H:%M:%S}.{time % SECOND // 1000:06d} "


def _ip_fields(packet: bytes, family: Family) -> _IpFields | None:
    if family is Family.IPV4 and len(packet) >= _IPV4_HEADER:
        begin = max(_IPV4_HEADER, (packet[0] & 0x0F) * 4)
        total = int.from_bytes(packet[2:4])
        # Any fragment but the first begins in the middle of a message: it has no fields to read.
        later = int.from_bytes(packet[6:8]) & _FRAGMENT_OFFSET
        source, destination = IPv4Address(packet[12:16]), IPv4Address(packet[16:20])
        payload = b"" if later else packet[begin:total]
        return _IpFields(source, destination, packet[8], packet[9], payload)
    if family is Family.IPV6 and len(packet) >= _IPV6_HEADER:
        total = _IPV6_HEADER + int.from_bytes(packet[4:6])
        sender, receiver = IPv6Address(packet[8:24]), IPv6Address(packet[24:40])
        return _IpFields(sender, receiver, packet[7], packet[6], packet[_IPV6_HEADER:total])
    return None


def _vrrp_message(fields: _IpFields) -> bytes | None:
    protocol, payload = fields.protocol, fields.payload
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
    admitted = admit(examined, _matching_expectation(examined))
    return admitted if isinstance(admitted, Discarded) else None


def _matching_expectation(examined: Examined) -> Expectation:
    """Return the expectation of a router that is configured with the values of *examined*.

    If even that router discards the advertisement, no router accepts it.
    """
    advertisement = examined.advertisement
    addresses, begins_globally = advertisement.addresses, False
    if addresses and isinstance(addresses[0], IPv6Address) and not addresses[0].is_link_local:
        # The RFC has receivers drop it. pyvrrp does so only if it is told to be strict.
        addresses, begins_globally = (IPv6Address("fe80::"), *addresses), True
    unspecified = IPv4Address(0) if isinstance(examined.source, IPv4Address) else IPv6Address(0)
    if advertisement.version is Version.V3 and not addresses:
        # Only a router that has no addresses itself accepts a list without any.
        addresses = (unspecified,)
    return Expectation(
        version=advertisement.version,
        primary_address=unspecified,
        addresses=addresses,
        interval=advertisement.interval,
        authentication=advertisement.auth_data if advertisement.auth_type else b"",
        peers=frozenset() if examined.destination.is_multicast else frozenset({examined.source}),
        min_ttl=examined.ttl,
        strict=begins_globally,
    )


def _interval(version: int, field: int) -> Nanoseconds | None:
    if version == Version.V2:
        return Nanoseconds((field & LARGEST_SECONDS) * interval_unit(Version.V2))
    if version == Version.V3:
        return Nanoseconds((field & RESERVE_MASK) * interval_unit(Version.V3))
    return None


def _addresses(message: bytes, count: int, family: Family) -> tuple[Address, ...]:
    """Return the addresses in the message: as many as it is long enough for, at most *count*."""
    complete = min(count, (len(message) - HEADER.size) // family)
    return read_addresses(message, complete, family)


def _checksum_form(message: bytes, number: int, family: Family, fields: _IpFields) -> str | None:
    if number not in versions_of(family):
        return None
    version = Version(number)
    ends = (fields.source, fields.destination)
    correct = [form for form in ChecksumForm if checksum(message, version, *ends, form) == 0]
    if not correct:
        return "bad"
    return correct[0].value if version is Version.V3 and family is Family.IPV4 else "ok"
