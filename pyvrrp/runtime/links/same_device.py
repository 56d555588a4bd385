"""Names of the configuration that stand for one and the same interface.

An alternative name, or a network namespace under two names, is found out only when the interface is
there. Two virtual routers with the same VRID on it would be rivals in one process.
"""

from collections import defaultdict
from collections.abc import Sequence
from typing import Generic, Protocol, TypeAlias, TypeVar

from pyvrrp.identity import Family, Place

Device: TypeAlias = tuple[int, int]  # network namespace and index


class Named(Protocol):
    """An interface under one of its names."""

    place: Place

    def uses(self, family: Family, vrid: int) -> bool:
        """Return whether a virtual router with this VRID is on it under this name."""

    def look_again(self) -> None:
        """Tell the virtual routers the state once more: another name of the interface has gone."""


N = TypeVar("N", bound=Named)


class Devices(Generic[N]):
    """The interfaces of all names, by what they are. The name that was there first counts."""

    def __init__(self) -> None:
        self._names: dict[Device, list[N]] = defaultdict(list)
        self._device_of: dict[Place, Device] = {}

    def note(self, named: N, device: Device | None) -> None:
        """Take note that *named* is this *device* now; None: it is not there."""
        before = self._device_of.get(named.place)
        if before == device:
            return
        if before is not None:
            del self._device_of[named.place]
            self._names[before].remove(named)
        if device is not None:
            self._device_of[named.place] = device
            self._names[device].append(named)
        if before is not None:
            for other in tuple(self._names[before]):
                other.look_again()
            if not self._names[before]:
                del self._names[before]

    def all_names_of(self, named: N) -> Sequence[N]:
        """Return everything that is the same device as *named*, itself included."""
        device = self._device_of.get(named.place)
        return (named,) if device is None else tuple(self._names[device])

    def refusal(self, named: N, family: Family, vrid: int) -> str:
        """Return why a virtual router cannot be on *named*, in words; empty: it can."""
        for other in self.all_names_of(named):
            if other is named:
                break
            if other.uses(family, vrid):
                return (
                    f"{named.place} and {other.place} are one interface, and there VRID {vrid} "
                    f"over {family.label} is in use already"
                )
        return ""
