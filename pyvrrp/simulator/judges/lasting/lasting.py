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
from pyvrrp.simulator.judges.observed.disturbances import Disturbances
from pyvrrp.simulator.judges.observed.facts import Facts
from pyvrrp.simulator.judges.observed.router import ObservedRouter
from pyvrrp.simulator.judges.observed.since import FOREVER
from pyvrrp.simulator.judges.rules.bounds import Bounds
from pyvrrp.simulator.judges.rules.verdicts import Verdicts
from pyvrrp.simulator.scenario.scenario import Scenario
from pyvrrp.simulator.world.engine import Engine
from pyvrrp.simulator.world.network.client import SimulatedClient


class LastingJudges:
    """Judges every 250 ms, and at once before something changes that rules depend on."""

    def __init__(
        self,
        scenario: Scenario,
        facts: Facts,
        disturbances: Disturbances,
        standing: StandingJudge,
        handovers: HandoverJudge,
        bounds: Bounds,
        engine: Engine,
        verdicts: Verdicts,
    ) -> None:
        self._facts = facts
        self._standing = standing
        self._handovers = handovers
        self._holders = HolderJudge(facts, bounds, engine, verdicts)
        self._status = StatusJudge(facts, engine, verdicts)
        self._groups = GroupJudge(bounds, engine, verdicts)
        self._fences = FenceJudge(bounds, engine, verdicts)
        self._masters = MasterJudge(bounds, engine, verdicts)
        self._backups = BackupJudge(facts, bounds, engine, verdicts)
        self._placement = PlacementJudge(facts, bounds, engine, verdicts)
        self._always = LastingRules(facts, engine, self._all_rules())
        self._from_time_to_time = LastingRules(facts, engine, self._periodic_rules())
        self.clients: dict[SimulatedClient, LastingRules] = {}  # judged when the client has sent
        for segment in facts.segments.values():
            for client in segment.clients.values():
                judge = ClientJudge(
                    client, scenario, facts, disturbances, handovers, bounds, engine, verdicts
                )
                rules = (*self._client_rules(client, judge), judge.answered)
                self.clients[client] = LastingRules(facts, engine, rules)

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
                yield partial(self._masters.rival, one)
            yield partial(self._placement.judge, router)

    def _periodic_rules(self) -> Iterator[Rule]:
        for one in self._facts.routers:
            yield partial(self._handovers.judge, one)
        for one in self._facts.routers:
            yield partial(self._stands, one)

    def _stands(self, router: ObservedRouter) -> int:
        return FOREVER if router.node.awake_since is None else self._standing.judge(router)

    def _client_rules(self, client: SimulatedClient, judge: ClientJudge) -> Iterator[Rule]:
        for router, members in self._facts.by_id.items():
            if router.place == client.place:
                for address in members[0].config.addresses:
                    yield partial(judge.reaches, router, address)

    def overlap(self, router: VirtualRouterId) -> None:
        """Judge two holders of one address, before an address or a state changes."""
        self._holders.overlap(router)
