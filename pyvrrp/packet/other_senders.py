"""What other programs send as IP protocol 112, or around it, that is not VRRP as the RFCs have it.

Each is recognised, so that a log line can name it. Nothing in such a packet was verified.
"""

from pyvrrp.identity import Family, Version
from pyvrrp.packet.advertisement import Advertisement
from pyvrrp.packet.datagram import Datagram
from pyvrrp.packet.decode import decode
from pyvrrp.packet.layout import ADVERTISEMENT, TTL, message_length

# CARP has the version and type of VRRPv2, then the numbers of its own header.
CARP_OCTETS = 36
CARP_AUTHENTICATION_WORDS = 7  # where VRRP has the number of addresses

AUTHENTICATION_NAMES = {
    2: "AH, an authentication header of IPsec",
    254: "MD5 of Cisco",
}


def is_carp(datagram: Datagram) -> bool:
    """Return whether the message is one of CARP, the Common Address Redundancy Protocol."""
    message = datagram.payload
    return (
        _is_v2(datagram) and len(message) == CARP_OCTETS and message[3] == CARP_AUTHENTICATION_WORDS
    )


def authentication_name(number: int) -> str:
    """Return the number of an authentication type of VRRPv2, with its name if it has one."""
    name = AUTHENTICATION_NAMES.get(number)
    return f"{number} ({name})" if name else str(number)


def with_longer_authentication(datagram: Datagram) -> Advertisement | None:
    """Return what a VRRPv2 message says that ends with more authentication data than 8 octets.

    None: it is no such message. Cisco sends such messages with authentication type 254.
    """
    message = datagram.payload
    length = message_length(Version.V2, message[3], Family.IPV4)
    if not _is_v2(datagram) or len(message) <= length or not message[3]:
        return None
    if message[4] not in AUTHENTICATION_NAMES or not is_from_this_link(datagram):
        return None
    return decode(message[:length], Family.IPV4)


def is_from_this_link(datagram: Datagram) -> bool:
    """Return whether no router can have forwarded it."""
    return datagram.ttl == TTL


def _is_v2(datagram: Datagram) -> bool:
    return datagram.family is Family.IPV4 and datagram.payload[0] == Version.V2 << 4 | ADVERTISEMENT
