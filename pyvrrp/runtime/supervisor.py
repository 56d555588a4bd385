"""Build everything a configuration asks for, start it in order, and stop it in order."""

from collections.abc import Callable, Collection, Sequence

from pyvrrp.config.model.configuration import (
    CheckConfig,
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
from pyvrrp.runtime.hooks.router_hooks import RouterHooks
from pyvrrp.runtime.links.interface import Interface
from pyvrrp.runtime.links.same_device import Devices
from pyvrrp.runtime.router.concern import Concern
from pyvrrp.runtime.router.group import Group
from pyvrrp.runtime.router.router import Router
from pyvrrp.runtime.tracking.interfaces import TrackedInterfaces
from pyvrrp.runtime.tracking.startup_delay import StartupDelay
from pyvrrp.runtime.tracking.watched_interface import WatchedInterface
from pyvrrp.units import MILLISECOND, SECOND, Nanoseconds
from pyvrrp.virtual_router.states import Backup, Init
from pyvrrp.virtual_router.timers import handover_patience

STOP_BUDGET = Nanoseconds(5 * SECOND)  # beyond a handover; the address leases run out by themselves
STOP_LOOK = Nanoseconds(5 * MILLISECOND)
STOP_STALL = SECOND  # a look that is later than this: the process did not run meanwhile


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
        self.tracked_interfaces: dict[Place, WatchedInterface] = {}
        self._devices: Devices[Interface] = Devices()
        self.routers: list[Router] = []
        self.checks: dict[str, CheckRunner] = {}
        self.groups: dict[str, Group] = {}
        self._ports = ports
        self._journal = journal
        self._has_started = False
        self._stopped: Callable[[], None] | None = None
        self._give_up_at: Nanoseconds | None = None
        self._looked_at = Nanoseconds(0)
        self._renewals = LeaseRenewals(ports.clock, ports.addresses, configuration.kernel_budget)
        self._look = DeadlineTimer(ports.clock, self._look_whether_stopped)
        for check in used_checks(configuration):
            self.checks[check.name] = CheckRunner(check, ports, journal)
        for config in configuration.virtual_routers:
            router = self._build(config, self.group_of(config))
            router.drain(drained=config.name in drained)
            self.routers.append(router)

    def group_of(self, config: VirtualRouterConfig) -> Group:
        """Return the group that *config* names. Without a name it is in a group of its own."""
        group = self.groups.get(config.group) or Group(self._ports.clock, config.group)
        if config.group:
            self.groups[config.group] = group
        return group

    def _build(self, config: VirtualRouterConfig, group: Group) -> Router:
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
        concerns = self._tracking(router)
        concerns += [fence, LastResort(router, fence, fencing, clock, journal)]
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
        if config.hooks:
            known = {hook.name: hook for hook in self.configuration.hooks}
            called = [known[name] for name in config.hooks]
            concerns.append(
                RouterHooks(router, called, self.configuration.node, self._ports, journal)
            )
        if config.etcd_lease is not None:
            node = self.configuration.node
            concerns.append(EtcdLeaseHolder(router, config.etcd_lease, node, self._ports, journal))
        return concerns

    def _tracking(self, router: Router) -> list[Concern]:
        """Return what the router tracks beside its checks."""
        config, clock = router.config, self._ports.clock
        concerns: list[Concern] = []
        delays = self.configuration.startup_delay, self.configuration.delay_after_boot
        if any(delays) and not self._has_started:
            concerns.append(StartupDelay(router, *delays, clock))
        if config.track_interfaces:
            watched = [
                (one, self._watched(Place(config.id.place.netns, one.interface)))
                for one in config.track_interfaces
            ]
            concerns.append(TrackedInterfaces(router, watched, clock))
        return concerns

    def _watched(self, place: Place) -> WatchedInterface:
        if place not in self.tracked_interfaces:
            watched = WatchedInterface(place, self._ports.links, self._journal)
            self.tracked_interfaces[place] = watched
        return self.tracked_interfaces[place]

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
        self._has_started = True
        for router in self.routers:
            router.addresses.start()
            for concern in router.concerns:
                concern.start()
        for watched in self.tracked_interfaces.values():
            watched.start()
        for interface in self.interfaces.values():
            interface.start()
        for check in self.checks.values():
            check.start()

    # What a reload asks for (`Reloading`).

    @property
    def is_stopping(self) -> bool:
        """Whether `stop` has been called."""
        return self._stopped is not None

    def begin(self, config: VirtualRouterConfig, *, drained: bool, group: Group | None) -> Router:
        """Build a virtual router while the others run, and start it; None: in a group of its own.

        The checks that it uses must be there.
        """
        places = [link.place for link in config.links] + [held.place for held in config.held[1:]]
        new = dict.fromkeys(place for place in places if place not in self.interfaces)
        router = self._build(config, group or Group(self._ports.clock))
        router.drain(drained=drained)
        self.routers.append(router)
        router.addresses.start()
        for concern in router.concerns:
            concern.start()
        for watched in self.tracked_interfaces.values():
            watched.start()
        for place in new:
            self.interfaces[place].start()
        for link in router.links.all:
            if link.place not in new:
                self.interfaces[link.place].begin_with(link)
        return router

    def remove(self, router: Router) -> None:
        """Forget *router*, which has stopped, and what it alone used."""
        router.leave_for_good()
        self.routers.remove(router)
        for name, group in tuple(self.groups.items()):
            if not group.members:
                del self.groups[name]
        for place, watched in tuple(self.tracked_interfaces.items()):
            if not watched.is_used:
                watched.stop()
                del self.tracked_interfaces[place]
        others = {held.place for one in self.routers for held in one.config.held[1:]}
        for place, interface in tuple(self.interfaces.items()):
            if place not in others and not interface.is_used_by():
                interface.stop()
                del self.interfaces[place]

    def checks_are(self, checks: Sequence[CheckConfig], serving: Collection[str]) -> None:
        """Run these *checks* from now on. What stays as it is goes on with its verdict.

        A new one passes until its first verdict if a router depends on it that holds its
        addresses, which is so for the checks in *serving*. Those that are gone run until
        `forget_checks`.
        """
        for check in checks:
            runner = self.checks.get(check.name)
            if runner is None:
                runner = self.checks[check.name] = CheckRunner(check, self._ports, self._journal)
                if check.name in serving:
                    runner.presume()
                runner.start()
            elif runner.config != check:
                runner.configuration_is(check)

    def forget_checks(self, names: Collection[str]) -> None:
        """Stop all checks but *names*. No virtual router listens to the others any more."""
        for name in tuple(self.checks):
            if name not in names:
                self.checks.pop(name).stop()

    def use_checks_of(self, router: Router) -> None:
        """Have *router* use the checks of its configuration, which are others than before."""
        config = router.config
        fencing = [self.checks[name] for name in config.fence]
        weighed = False
        for concern in router.concerns:
            match concern:
                case Fence() | LastResort():
                    concern.use(fencing)
                case Weights():
                    concern.use(config.weights, self.checks)
                    weighed = True
                case _:
                    pass
        if config.weights and not weighed:
            weights = Weights(router, config.weights, self.checks, self._ports.clock)
            router.heed(weights)
            weights.start()

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
        patience = [handover_patience(c.version, c.advertisement_interval) for c in configs]
        longest = max(patience, default=Nanoseconds(0))
        self._looked_at = self._ports.clock.now()
        self._give_up_at = Nanoseconds(self._looked_at + longest + STOP_BUDGET)
        for router in self.routers:
            router.stop()
        self._look_whether_stopped()

    def _look_whether_stopped(self) -> None:
        now = self._ports.clock.now()
        if self._give_up_at is not None and now - self._looked_at > STOP_STALL:
            # Only the time counts in which this process could have asked the kernel.
            self._give_up_at = Nanoseconds(self._give_up_at + now - self._looked_at)
        self._looked_at = now
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
        if self._hooks_run():
            self._look.set(Nanoseconds(now + STOP_LOOK))
            return
        for check in self.checks.values():
            check.stop()
        for watched in self.tracked_interfaces.values():
            watched.stop()
        for interface in self.interfaces.values():
            interface.stop()
        if self._stopped is not None:
            self._stopped()

    def _hooks_run(self) -> bool:
        """Tell the hooks that their virtual routers have stopped; return whether one runs."""
        hooks = [
            concern
            for router in self.routers
            for concern in router.concerns
            if isinstance(concern, RouterHooks)
        ]
        for concern in hooks:
            concern.stopped()
        return not all(concern.idle for concern in hooks)


def used_checks(configuration: Configuration) -> list[CheckConfig]:
    """Return the checks that a virtual router uses; the others do not run."""
    used = {name for config in configuration.virtual_routers for name in config.checks}
    return [check for check in configuration.checks if check.name in used]
