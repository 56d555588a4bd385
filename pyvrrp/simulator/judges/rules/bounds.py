"""How long anything may take, derived from the parameters of a scenario.

``docs/simulator.md`` gives the reason for each sum, under the same names. Times of a node's clock
are stretched by the difference that two drifting clocks can have. All times are nanoseconds.
"""

from collections.abc import Iterator
from functools import cached_property

from pyvrrp.config.model.configuration import CheckConfig, Configuration, VirtualRouterConfig
from pyvrrp.config.model.lease_times import retry_after
from pyvrrp.config.model.resources import release_time
from pyvrrp.fencing.policy import GRACE
from pyvrrp.identity import VirtualRouterId
from pyvrrp.simulator.judges.rules.protocol_times import (
    believed_interval,
    handover_wait,
    master_down,
)
from pyvrrp.simulator.scenario.fault import FaultKind
from pyvrrp.simulator.scenario.scenario import NodeSpec, Scenario
from pyvrrp.simulator.world.machine.kernel import LATENESS, NOTICE
from pyvrrp.simulator.world.node import GUARDIAN
from pyvrrp.units import MILLISECOND, SECOND, Nanoseconds

ANNOUNCE_WITHIN = Nanoseconds(10 * MILLISECOND)
REFUSAL_PAUSE = Nanoseconds(5 * SECOND)  # as docs/decisions state it, not read from the code
REMOVAL_RETRY = SECOND
REOPEN = SECOND
STATUS_WITHIN = Nanoseconds(100 * MILLISECOND)
LATEST_REQUEST = Nanoseconds(8 * SECOND)  # to etcd: carried out after its client has given up
NEIGHBOUR_AGE = Nanoseconds(8 * SECOND)
LINGER = Nanoseconds(50 * MILLISECOND)  # decision 6: how long two nodes answer in a planned move
UNHEARD = Nanoseconds(450 * MILLISECOND)  # beyond it, for a successor that does not announce
GUARDIAN_WAITS = 10 * SECOND  # decision 18: how long a guardian waits for a successor at most
AFTER_ANNOUNCEMENT = Nanoseconds(20 * MILLISECOND)  # how long it answers once one does
ONCE_MORE = Nanoseconds(150 * MILLISECOND)  # the successor's last announcement after a planned move


def _lowest(
    scenario: Scenario, members: list[tuple[NodeSpec, VirtualRouterConfig]]
) -> Iterator[tuple[int, VirtualRouterConfig]]:
    """Yield each member with the lowest priority that it can come to."""
    moved = any(fault.kind is FaultKind.PRIORITY for fault in scenario.faults)
    for _, config in members:
        moves = moved or config.weights or config.last_resort
        yield (1 if moves else config.priority), config


class Bounds:
    """The bounds of one scenario."""

    def __init__(self, scenario: Scenario) -> None:
        self._ppm = 2 * max((abs(node.drift_ppm) for node in scenario.nodes), default=0)
        self.network = int(scenario.network_delay.longest)
        routers: dict[VirtualRouterId, list[tuple[NodeSpec, VirtualRouterConfig]]] = {}
        most = 1
        for node in scenario.nodes:
            most = max(most, len(node.configuration.virtual_routers))
            for config in node.configuration.virtual_routers:
                routers.setdefault(config.id, []).append((node, config))
        # A request waits for one of each other virtual router and one of its own.
        self.kernel = 2 * most * int(scenario.kernel_delay)
        self.slowest_kernel = self.kernel + 2 * most * max(
            (int(f.by) for f in scenario.faults if f.kind is FaultKind.KERNEL_SLOW), default=0
        )
        self.longest_interval = {
            key: max(int(config.advertisement_interval) for _, config in members)
            for key, members in routers.items()
        }
        self.longest_wait = {
            key: max(
                master_down(config.version, lowest, self.longest_interval[key])
                for lowest, config in _lowest(scenario, members)
            )
            for key, members in routers.items()
        }
        self._chains = {
            (node.name, config.id): chain
            for members in routers.values()
            for node, config in members
            if (chain := node.configuration.chain(config)) is not None
        }
        self._configs = {key: [config for _, config in members] for key, members in routers.items()}
        late = {FaultKind.DELAY, FaultKind.REORDER}
        self._latest_frame = sum(int(f.by) for f in scenario.faults if f.kind in late)
        self._checks = {
            (node.name, check.name): check
            for node in scenario.nodes
            for check in node.configuration.checks
        }

    def stretched(self, duration: int) -> int:
        """Return *duration* as another clock may see it, with a little for ordinary lateness."""
        return duration + duration * self._ppm // 1_000_000 + 10 * NOTICE

    def overlap(self, key: VirtualRouterId, *, unheard: bool = False) -> int:
        """Of two masters that hear each other: until the lower one has let go.

        *unheard*: it was ordered to hand over, and its successor has not announced the addresses.
        """
        both = self.network + int(LINGER) + self.kernel + (int(UNHEARD) if unheard else 0)
        return self.stretched(self.longest_interval[key] + both)

    @cached_property
    def after_announcement(self) -> int:
        """From the announcement of a successor to the last address of its predecessor."""
        return self.stretched(self.network + int(AFTER_ANNOUNCEMENT) + self.kernel)

    @cached_property
    def removal(self) -> int:
        """From the decision to let go to the kernel's doing so."""
        return self.stretched(self.kernel)

    def leaving(self, node: str, config: VirtualRouterConfig) -> int:
        """From the decision to let go to priority 0.

        The resources stop first, and the key in etcd is given back.
        """
        timeout = 0 if config.etcd_lease is None else int(config.etcd_lease.timeout)
        chain = self._chains.get((node, config.id))
        stopping = 0 if chain is None else int(release_time(chain.resources))
        return self.stretched(self.kernel + timeout + stopping)

    def chain(self, node: str, config: VirtualRouterConfig) -> int:
        """How long the resources need: to stop on one node, and then to start on another one."""
        chain = self._chains.get((node, config.id))
        if chain is None:
            return 0
        starts = sum(int(one.start_timeout) for one in chain.resources)
        return self.stretched(int(release_time(chain.resources)) + starts)

    @cached_property
    def lingering(self) -> int:
        """From the successor's advertisement to the predecessor's last address."""
        return self.stretched(int(LINGER) + int(UNHEARD) + self.kernel)

    def handing_over(self, config: VirtualRouterConfig) -> int:
        """From an operator's order to the end of a handover, with or without a successor."""
        return self.stretched(handover_wait(config))

    def at_rest(self, key: VirtualRouterId, config: VirtualRouterConfig) -> int:
        """From the last fault to a world in which an operator moves healthy nodes."""
        return self.stretched(2 * self.longest_wait[key] + self.lease(config))

    def lease(self, config: VirtualRouterConfig) -> int:
        """From the last instant at which a renewal could be requested, in kernel time."""
        return self.stretched(self.slowest_kernel + config.lease * int(SECOND) + int(LATENESS))

    def unsendable(self, config: VirtualRouterConfig) -> int:
        """Like `lease`, from the first advertisement that was refused: one interval longer."""
        return self.lease(config) + self.stretched(int(config.advertisement_interval))

    def sick(self, key: VirtualRouterId) -> int:
        """How much longer a node may have to wait because of others that are not well.

        A master without its addresses goes on until its address lease is over, and for
        Master_Down_Interval at most. Its last frames may be late, and its last requests to etcd.
        """
        lease = max(self.lease(config) for config in self._configs[key])
        late = self._latest_frame
        if any(config.etcd_lease for config in self._configs[key]):
            late += int(LATEST_REQUEST)
        return lease + self.stretched(2 * self.longest_wait[key] + late)

    @cached_property
    def guarded(self) -> int:
        """From the end of a daemon with a guardian; a request may be in the kernel."""
        return self.stretched(int(GUARDIAN) + self.slowest_kernel)

    def handed_over(self, config: VirtualRouterConfig) -> int:
        """From the end of a daemon whose guardian hands over to the last address's removal."""
        waits = min(handover_wait(config), int(GUARDIAN_WAITS)) + int(LINGER) + int(UNHEARD)
        return self.stretched(int(GUARDIAN) + waits + self.slowest_kernel)

    def succeeded(self, config: VirtualRouterConfig, *, unheard: bool = False) -> int:
        """From a successor's addresses to the removal by the guardian of its predecessor.

        *unheard*: the successor had announced them before there was a guardian that listened.
        """
        announced = int(ANNOUNCE_WITHIN) + int(config.announce.gap) * len(config.addresses)
        both = self.network + int(LINGER) + self.slowest_kernel + (int(UNHEARD) if unheard else 0)
        return self.stretched(self.longest_interval[config.id] + announced + both)

    def failing(self, check: CheckConfig) -> int:
        """From the first instant at which no probe can pass to the release."""
        policy = check.policy
        return self.stretched(policy.fall * policy.interval + policy.timeout + self.kernel)

    def silent(self, check: CheckConfig) -> int:
        """From the first instant at which no probe ends to the release."""
        policy = check.policy
        late = policy.timeout + policy.interval + policy.timeout + GRACE
        return self.stretched(late + self.kernel)

    def noticed(self, configuration: Configuration) -> int:
        """From a service's change to the last fence that it opens or closes."""
        checks = configuration.checks
        late = max((max(self.failing(c), self.silent(c)) for c in checks), default=0)
        passes = (c.policy.rise * c.policy.interval + c.policy.timeout for c in checks)
        return late + max(passes, default=0)

    def opening(self, node: str, config: VirtualRouterConfig) -> int:
        """From the first instant at which all probes pass to the last verdict."""
        policies = [self._checks[node, name].policy for name in config.fence]
        return self.stretched(max((p.rise * p.interval + p.timeout for p in policies), default=0))

    def looking(self, node: str, config: VirtualRouterConfig) -> int:
        """How long a claim may wait for a probe, and how often a fence is judged at least."""
        policies = [self._checks[node, name].policy for name in config.fence]
        return self.stretched(max((p.interval + p.timeout for p in policies), default=0))

    def served(self, key: VirtualRouterId, node: str, config: VirtualRouterConfig) -> int:
        """From a calm world without holder and one healthy node to a holder."""
        waiver = 2 * self.longest_wait[key] + self.looking(node, config)
        opens = max(self.opening(node, config), waiver if config.fence else 0)
        elected = self.longest_wait[key] + self.looking(node, config) + self.kernel
        waits = self.leased(config) + self.chain(node, config)
        return self.stretched(opens + elected + waits + 2 * self.kernel + self.network)

    def leased(self, config: VirtualRouterConfig) -> int:
        """From the last change of the key by its holder to a successor that has it.

        The key may be granted once more when etcd is back, a request for preemption may last as
        long as its own lease, and an answer to a renewal may be under way at the beginning.
        """
        lease = config.etcd_lease
        if lease is None:
            return 0
        waiting = int(retry_after(lease.ttl)) + 4 * int(lease.timeout) + int(lease.interval)
        return self.stretched(2 * lease.ttl * int(SECOND) + waiting)

    def placed(self, key: VirtualRouterId, node: str, config: VirtualRouterConfig) -> int:
        """From an open fence in a calm world to the address, if the master ranks lower."""
        elected = self.longest_wait[key] + int(config.preempt_delay)
        waits = self.leased(config) + self.chain(node, config)
        return self.stretched(elected + waits + 4 * self.kernel + 2 * self.network)

    def quiet(self, key: VirtualRouterId, node: str, config: VirtualRouterConfig) -> int:
        """From the last thing that happened to the last transition because of it."""
        pauses = int(REFUSAL_PAUSE + REMOVAL_RETRY + REOPEN) + self.slowest_kernel
        # The last resort waits four Master_Down_Intervals, and another one as a backup.
        resort = 5 * self.longest_wait[key] if config.last_resort else 0
        return self.served(key, node, config) + self.placed(key, node, config) + pauses + resort

    def reannounced(self, config: VirtualRouterConfig, interval: int) -> int:
        """From a rival's last advertisement to the announcement after its silence."""
        pace = max(int(config.advertisement_interval), believed_interval(config, interval))
        quiet = max(pace + pace // 2, int(ONCE_MORE))
        return self.stretched(quiet + int(ANNOUNCE_WITHIN))

    def clients(self, key: VirtualRouterId) -> int:
        """From a calm world with one holder to every connected client reaching it."""
        announced = max(3 * self.longest_interval[key], int(ONCE_MORE))
        return self.stretched(announced + 2 * self.network + int(ANNOUNCE_WITHIN))
