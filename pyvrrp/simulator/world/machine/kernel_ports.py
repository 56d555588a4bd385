"""The kernel of a machine as one process reaches it: its addresses and its interfaces."""

from collections.abc import Callable, Collection, Sequence

from pyvrrp.config.model.addresses import Shapes
from pyvrrp.errors import KernelError
from pyvrrp.identity import InterfaceAddress, Place
from pyvrrp.ports import Addresses, AddressLease, Done, Handle, InterfaceState, Links
from pyvrrp.simulator.world.machine.kernel import AddressChange, AddressRequest, SimulatedKernel
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
        shapes: Shapes = (),  # noqa: ARG002 - the simulated kernel has none
    ) -> None:
        """Queue a request."""
        self._ask(AddressChange(place, tuple(addresses), lifetime, until), done)

    def renew(
        self,
        netns: str,  # noqa: ARG002 - the places name it
        leases: Sequence[AddressLease],
        done: Callable[[Sequence[KernelError | None]], None],
    ) -> None:
        """Queue one request for all."""
        changes = (
            AddressChange(one.place, one.addresses, one.lifetime, one.until) for one in leases
        )
        self._kernel.request(AddressRequest(self._process, tuple(changes), done))

    def ensure_absent(
        self, place: Place, addresses: Collection[InterfaceAddress], done: Done
    ) -> None:
        """Queue a request."""
        self._ask(AddressChange(place, tuple(addresses), None), done)

    def _ask(self, change: AddressChange, done: Done) -> None:
        self._kernel.request(AddressRequest(self._process, (change,), lambda es: done(es[0])))


class ProcessLinks(Links):
    """The links port of one process."""

    def __init__(self, kernel: SimulatedKernel, process: SimulatedProcess) -> None:
        self._kernel = kernel
        self._process = process

    def watch(self, place: Place, changed: Callable[[InterfaceState], None]) -> Handle:
        """Watch one interface."""
        return self._kernel.watch(self._process, place, changed)
