"""Build everything a configuration asks for, start it in order, and stop it in order."""

from collections.abc import Callable, Collection

from pyvrrp.config.model.configuration import ClaimProbePolicy, Configuration, VirtualRouterConfig
from pyvrrp.identity import Place
from pyvrrp.ports import Ports
from pyvrrp.runtime.addresses.lease_renewals import LeaseRenewals
from pyvrrp.runtime.base.deadline_timer import AlarmClock
from pyvrrp.runtime.base.journal import Journal
from pyvrrp.runtime.claims.capacity_gate import Capacity, held_here
from pyvrrp.runtime.claims.neighbour_gate import ClaimProbe
from pyvrrp.runtime.etcd_lease.lease import LeaseWatch
from pyvrrp.runtime.health.check_runner import CheckRunner
from pyvrrp.runtime.health.fence import FenceWatch
from pyvrrp.runtime.health.last_resort import LastResort
from pyvrrp.runtime.health.weights import Scale
from pyvrrp.runtime.links.interface import Interface
from pyvrrp.runtime.router.group import Group
from pyvrrp.runtime.router.router import Router
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
        self.interfaces: dict[Place, Interface] = {}
        self.routers: list[Router] = []
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
        self._renewals = LeaseRenewals(ports.clock, ports.addresses, configuration.kernel_budget)
        self._look = AlarmClock(ports.clock, self._look_whether_stopped)
        used = {name for config in configuration.virtual_routers for name in config.checks}
        for check in configuration.checks:
            if check.name in used:
                self.checks[check.name] = CheckRunner(check, ports, journal)
        for config in configuration.virtual_routers:
            self._build(config, drained=config.name in drained)

    def _build(self, config: VirtualRouterConfig, *, drained: bool) -> None:
        interface = self._interface(config.id.place)
        # Without a name it is in a group of its own.
        group = self.groups.get(config.group) or Group(self._ports.clock, config.group)
        if config.group:
            self.groups[config.group] = group
        router = Router(
            *(config, interface, self._ports, self._journal, self._renewals),
            *(self.configuration.chain(config), group),
        )
        router.drain(drained=drained)
        interface.add(router)
        for link in config.further_links:
            router.heartbeats.join(link, self._interface(link.place))
        self.routers.append(router)
        fencing = [self.checks[name] for name in config.fence]
        self.fences[str(config.id)] = FenceWatch(router, fencing, self._ports.clock, self._journal)
        self.last_resorts[str(config.id)] = LastResort(
            router, self.fences[str(config.id)], fencing, self._ports.clock, self._journal
        )
        if self.configuration.max_held is not None:
            # Before the neighbours are asked: nobody need answer a claim that is left to others.
            Capacity(
                *(router, self.configuration.max_held, self.held_here),
                *(self._ports.clock, self._journal),
            )
        if config.claim_probe is not ClaimProbePolicy.OFF:
            ClaimProbe(router, interface, self._ports.clock, self._journal)
        if config.weights:
            self._scales.append(Scale(router, self.checks, self._ports.clock))
        if router.chain is not None:
            router.guard(router.chain)
        if config.etcd_lease is not None:
            self.leases[str(config.id)] = LeaseWatch(
                router, config.etcd_lease, self.configuration.node, self._ports, self._journal
            )

    def held_here(self) -> set[str]:
        """Return what this node holds, each by what it moves with."""
        return held_here(self.routers)

    def checks_of(self, router: Router) -> list[CheckRunner]:
        """Return all checks that one virtual router uses, in the order of the configuration."""
        return [self.checks[name] for name in router.config.checks]

    def _interface(self, place: Place) -> Interface:
        if place not in self.interfaces:
            self.interfaces[place] = Interface(place, self._ports, self._journal)
        return self.interfaces[place]

    def lease(self, router: Router) -> LeaseWatch | None:
        """Return the etcd lease of one virtual router, if it has one."""
        return self.leases.get(str(router.config.id))

    def fence(self, router: Router) -> FenceWatch:
        """Return the fence of one virtual router."""
        return self.fences[str(router.config.id)]

    def start(self) -> None:
        """Look at interfaces and services; each virtual router starts when nothing hinders it."""
        for scale in self._scales:
            scale.start()
        for fence in self.fences.values():
            fence.start()
        for lease in self.leases.values():
            lease.start()
        for interface in self.interfaces.values():
            interface.start()
        for check in self.checks.values():
            check.start()

    def stop(self, stopped: Callable[[], None]) -> None:
        """Leave every election and take all addresses off, then call *stopped*."""
        self._stopped = stopped
        configs = [router.config for router in self.routers]
        longest = max(handover_patience(c.version, c.advertisement_interval) for c in configs)
        self._give_up_at = Nanoseconds(self._ports.clock.now() + longest + STOP_BUDGET)
        for router in self.routers:
            router.stop()
        self._look_whether_stopped()

    def _look_whether_stopped(self) -> None:
        now = self._ports.clock.now()
        stuck = [router for router in self.routers if not router.stopped]
        # Resources take their time, and those that do not stop may not be left alone.
        patient = any(router.chain is not None for router in stuck)
        if stuck and (patient or self._give_up_at is None or now < self._give_up_at):
            self._look.set(Nanoseconds(now + STOP_LOOK))
            return
        for router in stuck:
            self._journal.warn_rarely(
                "stop_incomplete",
                "the kernel has not confirmed that the addresses are gone; stopping all the same",
                virtual_router=router.config,
            )
        for check in self.checks.values():
            check.stop()
        for interface in self.interfaces.values():
            interface.stop()
        if self._stopped is not None:
            self._stopped()
