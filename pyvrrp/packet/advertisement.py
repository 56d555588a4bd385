"""One VRRP advertisement, as values."""

from dataclasses import dataclass

from pyvrrp.identity import Address, Version
from pyvrrp.units import Nanoseconds


@dataclass(frozen=True, slots=True)
class Advertisement:
    """The only packet type VRRP has (RFC 9568 section 5.2, RFC 3768 section 5.1).

    ``auth_type`` and ``auth_data`` exist on the wire in VRRPv2 only (RFC 2338 section 5.3.6);
    ``auth_data`` is the 8 octets as sent.
    """

    version: Version
    vrid: int
    priority: int
    interval: Nanoseconds
    addresses: tuple[Address, ...]
    auth_type: int = 0
    auth_data: bytes = b""
