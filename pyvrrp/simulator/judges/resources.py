"""Judges resources: in order up, in reverse down, and with a lease in etcd never on two nodes."""

from collections.abc import Callable

from pyvrrp.identity import InterfaceAddress
from pyvrrp.simulator.judges.facts import Facts
from pyvrrp.simulator.judges.invariants import InvariantName
from pyvrrp.simulator.judges.observed_router import ObservedRouter
from pyvrrp.simulator.judges.verdicts import Verdicts


class ResourceJudge:
    """Knows what runs where. What has died by itself is nobody's fault, until it is stopped."""

    def __init__(self, facts: Facts, verdicts: Verdicts) -> None:
        self._facts = facts
        self._require = verdicts.require
        self._note: Callable[[str, str, str], None] = lambda _who, _what, _text: None
        self._dead: set[tuple[str, str]] = set()

    def watch(self, note: Callable[[str, str, str], None]) -> None:
        """Hear from all machines from now on; *note* writes down what they do."""
        self._note = note
        for node in self._facts.nodes.values():
            node.machine.observer = self

    def resource_changed(self, node: str, resource: str, *, runs: bool) -> None:
        """A resource was started or stopped."""
        self._note(node, "resource", f"{'starts' if runs else 'stops'} {resource}")
        for seat in self._seats(node, resource):
            names = seat.config.resources
            at = names.index(resource)
            if runs:
                self._dead.discard((node, resource))
                missing = [one for one in names[:at] if not self._runs(node, one)]
                self._require(
                    not missing,
                    InvariantName.IN_ORDER,
                    seat.who,
                    f"{resource} was started without {', '.join(missing)}",
                )
                self._judge_exclusive(seat, resource)
            else:
                above = [one for one in names[at + 1 :] if one in seat.node.machine.running]
                self._require(
                    not above,
                    InvariantName.IN_ORDER,
                    seat.who,
                    f"{resource} was stopped under {', '.join(above)}",
                )

    def resource_stopping(self, node: str, resource: str) -> None:
        """The daemon begins to stop a resource."""
        for seat in self._seats(node, resource):
            held = ", ".join(map(str, seat.held))
            self._require(
                not held,
                InvariantName.ADDRESS_LAST,
                seat.who,
                f"stops {resource} while it holds {held}",
            )

    def resource_died(self, node: str, resource: str) -> None:
        """A resource has ended by itself."""
        self._note(node, "resource", f"{resource} dies")
        self._dead.add((node, resource))

    def gained(self, seat: ObservedRouter, address: InterfaceAddress) -> None:
        """A node has got an address."""
        missing = [one for one in seat.config.resources if not self._runs(seat.node.name, one)]
        self._require(
            not missing,
            InvariantName.ADDRESS_LAST,
            seat.who,
            f"{address} came without {', '.join(missing)}",
        )

    def released(self, seat: ObservedRouter) -> None:
        """A node says that it is not master any more."""
        running = seat.node.machine.running.intersection(seat.config.resources)
        self._require(
            not running,
            InvariantName.RELEASED_LAST,
            seat.who,
            f"priority 0 while {', '.join(sorted(running))} runs",
        )

    def _judge_exclusive(self, seat: ObservedRouter, resource: str) -> None:
        if seat.config.etcd_lease is None:
            return
        nodes = sorted(
            other.node.name
            for other in self._facts.by_key[seat.key]
            if resource in other.node.machine.running
        )
        self._require(
            len(nodes) == 1,
            InvariantName.EXCLUSIVE,
            seat.who,
            f"{resource} runs on {' and '.join(nodes)}",
        )

    def _runs(self, node: str, resource: str) -> bool:
        machine = self._facts.nodes[node].machine
        return resource in machine.running or (node, resource) in self._dead

    def _seats(self, node: str, resource: str) -> list[ObservedRouter]:
        return [
            seat
            for (name, _), seat in self._facts.seats.items()
            if name == node and resource in seat.config.resources
        ]
