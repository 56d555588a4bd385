"""The resources of one virtual router: started in order below its addresses, stopped in reverse.

The chain has the interface of an address keeper. When its router becomes master, it starts the
resources and then adds the addresses. When the router lets go, it removes the addresses, stops the
resources, and only then reports that all is gone. So priority 0 is sent when no resource runs here
any more. The newest order counts. One command runs at a time, so a stop never overlaps a start.
"""

from collections.abc import Collection
from functools import partial
from typing import Protocol

from pyvrrp.config.model.configuration import VirtualRouterConfig
from pyvrrp.config.model.resources import ChainConfig
from pyvrrp.errors import KernelError
from pyvrrp.identity import InterfaceAddress, Place
from pyvrrp.ports import CommandResult, InterfaceState, Ports
from pyvrrp.runtime.addresses import address_keeper
from pyvrrp.runtime.addresses.address_keepers import keeper_of
from pyvrrp.runtime.addresses.lease_renewals import LeaseRenewals
from pyvrrp.runtime.base.counters import Counters
from pyvrrp.runtime.base.deadline_timer import DeadlineTimer
from pyvrrp.runtime.base.journal import Journal
from pyvrrp.runtime.links.last_heard import LastHeard
from pyvrrp.runtime.resources.exit_status import CommandOutcome, Kind
from pyvrrp.runtime.resources.failure_hold_down import FailureHoldDown
from pyvrrp.runtime.resources.guardian_registration import SIGN_OF_LIFE, GuardianRegistration
from pyvrrp.runtime.resources.reports import ResourceReports
from pyvrrp.runtime.resources.resource import Resource, ResourceState
from pyvrrp.units import SECOND, Nanoseconds

FIRST_RETRY = SECOND  # before a stop that failed is tried again
LAST_RETRY = Nanoseconds(30 * SECOND)
SWITCH_TIMEOUT = Nanoseconds(60 * SECOND)  # for the command of on_stop_failure


class ChainOwner(address_keeper.AddressOwner, Protocol):
    """The virtual router that has the chain."""

    def addresses_withdrawn(self) -> None:
        """Stop the announcements: the addresses are being removed although it stays master."""

    def resources_failed(self, why: str) -> None:
        """Note why this node cannot run the resources; empty: it can again."""

    def retry_claim(self) -> None:
        """Check again whether a claim that waited for the resources may go on."""

    @property
    def reason(self) -> str:
        """The reason for the state of the router, for the environment of commands."""

    @property
    def last_heard(self) -> LastHeard | None:
        """The last advertisement that the router received."""


class ResourceChain:
    """The resources and the addresses of one router, as an address keeper."""

    def __init__(
        self,
        chain: ChainConfig,
        config: VirtualRouterConfig,
        ports: Ports,
        journal: Journal,
        counters: Counters,
        master: ChainOwner,
        renewals: LeaseRenewals,
    ) -> None:
        self._config = config
        self._chain = chain
        self._ports = ports
        self._clock = ports.clock
        self._counters = counters
        self._master = master
        self._report = ResourceReports(config, journal, counters)
        self._address_keeper = keeper_of(config, ports, journal, counters, self, renewals)
        netns, told = config.id.place.netns, self._describe
        self.resources = tuple(Resource(one, ports, netns, told) for one in chain.resources)
        self.sequence = 0
        self._wanted = False
        self._floor: int | None = 0  # resources from this one on must be stopped first
        self._busy = False
        self._scheduled = False
        self._retry = FIRST_RETRY
        self._guardian = GuardianRegistration(
            str(config.id), chain, ports.guardian, ports.clock, self._intervened
        )
        self._failure_hold_down = FailureHoldDown(
            config.hold_down, ports.clock, self._failure_changed
        )
        self._pause = DeadlineTimer(ports.clock, self._advance)

    # --- called by the router ---

    @property
    def idle(self) -> bool:
        """Whether the wanted state is reached and nothing is under way."""
        return self._address_keeper.idle and self._floor is None and not self._busy

    @property
    def held(self) -> bool:
        """Whether the kernel has confirmed the addresses."""
        return self._address_keeper.held

    @property
    def gone(self) -> bool:
        """Whether the addresses are gone, the resources have stopped, and neither is wanted."""
        return self._address_keeper.gone and self._floor is None and not self._wanted

    @property
    def managed(self) -> tuple[InterfaceAddress, ...]:
        """The addresses that are ours to add and remove."""
        return self._address_keeper.managed

    @property
    def doing(self) -> str:
        """What the chain does now, in words; empty if the wanted state is reached."""
        for resource in self.resources:
            match resource.state:
                case ResourceState.STUCK:
                    return f"{resource.config.name} does not stop: {resource.why}"
                case ResourceState.STARTING | ResourceState.STOPPING:
                    return f"{resource.state} {resource.config.name}"
                case _:
                    pass
        return ""

    def forget(self, managed: tuple[InterfaceAddress, ...]) -> None:
        """Begin again with *managed* on an interface that is new or has come back."""
        self._wanted = False
        self._address_keeper.forget(managed)
        self._go_down(0)

    def take(self) -> None:
        """Start the resources, then add the addresses."""
        self._wanted = True
        self.sequence += 1
        self._soon()

    def let_go(self) -> None:
        """Remove the addresses, then stop the resources. Report addresses_gone after both."""
        if self._wanted:
            self.sequence += 1
        self._wanted = False
        self._address_keeper.let_go()
        self._go_down(0)

    def observe(self, state: InterfaceState, at: Place | None = None) -> None:
        """Compare with the addresses on the interface; add again what was removed by others."""
        self._address_keeper.observe(state, at)

    def look_again(self) -> None:
        """Go on with what waited for the router: an answer of it has changed."""
        self._address_keeper.look_again()
        self._advance()

    @property
    def is_down(self) -> bool:
        """Whether no resource must be stopped here before the resources may start."""
        return self._floor is None

    # --- called by the address keeper ---

    def may_hold(self) -> bool:
        """Return whether the address lease may be renewed."""
        return (
            self._floor is None and not self._guardian.guardian_acts() and self._master.may_hold()
        )

    def may_add(self) -> bool:
        """Return whether the addresses may be added."""
        return not self._guardian.guardian_acts() and self._master.may_add()

    @property
    def may_add_until(self) -> Nanoseconds | None:
        """The instant from which on the addresses may not be added."""
        return self._master.may_add_until

    def addresses_taken(self) -> None:
        """Tell the router that the addresses are there, unless they are not wanted any more."""
        if self._wanted and self._floor is None:
            self._master.addresses_taken()

    def addresses_gone(self) -> None:
        """Go on: the addresses are gone, so the resources may stop."""
        self._soon()

    def addresses_refused(self, error: KernelError) -> None:
        """Tell the router that the kernel refuses the addresses."""
        self._master.addresses_refused(error)

    def addresses_restored(self, addresses: Collection[InterfaceAddress]) -> None:
        """Tell the router that removed addresses were added again."""
        self._master.addresses_restored(addresses)

    # --- one thing after the other ---

    def _go_down(self, to: int) -> None:
        self._floor = to if self._floor is None else min(to, self._floor)
        for resource in self.resources[self._floor :]:
            resource.unwatch()
            resource.shorten_start()
        if self._wanted:
            self._address_keeper.let_go()
            self._master.addresses_withdrawn()
        self._soon()

    def _soon(self) -> None:
        # In a later turn of the loop: the caller first records what it decided, and why.
        if not self._scheduled:
            self._scheduled = True
            self._clock.call_at(self._clock.now(), self._advance_scheduled)

    def _advance_scheduled(self) -> None:
        self._scheduled = False
        self._advance()

    def _advance(self) -> None:
        if self._busy:
            return
        if self._guardian.guardian_acts():
            self._pause.set(Nanoseconds(self._clock.now() + SIGN_OF_LIFE))
            return
        if self._floor is not None:
            if not self._address_keeper.gone:
                return
            below = self.resources[self._floor :]
            running = (one for one in reversed(below) if one.state is not ResourceState.STOPPED)
            if (resource := next(running, None)) is not None:
                self._bring_down(resource)
                return
            self._reach_floor()
        if not self._wanted:
            return
        stopped = (one for one in self.resources if one.state is ResourceState.STOPPED)
        if (resource := next(stopped, None)) is not None:
            # If the addresses may not be added now, `look_again` or `let_go` follows.
            if self._master.may_add():
                self._bring_up(resource)
        elif not self._address_keeper.wanted:
            self._address_keeper.take()

    def _reach_floor(self) -> None:
        self._floor = None
        self._retry = FIRST_RETRY
        if not self._wanted:
            self._guardian.stop_signs_of_life()
            self._failure_hold_down.all_stopped()
            self._master.addresses_gone()
            self._master.retry_claim()

    def _bring_up(self, resource: Resource) -> None:
        self._busy = True
        self._guardian.register(resource)
        self._report.starting(resource.config.name)
        resource.start(partial(self._brought_up, resource))

    def _brought_up(self, resource: Resource, outcome: CommandOutcome) -> None:
        self._busy = False
        if outcome.kind is Kind.GOOD:
            self._report.started(resource.config.name)
            if self._floor is None:
                resource.watch(partial(self._monitor_failed, resource))
        elif self._floor is None:
            self._report.start_failed(resource.config.name, outcome)
            self._give_up(f"{resource.config.name} does not start: {outcome.why}", outcome)
        self._advance()

    def _bring_down(self, resource: Resource) -> None:
        self._busy = True
        self._report.stopping(resource.config.name)
        resource.stop(partial(self._brought_down, resource))

    def _brought_down(self, resource: Resource, outcome: CommandOutcome) -> None:
        if outcome.kind is Kind.STOPPED:
            self._busy = False
            self._guardian.unregister(resource)
            self._report.stopped(resource.config.name)
            self._advance()
            return
        self._report.stop_failed(resource.config.name, outcome)
        # A resource of an earlier process must have been seen to run. Otherwise a power switch
        # would kill a machine that has just started, again and again.
        if self._chain.on_stop_failure and resource.touched:
            switched = partial(self._switched, resource)
            self._ports.commands.run(
                self._guardian.power_switch(resource), SWITCH_TIMEOUT, switched
            )
            return
        self._try_again_later()

    def _switched(self, resource: Resource, result: CommandResult) -> None:
        # The result does not matter. Only the resource itself can show that it has stopped.
        self._report.switched(resource.config.name, result)
        self._try_again_later()

    def _try_again_later(self) -> None:
        at = Nanoseconds(self._clock.now() + self._retry)
        self._retry = min(Nanoseconds(2 * self._retry), LAST_RETRY)
        self._clock.call_at(at, self._try_again)

    def _try_again(self) -> None:
        self._busy = False
        self._advance()

    # --- what goes wrong ---

    def _monitor_failed(self, resource: Resource, outcome: CommandOutcome) -> None:
        config, now = resource.config, self._clock.now()
        self._report.monitor_failed(config.name, outcome)
        recent = [at for at in resource.restarts if now - at < config.restart_window]
        if outcome.kind is Kind.HOPELESS or len(recent) >= config.max_restarts:
            after = f" after {len(recent)} restarts" if recent else ""
            self._give_up(f"{config.name} failed{after}: {outcome.why}", outcome)
            return
        resource.restarts = [*recent, now]
        self._report.restarting(config.name, len(recent) + 1, config.max_restarts)
        self.sequence += 1
        self._go_down(self.resources.index(resource))

    def _give_up(self, why: str, outcome: CommandOutcome) -> None:
        self._go_down(0)
        self._wanted = False
        self._failure_hold_down.begin(why, hopeless=outcome.kind is Kind.HOPELESS)

    def _failure_changed(self, why: str) -> None:
        self._master.resources_failed(why)

    def _intervened(self) -> None:
        affected = [one for one in self.resources if one.state is not ResourceState.STOPPED]
        if not affected:
            return
        self._report.intervened()
        for resource in affected:
            if resource.state is ResourceState.STARTED:
                resource.state = ResourceState.UNKNOWN
        failed = CommandOutcome(Kind.FAILED, "")
        self._give_up("the guardian stopped the resources while this process did not run", failed)

    # --- what commands are told ---

    def _describe(self, action: str) -> tuple[tuple[str, str], ...]:
        heard = self._master.last_heard
        return (
            ("PYVRRP_ACTION", action),
            ("PYVRRP_VIRTUAL_ROUTER", self._config.name),
            ("PYVRRP_INTERFACE", self._config.id.place.interface),
            ("PYVRRP_NETNS", self._config.id.place.netns),
            ("PYVRRP_ADDRESSES", " ".join(map(str, self._config.all_addresses))),
            ("PYVRRP_REASON", self._master.reason),
            ("PYVRRP_PEER", "" if heard is None else str(heard.sender)),
            ("PYVRRP_SEQUENCE", str(self.sequence)),
        )
