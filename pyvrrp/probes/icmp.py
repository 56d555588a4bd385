"""ICMP echo (RFC 792, RFC 4443 section 4): the request, the reply, and errors."""

import struct
from dataclasses import dataclass

from pyvrrp.clients.rights.ping_socket import ECHO_REPLY
from pyvrrp.identity import Family
from pyvrrp.packet.checksum import internet_checksum

_HEADER = struct.Struct("!BBHHH")  # type, code, checksum, identifier, sequence number
_REQUEST = {Family.IPV4: 8, Family.IPV6: 128}
_IPV4_WORDS = {
    3: "host unreachable",
    11: "time to live exceeded",
}
_IPV4_CODES = {
    0: "network unreachable",
    2: "ICMP unreachable",
    9: "network prohibited",
    10: "host prohibited",
    13: "communication prohibited",
}
_IPV6_WORDS = {1: "host unreachable", 3: "hop limit exceeded"}
_IPV6_CODES = {0: "no route", 1: "communication prohibited", 4: "port unreachable"}


@dataclass(frozen=True, slots=True)
class Echo:
    """One echo request. Its random *token* is different from that of all others."""

    family: Family
    identifier: int
    token: bytes

    def request(self) -> bytes:
        """Return the message to send. For IPv6 the kernel fills in the checksum."""
        kind = _REQUEST[self.family]
        message = _HEADER.pack(kind, 0, 0, self.identifier, 1) + self.token
        if self.family is Family.IPV6:
            return message
        checksum = internet_checksum(message)
        return _HEADER.pack(kind, 0, checksum, self.identifier, 1) + self.token

    def is_answered_by(self, packet: bytes) -> bool:
        """Return whether *packet*, received from a raw socket of the family, is the reply."""
        message = packet
        if self.family is Family.IPV4:
            message = packet[4 * (packet[0] & 0xF) :] if packet else b""
            if internet_checksum(message) != 0:
                return False
        return self._is_this(message, ECHO_REPLY[self.family])

    def is_quoted_in(self, message: bytes) -> bool:
        """Return whether *message*, which an ICMP error quotes, is the request."""
        return self._is_this(message, _REQUEST[self.family], quoted=True)

    def _is_this(self, message: bytes, kind: int, *, quoted: bool = False) -> bool:
        if len(message) < _HEADER.size:
            return False
        found, code, _, identifier, sequence = _HEADER.unpack_from(message)
        if (found, code, identifier, sequence) != (kind, 0, self.identifier, 1):
            return False
        payload = message[_HEADER.size :]
        # By RFC 792 a router may quote only the first 8 octets, which contain no token.
        return self.token.startswith(payload) if quoted else payload == self.token


def error_in_words(family: Family, kind: int, code: int) -> str:
    """Return the meaning of an ICMP error; empty if a reply may still come after it."""
    words, codes, unreachable = (
        (_IPV4_WORDS, _IPV4_CODES, 3) if family is Family.IPV4 else (_IPV6_WORDS, _IPV6_CODES, 1)
    )
    if kind not in words:
        return ""
    return codes.get(code, words[kind]) if kind == unreachable else words[kind]
