"""Build everything a configuration asks for, start it in order, and stop it in order."""

from collections.abc import Callable, Collection

from pyvrrp.config.model.configuration import ClaimProbePolicy, Configuration, VirtualRouterConfig
from pyvrrp.identity import Place
from pyvrrp.ports import Ports
from pyvrrp.runtime.base.deadline_timer import AlarmClock
from pyvrrp.runtime.base.journal import Journal
from pyvrrp.runtime.claims.capacity_gate import Capacity, held_here
from pyvrrp.runtime.claims.neighbour_gate import ClaimProbe
from pyvrrp.runtime.etcd_lease.lease import LeaseWatch
from pyvrrp.runtime.health.check_runner import CheckRunner
from pyvrrp.runtime.health.fence import FenceWatch
from pyvrrp.runtime.health.last_resort import LastResort
from pyvrrp.runtime.health.weights import Scale
from pyvrrp.runtime.links.interface import Segment
from pyvrrp.runtime.router.group import Group
from pyvrrp.runtime.router.router import Instance
from pyvrrp.units import MILLISECOND, SECOND, Nanoseconds
from pyvrrp.virtual_router.timers import handover_patience

STOP_BUDGET = Nanoseconds(5 * SECOND)  # beyond a handover; the leases run out by themselves
STOP_LOOK = Nanoseconds(5 * MILLISECOND)


class Supervisor:
    """All virtual routers, checks and interfaces of one daemon."""

    def __init__(
        self,
        configuration: Configuration,
        ports: Ports,
        journal: Journal,
        drained: Collection[str] = (),
    ) -> None:
        self.configuration = configuration
        self.segments: dict[Place, Segment] = {}
        self.instances: list[Instance] = []
        self.checks: dict[str, CheckRunner] = {}
        self.fences: dict[str, FenceWatch] = {}
        self.leases: dict[str, LeaseWatch] = {}
        self.last_resorts: dict[str, LastResort] = {}
        self.groups: dict[str, Group] = {}
        self._ports = ports
        self._journal = journal
        self._stopped: Callable[[], None] | None = None
        self._give_up_at: Nanoseconds | None = None
        self._scales: list[Scale] = []
        self._look = AlarmClock(ports.clock, self._look_whether_stopped)
        used = {name for config in configuration.virtual_routers for name in config.checks}
        for check in configuration.checks:
            if check.name in used:
                self.checks[check.name] = CheckRunner(check, ports, journal)
        for config in configuration.virtual_routers:
            self._build(config, drained=config.name in drained)

    def _build(self, config: VirtualRouterConfig, *, drained: bool) -> None:
        segment = self._segment(config.id.place)
        # Without a name it is in a group of its own.
        group = self.groups.get(config.group) or Group(self._ports.clock, config.group)
        if config.group:
            self.groups[config.group] = group
        instance = Instance(
            *(config, segment, self._ports, self._journal, self.configuration.kernel_budget),
            *(self.configuration.chain(config), group),
        )
        instance.drain(drained=drained)
        segment.add(instance)
        for link in config.further_links:
            instance.heartbeats.join(link, self._segment(link.place))
        self.instances.append(instance)
        fencing = [self.checks[name] for name in config.fence]
        self.fences[str(config.id)] = FenceWatch(
            instance, fencing, self._ports.clock, self._journal
        )
        self.last_resorts[str(config.id)] = LastResort(
            instance, self.fences[str(config.id)], fencing, self._ports.clock, self._journal
        )
        if self.configuration.max_held is not None:
            # Before the neighbours are asked: nobody need answer a claim that is left to others.
            Capacity(
                *(instance, self.configuration.max_held, self.held_here),
                *(self._ports.clock, self._journal),
            )
        if config.claim_probe is not ClaimProbePolicy.OFF:
            ClaimProbe(instance, segment, self._ports.clock, self._journal)
        if config.weights:
            self._scales.append(Scale(instance, self.checks, self._ports.clock))
        if instance.chain is not None:
            instance.guard(instance.chain)
        if config.etcd_lease is not None:
            self.leases[str(config.id)] = LeaseWatch(
                instance, config.etcd_lease, self.configuration.node, self._ports, self._journal
            )

    def held_here(self) -> set[str]:
        """Return what this node holds, each by what it moves with."""
        return held_here(self.instances)

    def checks_of(self, instance: Instance) -> list[CheckRunner]:
        """Return all checks that one virtual router uses, in the order of the configuration."""
        return [self.checks[name] for name in instance.config.checks]

    def _segment(self, place: Place) -> Segment:
        if place not in self.segments:
            self.segments[place] = Segment(place, self._ports, self._journal)
        return self.segments[place]

    def lease(self, instance: Instance) -> LeaseWatch | None:
        """Return the etcd lease of one virtual router, if it has one."""
        return self.leases.get(str(instance.config.id))

    def fence(self, instance: Instance) -> FenceWatch:
        """Return the fence of one virtual router."""
        return self.fences[str(instance.config.id)]

    def start(self) -> None:
        """Look at interfaces and services; each virtual router starts when nothing hinders it."""
        for scale in self._scales:
            scale.start()
        for fence in self.fences.values():
            fence.start()
        for lease in self.leases.values():
            lease.start()
        for segment in self.segments.values():
            segment.start()
        for check in self.checks.values():
            check.start()

    def stop(self, stopped: Callable[[], None]) -> None:
        """Leave every election and take all addresses off, then call *stopped*."""
        self._stopped = stopped
        configs = [instance.config for instance in self.instances]
        longest = max(handover_patience(c.version, c.advertisement_interval) for c in configs)
        self._give_up_at = Nanoseconds(self._ports.clock.now() + longest + STOP_BUDGET)
        for instance in self.instances:
            instance.stop()
        self._look_whether_stopped()

    def _look_whether_stopped(self) -> None:
        now = self._ports.clock.now()
        stuck = [instance for instance in self.instances if not instance.stopped]
        # Resources take their time, and those that do not stop may not be left alone.
        patient = any(instance.chain is not None for instance in stuck)
        if stuck and (patient or self._give_up_at is None or now < self._give_up_at):
            self._look.set(Nanoseconds(now + STOP_LOOK))
            return
        for instance in stuck:
            self._journal.warn_rarely(
                "stop_incomplete",
                "the kernel has not confirmed that the addresses are gone; stopping all the same",
                virtual_router=instance.config,
            )
        for check in self.checks.values():
            check.stop()
        for segment in self.segments.values():
            segment.stop()
        if self._stopped is not None:
            self._stopped()
