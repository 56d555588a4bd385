"""Judges whether clients reach the node that has the address."""

from pyvrrp.identity import InterfaceAddress, VirtualRouterId
from pyvrrp.simulator.judges.events.handover import HandoverJudge
from pyvrrp.simulator.judges.observed.judge import Case, Judge
from pyvrrp.simulator.judges.observed.router import ObservedRouter
from pyvrrp.simulator.judges.observed.segment import ObservedSegment
from pyvrrp.simulator.judges.observed.since import FOREVER
from pyvrrp.simulator.judges.rules.bounds import NEIGHBOUR_AGE
from pyvrrp.simulator.judges.rules.invariants import InvariantName
from pyvrrp.simulator.judges.rules.shares import Suspension
from pyvrrp.simulator.world.network.client import SimulatedClient


class ClientJudge(Judge):
    """Judges the answers of one client."""

    def __init__(
        self, case: Case, client: SimulatedClient, handovers: HandoverJudge, longest_period: int
    ) -> None:
        super().__init__(case)
        self._client = client
        self._segment: ObservedSegment = case.facts.segments[client.place]
        self._handovers = handovers
        self._period = longest_period

    def reaches(self, router: VirtualRouterId, address: InterfaceAddress) -> int:
        """Judge whether it reaches the only node that has *address*."""
        first = FOREVER
        for group in self._segment.groups:
            clean = self._segment.hear_each_other((self._client.name, *group))
            members = self._facts.members_in(router, group)
            holders = [one for one in members if address in one.held]
            if clean is None or len(holders) != 1:
                continue
            others = (one for one in self._facts.by_id[router] if one.node.name not in group)
            if any(address in one.held for one in others):
                continue
            same, well = self._segment.groups.get(group), holders[0].interface.well_since()
            self._note(InvariantName.CLIENTS, Suspension.HOLDER if well is None else None)
            if well is not None:
                begun = max(clean, well, same or 0)
                first = min(first, self._reaches(holders[0], address, begun))
        return first

    def _reaches(self, holder: ObservedRouter, address: InterfaceAddress, clean: int) -> int:
        reached = self._client.reached.get(address)
        if reached == holder.node.name:
            return FOREVER
        held, own = holder.held[address], holder.own
        rivals = (one for one in self._facts.by_id[holder.id] if one.yielded_to in own)
        yielded = max((one.yielded_at for one in rivals), default=0)
        limit = self._bounds.clients(holder.id) + 2 * self._period
        # A client that did not hear the announcement asks again when its entry is old.
        if clean > held and yielded < clean:
            limit += int(NEIGHBOUR_AGE) + 2 * self._period
        begun = max(clean, held, yielded if yielded > clean else 0)
        return self._judge_duration(
            begun,
            limit,
            InvariantName.CLIENTS,
            self._client.name,
            f"{holder.node.name} has held {address} for {{}}, and the "
            f"client reaches {reached or 'no node'}",
        )

    def answered(self) -> int:
        """Judge whether a client gets an answer after a long time without disturbance."""
        nodes = [
            n for n, one in self._segment.interfaces.items() if one.node.awake_since is not None
        ]
        clean = self._segment.hear_each_other((self._client.name, *nodes))
        if clean is None or self._disturbances.unplanned_faults:
            return FOREVER
        rest, first = max(clean, self._disturbances.unplanned_until), FOREVER
        for (router, address), since in self._handovers.served.items():
            if router.place == self._client.place and self._client.reached.get(address) is None:
                first = min(first, self._answered(router, address, max(since, rest)))
        return first

    def _answered(self, router: VirtualRouterId, address: InterfaceAddress, begun: int) -> int:
        return self._judge_duration(
            begun,
            self._bounds.clients(router) + int(NEIGHBOUR_AGE) + 4 * self._client.period,
            InvariantName.NO_GAP,
            self._client.name,
            f"got no answer from {address}, which a node has had for {{}}",
        )
