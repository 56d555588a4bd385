"""Build everything a configuration asks for, start it in order, and stop it in order."""

from collections.abc import Callable, Collection

from pyvrrp.config.model.configuration import (
    ClaimProbePolicy,
    Configuration,
    VirtualRouterConfig,
)
from pyvrrp.identity import Place
from pyvrrp.ports import Ports
from pyvrrp.runtime.addresses.lease_renewals import LeaseRenewals
from pyvrrp.runtime.base.deadline_timer import DeadlineTimer
from pyvrrp.runtime.base.journal import Journal
from pyvrrp.runtime.claims.capacity import Capacity
from pyvrrp.runtime.claims.incompatible import IncompatibleNeighbours
from pyvrrp.runtime.claims.neighbours import ClaimProbe
from pyvrrp.runtime.claims.running_resources import RunningResources
from pyvrrp.runtime.etcd_lease.lease import EtcdLeaseHolder
from pyvrrp.runtime.health.check_runner import CheckRunner
from pyvrrp.runtime.health.fence import Fence
from pyvrrp.runtime.health.last_resort import LastResort
from pyvrrp.runtime.health.weights import Weights
from pyvrrp.runtime.links.interface import Interface
from pyvrrp.runtime.links.same_device import Devices
from pyvrrp.runtime.router.concern import Concern
from pyvrrp.runtime.router.group import Group
from pyvrrp.runtime.router.router import Router
from pyvrrp.units import MILLISECOND, SECOND, Nanoseconds
from pyvrrp.virtual_router.states import Backup, Init
from pyvrrp.virtual_router.timers import handover_patience

STOP_BUDGET = Nanoseconds(5 * SECOND)  # beyond a handover; the address leases run out by themselves
STOP_LOOK = Nanoseconds(5 * MILLISECOND)


class Supervisor:
    """All virtual routers, checks and interfaces of one daemon.

    *drained* names the virtual routers that the operator wants to stay out from the start.
    """

    def __init__(
        self,
        configuration: Configuration,
        ports: Ports,
        journal: Journal,
        drained: Collection[str] = (),
    ) -> None:
        self.configuration = configuration
        self.interfaces: dict[Place, Interface] = {}
        self._devices: Devices[Interface] = Devices()
        self.routers: list[Router] = []
        self.checks: dict[str, CheckRunner] = {}
        self.groups: dict[str, Group] = {}
        self._ports = ports
        self._journal = journal
        self._stopped: Callable[[], None] | None = None
        self._give_up_at: Nanoseconds | None = None
        self._renewals = LeaseRenewals(ports.clock, ports.addresses, configuration.kernel_budget)
        self._look = DeadlineTimer(ports.clock, self._look_whether_stopped)
        used = {name for config in configuration.virtual_routers for name in config.checks}
        for check in configuration.checks:
            if check.name in used:
                self.checks[check.name] = CheckRunner(check, ports, journal)
        for config in configuration.virtual_routers:
            router = self._build(config)
            router.drain(drained=config.name in drained)
            self.routers.append(router)

    def _build(self, config: VirtualRouterConfig) -> Router:
        # Without a name it is in a group of its own.
        group = self.groups.get(config.group) or Group(self._ports.clock, config.group)
        if config.group:
            self.groups[config.group] = group
        router = Router(
            config,
            [self._interface(link.place) for link in config.links],
            self._ports,
            self._journal,
            self._renewals,
            self.configuration.chain(config),
            group,
            {held.place: self._interface(held.place) for held in config.held[1:]},
        )
        router.heed(*self._concerns(router))
        return router

    def _concerns(self, router: Router) -> list[Concern]:
        """Return what may hinder, permit or prove something for *router*, in the order of asking.

        The key in etcd is taken last, when nothing else is missing. The neighbours are asked after
        the capacity: they need not answer for a claim that is left to another node.
        """
        config, clock, journal = router.config, self._ports.clock, self._journal
        fencing = [self.checks[name] for name in config.fence]
        fence = Fence(router, fencing, clock, journal)
        concerns: list[Concern] = [fence, LastResort(router, fence, fencing, clock, journal)]
        if config.weights:
            concerns.append(Weights(router, config.weights, self.checks, clock))
        if self.configuration.max_held is not None:
            most = self.configuration.max_held
            concerns.append(Capacity(router, most, self.held_here, clock, journal))
        concerns.append(IncompatibleNeighbours(router, clock, journal))
        if config.claim_probe is not ClaimProbePolicy.OFF:
            interface = self.interfaces[config.id.place]
            concerns.append(ClaimProbe(router, interface, clock, journal))
        if router.addresses.chain is not None:
            concerns.append(RunningResources(router.addresses.chain))
        if config.etcd_lease is not None:
            node = self.configuration.node
            concerns.append(EtcdLeaseHolder(router, config.etcd_lease, node, self._ports, journal))
        return concerns

    def held_here(self) -> set[str]:
        """Return what this node holds, a group or the families of one name as one."""
        return {
            router.config.moves_as
            for router in self.routers
            if not isinstance(router.state, Init | Backup)
        }

    def _interface(self, place: Place) -> Interface:
        if place not in self.interfaces:
            self.interfaces[place] = Interface(place, self._ports, self._journal, self._devices)
        return self.interfaces[place]

    def start(self) -> None:
        """Look at interfaces and services; each virtual router starts when nothing hinders it."""
        for router in self.routers:
            router.addresses.start()
            for concern in router.concerns:
                concern.start()
        for interface in self.interfaces.values():
            interface.start()
        for check in self.checks.values():
            check.start()

    def look_at_clock(self) -> None:
        """Take note of checks that have become silent, before an order of the operator is obeyed.

        After a stall, the order may be read before the timers fire that fell due meanwhile.
        """
        for check in self.checks.values():
            check.look_at_clock()

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
        # Resources take their time, and those that do not stop must not be left alone.
        patient = any(router.addresses.chain is not None for router in stuck)
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
