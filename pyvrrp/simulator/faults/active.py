"""The faults that are under way."""

from collections.abc import Iterator

from pyvrrp.simulator.scenario.fault import Fault, FaultKind


class ActiveFaults:
    """The faults that have begun and not ended, in the order in which they began."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []

    def __iter__(self) -> Iterator[Fault]:
        return iter(self._faults)

    def begin(self, fault: Fault) -> None:
        """Count *fault* in."""
        self._faults.append(fault)

    def end(self, fault: Fault) -> None:
        """Count *fault* out."""
        self._faults.remove(fault)

    def on(self, host: str, kind: FaultKind) -> Iterator[Fault]:
        """Yield those of one kind on one host."""
        return (fault for fault in self._faults if fault.kind is kind and fault.node == host)
