"""Which node has which address in a simulated segment, as its clients find out."""

from collections.abc import Mapping

from pyvrrp.identity import InterfaceAddress, Place
from pyvrrp.simulator.world.machine.kernel import SimulatedKernel


class AddressOwners:
    """Answers the questions of clients from the kernels of the nodes on the segment."""

    def __init__(self, place: Place, kernels: Mapping[str, SimulatedKernel]) -> None:
        self._place = place
        self._kernels = kernels

    def host_of(self, mac: bytes) -> str | None:
        """Return the node whose interface has this hardware address now."""
        for name, kernel in self._kernels.items():
            interface = kernel.interfaces[self._place]
            if interface.exists and interface.mac == mac:
                return name
        return None

    def answers(self, host: str, address: InterfaceAddress) -> bool:
        """Return whether the kernel of that node answers for the address."""
        kernel = self._kernels[host]
        return not kernel.suspended and kernel.holds(self._place, address)

    def holders(self, address: InterfaceAddress) -> list[str]:
        """Return all nodes whose kernel answers for it, in order."""
        return [name for name in self._kernels if self.answers(name, address)]

    def mac_of(self, host: str) -> bytes:
        """Return the hardware address of that node on this segment."""
        return self._kernels[host].interfaces[self._place].mac
