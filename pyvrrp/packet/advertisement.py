"""The values of one VRRP advertisement."""

from dataclasses import dataclass

from pyvrrp.identity import Address, Version
from pyvrrp.units import Nanoseconds


@dataclass(frozen=True, slots=True)
class Advertisement:
    """One advertisement (RFC 9568 section 5.2, RFC 3768 section 5.1).

    ``vrid`` is 1 to 255. ``priority`` is 0 when a master gives up, 1 to 254 for a node that does
    not own the addresses, 255 for the owner. ``auth_type`` and ``auth_data`` exist in VRRPv2 only
    (RFC 2338 section 5.3.6); ``auth_data`` is the 8 octets as they are sent.
    """

    version: Version
    vrid: int
    priority: int
    interval: Nanoseconds
    addresses: tuple[Address, ...]
    auth_type: int = 0
    auth_data: bytes = b""
