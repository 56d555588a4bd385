"""The IP packet of an advertisement. The last packets are kept and found again by value."""

from functools import lru_cache

from pyvrrp.identity import Address
from pyvrrp.packet.advertisement import Advertisement
from pyvrrp.packet.checksum import ChecksumForm
from pyvrrp.packet.datagram import build_datagram
from pyvrrp.packet.encode import encode

REMEMBERED = 1024


def advertisement_packet(
    advertisement: Advertisement, source: Address, destination: Address, form: ChecksumForm
) -> bytes:
    """Return the IP packet with TTL or hop limit 255.

    Raise MalformedAdvertisementError for values that the format cannot express.
    """
    return _packet(advertisement, source, destination, form)


@lru_cache(maxsize=REMEMBERED)
def _packet(
    advertisement: Advertisement, source: Address, destination: Address, form: ChecksumForm
) -> bytes:
    return build_datagram(encode(advertisement, source, destination, form), source, destination)
