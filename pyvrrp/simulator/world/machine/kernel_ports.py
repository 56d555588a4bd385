"""The kernel of a machine as one process reaches it: its addresses and its interfaces."""

from collections.abc import Callable, Collection

from pyvrrp.identity import Place
from pyvrrp.ports import Addresses, Done, Handle, InterfaceAddress, InterfaceState, Links
from pyvrrp.simulator.world.machine.kernel import AddressRequest, SimulatedKernel
from pyvrrp.simulator.world.machine.process import SimulatedProcess
from pyvrrp.units import Nanoseconds


class ProcessAddresses(Addresses):
    """The addresses port of one process."""

    def __init__(self, kernel: SimulatedKernel, process: SimulatedProcess) -> None:
        self._kernel = kernel
        self._process = process

    def ensure_present(
        self,
        place: Place,
        addresses: Collection[InterfaceAddress],
        lifetime: int,
        done: Done,
        *,
        until: Nanoseconds | None = None,
    ) -> None:
        """Queue a request."""
        request = AddressRequest(self._process, place, tuple(addresses), lifetime, done, until)
        self._kernel.request(request)

    def ensure_absent(
        self, place: Place, addresses: Collection[InterfaceAddress], done: Done
    ) -> None:
        """Queue a request."""
        self._kernel.request(AddressRequest(self._process, place, tuple(addresses), None, done))


class ProcessLinks(Links):
    """The links port of one process."""

    def __init__(self, kernel: SimulatedKernel, process: SimulatedProcess) -> None:
        self._kernel = kernel
        self._process = process

    def watch(self, place: Place, changed: Callable[[InterfaceState], None]) -> Handle:
        """Watch one interface."""
        return self._kernel.watch(self._process, place, changed)
