"""The newest advertisement that was accepted from another router."""

from dataclasses import dataclass

from pyvrrp.identity import Address
from pyvrrp.units import Nanoseconds


@dataclass(frozen=True, slots=True)
class LastHeard:
    """The newest advertisement accepted from another router."""

    sender: Address
    priority: int
    interval: Nanoseconds
    at: Nanoseconds
