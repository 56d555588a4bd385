"""Three nodes, any history of faults: what is so when the world has calmed down."""

from random import Random

import pytest

from pyvrrp.config.model.configuration import ClaimProbePolicy
from pyvrrp.fencing.weight import Weight
from pyvrrp.ports import ProbeResult
from tests.support.cluster import Cluster, Node
from tests.support.seeds import seeds

FAILED, PASSED = ProbeResult(False, "HTTP 503"), ProbeResult(True, "HTTP 200")
CALM = 700  # seconds: longer than the longest hold-down, 300 s, and everything after it


class History:
    """Nodes of priority 200, 150 and 100 with any policies, and faults made up from a seed."""

    def __init__(self, seed: int, *, weighted: bool) -> None:
        self.random = Random(seed)
        self.cluster = Cluster()
        self.nodes = [self._node(priority, weighted=weighted) for priority in (200, 150, 100)]

    def _node(self, priority: int, *, weighted: bool) -> Node:
        choice = self.random.choice
        return self.cluster.node(
            priority,
            fenced=True,
            claim_probe=choice(tuple(ClaimProbePolicy)),
            weights=(Weight("web", choice((-60, -120, 30, 80))),) if weighted else (),
            last_resort=not weighted and choice((True, False)),
        )

    def suffer(self) -> None:
        """Let faults happen, some of them together."""
        for _ in range(self.random.randrange(5, 40)):
            node = self.random.choice(self.nodes)
            match self.random.randrange(6):
                case 0 | 1:
                    node.set_service(self.random.choice((FAILED, FAILED, PASSED, None)))
                case 2:
                    node.host.filtered = not node.host.filtered
                case 3:
                    node.host.connected = not node.host.connected
                case 4:
                    node.host.link(up=not node.host.state.up)
                case _:
                    node.router.drain(drained=self.random.choice((True, False)))
            self.cluster.run(self.random.choice((0.1, 0.7, 2, 6, 15)))

    def heal(self, service: ProbeResult) -> None:
        """Mend everything, but for the services, which are as *service* says from now on."""
        for node in self.nodes:
            node.set_service(service)
            node.host.filtered = False
            node.host.connected = True
            node.host.link(up=True)
            node.router.drain(drained=False)


@pytest.mark.parametrize("seed", seeds(8, quick=2))
@pytest.mark.parametrize("weighted", [False, True])
def test_once_all_is_well_the_best_one_holds_and_nobody_waits(seed: int, weighted: bool) -> None:
    history = History(seed, weighted=weighted)
    history.suffer()
    history.heal(PASSED)
    history.cluster.run(CALM)
    (holder,) = history.cluster.holders()
    assert history.cluster.masters() == [holder]
    # Weights may make two nodes equal, and then the one that was first stays.
    highest = max(node.router.priority for node in history.nodes)
    for node in history.nodes:
        assert node.host.name != holder or node.router.priority == highest
        assert not node.router.is_last_resort
        assert node.router.waits_for == ""


@pytest.mark.parametrize("seed", seeds(8, quick=2))
def test_when_all_fail_one_last_resort_holds_if_there_is_one_and_a_healthy_node_replaces_it(
    seed: int,
) -> None:
    history = History(seed, weighted=False)
    history.suffer()
    history.heal(FAILED)
    history.cluster.run(120)
    willing = [node for node in history.nodes if node.router.config.last_resort]
    assert len(history.cluster.holders()) == min(1, len(willing))
    well = history.random.choice(history.nodes)
    well.set_service(PASSED)
    history.cluster.run(CALM)
    assert history.cluster.holders() == [well.host.name]
    assert well.router.priority > 1
