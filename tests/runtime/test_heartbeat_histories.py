"""Whatever happens to the links of three nodes: those who hear each other have one master."""

from dataclasses import dataclass
from ipaddress import IPv4Address
from random import Random

import pytest

from pyvrrp.config.model.configuration import LinkConfig
from pyvrrp.identity import Address, Place
from pyvrrp.units import MILLISECOND, Nanoseconds
from tests.support.cluster import Cluster, Node
from tests.support.seeds import seeds
from tests.support.world import FakeCard, FakeHost, Lan

INTERVAL = Nanoseconds(100 * MILLISECOND)
SETTLED = 2.0  # seconds: several Master_Down_Intervals
FIRST = tuple(IPv4Address(f"192.0.2.{n}") for n in (1, 2, 3))
SECOND = tuple(IPv4Address(f"10.9.9.{n}") for n in (3, 1, 2))  # in another order


@dataclass
class Trio:
    cluster: Cluster
    nodes: list[Node]
    cards: list[FakeCard]

    def plugged(self, number: int) -> tuple[bool, bool]:
        return self.nodes[number].host.connected, self.cards[number].connected

    def hears(self, one: int, other: int) -> bool:
        return any(a and b for a, b in zip(self.plugged(one), self.plugged(other), strict=True))

    def company(self, number: int) -> frozenset[int]:
        """Return whom a node hears, with itself."""
        return frozenset(n for n in range(3) if n == number or self.hears(number, n))


def trio(priorities: tuple[int, int, int], *, unicast: bool) -> Trio:
    cluster = Cluster()
    lan = Lan(cluster.clock)
    made = Trio(cluster, [], [])
    own: tuple[Address, ...] = SECOND if unicast else ()
    for number, priority in enumerate(priorities):
        node = cluster.node(
            priority,
            peers=FIRST if unicast else (),
            further_links=(LinkConfig(Place("", "eth1"), own),),
            advertisement_interval=INTERVAL,
            start=False,
        )
        address = f"{SECOND[number]}/24" if unicast else ""
        made.cards.append(node.host.attach("eth1", lan, address))
        made.nodes.append(node)
        node.supervisor.start()
    return made


@pytest.mark.parametrize("unicast", [True, False], ids=["unicast", "multicast"])
@pytest.mark.parametrize("seed", seeds(40, quick=8))
def test_those_who_hear_each_other_have_one_master_and_it_is_the_best(
    seed: int, unicast: bool
) -> None:
    random = Random(seed)
    equal = random.random() < 0.5
    priorities = (100, 100, 100) if equal else (200, 150, 100)
    three = trio(priorities, unicast=unicast)
    for _ in range(12):
        for _ in range(random.randrange(1, 5)):
            number = random.randrange(3)
            end: FakeHost | FakeCard = three.nodes[number].host
            if random.random() < 0.5:
                end = three.cards[number]
            end.connected = not end.connected
            three.cluster.run(random.random() * 0.5)
        three.cluster.run(SETTLED)
        masters = {int(name[1:]) - 1 for name in three.cluster.masters()}
        for number in range(3):
            company = three.company(number)
            if any(three.company(other) != company for other in company):
                continue  # not all of them hear each other, and no rule says who serves
            best = max(company, key=lambda n: (priorities[n], FIRST[n]))
            # A tie does not make a BACKUP take over: the first master may stay.
            settled = masters & company
            assert len(settled) == 1, (seed, company, masters)
            assert equal or settled == {best}, (seed, company, masters)
