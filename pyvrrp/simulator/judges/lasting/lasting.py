"""All rules about how long something may last, and when they are judged."""

from collections.abc import Iterator
from functools import partial

from pyvrrp.identity import VirtualRouterId
from pyvrrp.simulator.judges.events.handover import HandoverJudge
from pyvrrp.simulator.judges.events.standing import StandingJudge
from pyvrrp.simulator.judges.lasting.backups import BackupJudge
from pyvrrp.simulator.judges.lasting.clients import ClientJudge
from pyvrrp.simulator.judges.lasting.fences import FenceJudge
from pyvrrp.simulator.judges.lasting.group import GroupJudge
from pyvrrp.simulator.judges.lasting.holders import HolderJudge
from pyvrrp.simulator.judges.lasting.masters import MasterJudge
from pyvrrp.simulator.judges.lasting.placement import PlacementJudge
from pyvrrp.simulator.judges.lasting.rules import LastingRules, Rule
from pyvrrp.simulator.judges.lasting.status import StatusJudge
from pyvrrp.simulator.judges.observed.judge import Case
from pyvrrp.simulator.judges.observed.router import ObservedRouter
from pyvrrp.simulator.judges.observed.since import FOREVER
from pyvrrp.simulator.judges.rules.invariants import InvariantName
from pyvrrp.simulator.world.network.client import SimulatedClient


class LastingJudges:
    """Judges every 250 ms, and at once before something changes that rules depend on."""

    def __init__(self, case: Case, standing: StandingJudge, handovers: HandoverJudge) -> None:
        self._facts = facts = case.facts
        self._shares = case.shares
        self._standing = standing
        self._handovers = handovers
        self._holders = HolderJudge(case)
        self._status = StatusJudge(case)
        self._groups = GroupJudge(case)
        self._fences = FenceJudge(case)
        self._masters = MasterJudge(case)
        self._backups = BackupJudge(case)
        self._placement = PlacementJudge(case)
        self._always = LastingRules(facts, case.engine, case.shares, self._all_rules())
        self._from_time_to_time = LastingRules(
            facts, case.engine, case.shares, self._periodic_rules()
        )
        self.clients: dict[SimulatedClient, LastingRules] = {}  # judged when the client has sent
        clients = [c for segment in facts.segments.values() for c in segment.clients.values()]
        longest_period = max((client.period for client in clients), default=0)
        for client in clients:
            judge = ClientJudge(case, client, handovers, longest_period)
            rules = (*self._client_rules(client, judge), judge.answered)
            self.clients[client] = LastingRules(facts, case.engine, case.shares, rules)

    def look(self) -> None:
        """Judge everything that lasts."""
        self._always.look()
        self._status.look()

    def look_from_time_to_time(self) -> None:
        """Judge everything that lasts, also what is not judged before each change."""
        self._always.look()
        self._status.look()
        self._from_time_to_time.look()

    def _all_rules(self) -> Iterator[Rule]:
        for router, members in self._facts.by_id.items():
            yield partial(self._holders.overlap, router)
            for one in members:
                if len(one.members) > 1 and one is one.members[0]:
                    yield partial(self._groups.judge, one)
                yield partial(self._holders.lease, one)
                yield partial(self._fences.judge, one)
                yield partial(self._holders.only_master, one)
                yield partial(self._backups.lateness, one)
                yield partial(self._masters.pace, one)
                yield partial(self._masters.heard, one)
                yield partial(self._masters.rival, one)
            yield partial(self._placement.judge, router)

    def _periodic_rules(self) -> Iterator[Rule]:
        for one in self._facts.routers:
            yield partial(self._handovers.judge, one)
        for one in self._facts.routers:
            yield partial(self._stands, one)

    def _stands(self, router: ObservedRouter) -> int:
        if router.node.awake_since is None:
            return FOREVER
        self._shares.note(InvariantName.STANDING)
        return self._standing.judge(router)

    def _client_rules(self, client: SimulatedClient, judge: ClientJudge) -> Iterator[Rule]:
        for router, members in self._facts.by_id.items():
            if router.place == client.place:
                for address in members[0].config.addresses:
                    yield partial(judge.reaches, router, address)

    def end(self) -> None:
        """Judge what lasts until the end, and count it."""
        self.look()
        for rules in (self._always, self._from_time_to_time, *self.clients.values()):
            rules.end()

    def overlap(self, router: VirtualRouterId) -> None:
        """Judge two holders of one address, before an address or a state changes."""
        self._holders.overlap(router)
        self._shares.taken()  # the rule counts it
