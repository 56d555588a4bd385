"""Random scenarios: each seed gives another mix of configurations and of faults.

Not every scenario has every kind of fault: some states are only reached where other kinds are
missing (swarm testing). Each scenario ends with enough time for everything to settle.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from random import Random

from pyvrrp.config.parse import parse
from pyvrrp.identity import Place
from pyvrrp.simulator.judges.rules.bounds import Bounds
from pyvrrp.simulator.random.configurations import FEATURES, add_features, documents_of
from pyvrrp.simulator.random.leases import LEASE, with_lease, without_etcd
from pyvrrp.simulator.random.resources import RESOURCES, ChainKind, with_resources
from pyvrrp.simulator.scenario.fault import Direction, Fault, FaultKind, ServiceHealth
from pyvrrp.simulator.scenario.own_addresses import own_addresses
from pyvrrp.simulator.scenario.scenario import ClientSpec, NodeSpec, Scenario
from pyvrrp.units import MILLISECOND, SECOND, Nanoseconds

# The bounds allow for kernels as slow as this only where operators give orders and nothing else
# happens, so it is never drawn.
SLOW_KERNELS = "slow_kernels"
_KERNEL, _SLOW_KERNEL = Nanoseconds(2 * MILLISECOND), Nanoseconds(100 * MILLISECOND)
_FIRST = 4.0  # seconds before the first fault; in some scenarios 0
_STARTS_CALM = 0.7
_ONE_VICTIM = 0.25
_LEASED = 0.2
_NEW_MAC = 0.1
_UNDONE = 0.4
_YEARS = 10 * 365 * 86_400
_ORDINARY = frozenset(
    {
        FaultKind.CRASH,
        FaultKind.FREEZE,
        FaultKind.SUSPEND,
        FaultKind.PARTITION,
        FaultKind.SERVICE,
        FaultKind.LINK_DOWN,
    }
)
_DELAYS = frozenset({FaultKind.DELAY, FaultKind.REORDER, FaultKind.KERNEL_SLOW})
_CHANCES = frozenset({FaultKind.DUPLICATE, FaultKind.REORDER})
_GIVEN_PRIORITIES = (254, 160, 110, 90, 60, 1)


def random_scenario(seed: int, nodes: int, only: Collection[str] = ()) -> Scenario:
    """Return the scenario of this *seed* with this number of *nodes*.

    *only*: the kinds of faults that may happen, and features that the configuration must have.
    """
    random = Random(f"swarm {seed} {nodes}")  # noqa: S311 - a simulation, not a secret
    documents = documents_of(random, nodes)
    chained, chain = with_resources(seed, documents, wanted=(RESOURCES in only) if only else None)
    if chain is not None:
        documents = chained
    else:
        given = [name for name in FEATURES if name in only]
        add_features(Random(f"features {seed} {nodes}"), documents, given)  # noqa: S311 - the same
    # A random generator of its own, so that seeds without a lease stay the same.
    about_leases = Random(f"lease {seed} {nodes}")  # noqa: S311 - a simulation, not a secret
    drawn = about_leases.random() < _LEASED and not only
    leased = (drawn or LEASE in only) and not chain and with_lease(documents, about_leases)
    leased = leased or chain is ChainKind.LEASED
    specs = tuple(
        _node(random, name, index, document)
        for index, (name, document) in enumerate(documents.items())
    )
    place = specs[0].configuration.virtual_routers[0].id.place
    clients = tuple(
        ClientSpec(f"c{index + 1}", place.interface, period=_ns(random.choice((0.2, 0.5, 1.0))))
        for index in range(random.choice((1, 1, 2)))
    )
    names = [spec.name for spec in specs]
    planner = _Planner(random, names, [c.name for c in clients], bool(documents["n1"].get("check")))
    planner.places = list(specs[0].own)
    kinds = [kind for kind in FaultKind if kind in only]
    if kinds:
        planner.only(kinds)
    faults = planner.plan()
    if leased:
        faults = tuple(sorted((*faults, *without_etcd(names, about_leases)), key=_begins))
    # The same holds for seeds from before there was this fault.
    about_macs = Random(f"mac {seed} {nodes}")  # noqa: S311 - a simulation, not a secret
    if about_macs.random() < _NEW_MAC and not only:
        at = _ns(_FIRST + about_macs.uniform(0, 15))
        changed = Fault(at, FaultKind.CHANGE_MAC, about_macs.choice(names))
        faults = tuple(sorted((*faults, changed), key=_begins))
    scenario = Scenario(
        nodes=specs,
        clients=clients,
        faults=faults,
        name=f"seed {seed}, {nodes} nodes",
        seed=seed,
        kernel_delay=_SLOW_KERNEL if SLOW_KERNELS in only else _KERNEL,
        documents=documents,
    )
    return _with_time_to_settle(scenario, place)


def _with_time_to_settle(scenario: Scenario, place: Place) -> Scenario:
    bounds = Bounds(scenario)
    node = scenario.nodes[0]
    routers = [r for r in node.configuration.virtual_routers if r.id.place == place]
    settle = max(
        bounds.served(r.id, node.name, r) + bounds.placed(r.id, node.name, r) + bounds.clients(r.id)
        for r in routers
    )
    last = max((fault.ends for fault in scenario.faults), default=Nanoseconds(0))
    whole = -(-(last + settle + 12 * SECOND) // SECOND)
    return replace(scenario, duration=Nanoseconds(whole * SECOND))


def _node(random: Random, name: str, index: int, document: Mapping[str, object]) -> NodeSpec:
    configuration = parse(document, name, node=name, hostname=name)
    late = random.random() > _STARTS_CALM
    return NodeSpec(
        name=name,
        configuration=configuration,
        own=own_addresses(configuration, index),
        start=_ns(random.uniform(0, 8) if late else random.uniform(0, 0.2)),
        offset=_ns(random.randrange(0, 10_000)),
        drift_ppm=random.randrange(-200, 201),
    )


class _Planner:
    """Draws faults: first which kinds may happen, then each fault, its time and its host."""

    def __init__(self, random: Random, nodes: list[str], clients: list[str], fenced: bool) -> None:  # noqa: FBT001 - a fact
        self._random = random
        self._hosts = [*nodes, *clients]
        kinds = [kind for kind in FaultKind if fenced or kind is not FaultKind.SERVICE]
        elsewhere = {FaultKind.START, FaultKind.ETCD, FaultKind.CHANGE_MAC}
        kinds = [kind for kind in kinds if kind not in elsewhere]
        # The faults that are most frequent in practice are drawn twice as often.
        kinds += [kind for kind in kinds if kind in _ORDINARY]
        share = random.choice((0.0, 0.1, 0.2, 0.4, 0.8))
        self._kinds = [kind for kind in kinds if random.random() < share] or [random.choice(kinds)]
        self._window = random.choice((3.0, 6.0, 15.0, 30.0))
        self.places: list[Place] = []
        # Sometimes all faults happen to one node.
        self._victims = [random.choice(nodes)] if random.random() < _ONE_VICTIM else nodes

    def only(self, kinds: list[FaultKind]) -> None:
        """Draw no other kinds than these."""
        self._kinds = kinds

    def plan(self) -> tuple[Fault, ...]:
        """Return the faults in order."""
        start = _FIRST if self._random.random() < _STARTS_CALM else 0.0
        start += self._random.choice((0.0, 4.0))
        count = self._random.choice((1, 2, 3, 4, 6, 9))
        found = [
            self._one(_ns(start + self._random.uniform(0, self._window))) for _ in range(count)
        ]
        return tuple(sorted(found, key=lambda fault: fault.at))

    def _one(self, at: Nanoseconds) -> Fault:
        kind = self._random.choice(self._kinds)
        node = self._random.choice(self._victims)
        draw: Mapping[FaultKind, Callable[[], Fault]] = {
            FaultKind.PARTITION: lambda: self._partition(at),
            FaultKind.SERVICE: lambda: self._service(at, node),
            FaultKind.WALL_STEP: lambda: Fault(
                at, kind, node, by=Nanoseconds(self._random.choice((-_YEARS, _YEARS)) * SECOND)
            ),
            FaultKind.DELETE_ADDRESS: lambda: Fault(at, kind, node),
            FaultKind.CHANGE_MAC: lambda: Fault(at, kind, node),
            FaultKind.UNDRAIN: lambda: Fault(at, kind, node),
            FaultKind.UNDO_RESIGN: lambda: Fault(at, kind, node),
            FaultKind.RESIGN: lambda: Fault(at, kind, node, duration=self._undone_after()),
            FaultKind.PRIORITY: lambda: Fault(
                at,
                kind,
                node,
                duration=self._lasting(),
                priority=self._random.choice(_GIVEN_PRIORITIES),
            ),
            FaultKind.INJECT: lambda: Fault(at, kind, count=self._random.choice((1, 5, 20))),
            FaultKind.FORGE: lambda: self._forge(at),
            FaultKind.FOREIGN: lambda: Fault(
                at, kind, duration=self._lasting(), priority=self._random.choice((1, 120, 254))
            ),
            FaultKind.LOSS: lambda: self._loss(at),
        }
        return draw.get(kind, lambda: self._plain(at, kind, node))()

    def _plain(self, at: Nanoseconds, kind: FaultKind, node: str) -> Fault:
        random = self._random
        links = {
            FaultKind.LINK_DOWN,
            FaultKind.DELAY,
            FaultKind.DUPLICATE,
            FaultKind.REORDER,
            FaultKind.REFLECT,
        }
        return Fault(
            at,
            kind,
            random.choice(self._hosts) if kind in links else node,
            duration=self._lasting(),
            by=_ns(random.choice((0.005, 0.05, 0.5, 0.9)) if kind in _DELAYS else 0),
            chance=random.choice((0.2, 0.5, 1.0)) if kind in _CHANCES else 0.0,
            hidden=kind is FaultKind.SUSPEND and random.random() < 0.5,  # noqa: PLR2004 - a coin
            interface=self._interface() if kind in {*links, FaultKind.RECREATE_INTERFACE} else "",
        )

    def _interface(self) -> str:
        several = len(self.places) > 1
        return self._random.choice(("", *(p.interface for p in self.places))) if several else ""

    def _undone_after(self) -> Nanoseconds:
        return self._lasting() if self._random.random() < _UNDONE else Nanoseconds(0)

    def _lasting(self) -> Nanoseconds:
        choices = (0.02, 0.3, 0.9, 1.6, 2.5, 3.3, 4.5, 7.0, 12.0)
        return _ns(self._random.choice(choices) * self._random.uniform(0.8, 1.2))

    def _partition(self, at: Nanoseconds) -> Fault:
        random = self._random
        sides: tuple[list[str], list[str]] = ([], [])
        for host in self._hosts:
            sides[random.randrange(2)].append(host)
        for one, other in (sides, sides[::-1]):
            if not one:
                one.append(other.pop(0))
        return Fault(
            at,
            FaultKind.PARTITION,
            duration=self._lasting(),
            groups=tuple(tuple(side) for side in sides),
            one_way=random.random() < 0.25,  # noqa: PLR2004 - a chance
        )

    def _service(self, at: Nanoseconds, node: str) -> Fault:
        health = self._random.choice(
            [health for health in ServiceHealth if health is not ServiceHealth.OK]
        )
        by = self._random.choice((0.05, 0.4, 1.2, 2.5))
        lasting = self._lasting() if self._random.random() < 0.8 else Nanoseconds(0)  # noqa: PLR2004 - a chance
        if health is ServiceHealth.FLAPPING and not lasting:
            lasting = _ns(9)
        return Fault(at, FaultKind.SERVICE, node, duration=lasting, by=_ns(by), health=health)

    def _forge(self, at: Nanoseconds) -> Fault:
        random = self._random
        return Fault(
            at,
            FaultKind.FORGE,
            priority=random.choice((0, 1, 120, 255)),
            interval=_ns(random.choice((0.01, 1, 3, 40.95))),
        )

    def _loss(self, at: Nanoseconds) -> Fault:
        random = self._random
        return Fault(
            at,
            FaultKind.LOSS,
            random.choice(self._hosts),
            duration=self._lasting(),
            chance=random.choice((0.1, 0.4, 0.8, 1.0)),
            direction=random.choice(tuple(Direction)),
            interface=self._interface(),
        )


def _ns(seconds: float) -> Nanoseconds:
    # Whole milliseconds, so that a scenario file is easy to read.
    return Nanoseconds(round(seconds * 1000) * MILLISECOND)


def _begins(fault: Fault) -> int:
    return int(fault.at)
