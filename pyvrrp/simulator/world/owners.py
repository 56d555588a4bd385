"""Who has which address in a simulated segment, as its clients find out."""

from pyvrrp.identity import InterfaceAddress
from pyvrrp.simulator.judges.facts import ObservedSegment


class SegmentOwners:
    """Answers the questions of clients from what is true."""

    def __init__(self, segment: ObservedSegment) -> None:
        self._segment = segment

    def host_of(self, mac: bytes) -> str | None:
        """Return whose interface has this address."""
        place = self._segment.place
        for name, node in self._segment.nodes.items():
            interface = node.kernel.interfaces[place]
            if interface.exists and interface.mac == mac:
                return name
        return None

    def answers(self, host: str, address: InterfaceAddress) -> bool:
        """Return whether the kernel of that machine answers for the address."""
        kernel = self._segment.nodes[host].kernel
        return not kernel.suspended and kernel.holds(self._segment.place, address)

    def holders(self, address: InterfaceAddress) -> list[str]:
        """Return who would answer a question."""
        return [name for name in self._segment.nodes if self.answers(name, address)]

    def mac_of(self, host: str) -> bytes:
        """Return the hardware address there."""
        return self._segment.nodes[host].kernel.interfaces[self._segment.place].mac
