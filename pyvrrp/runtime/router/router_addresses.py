"""The virtual addresses of one virtual router: on the interface, announced, and watched.

It answers what the address keeper asks, and tells the router what the kernel has said.
"""

from collections.abc import Collection, Mapping
from typing import Protocol

from pyvrrp.config.model.configuration import VirtualRouterConfig
from pyvrrp.config.model.resources import ChainConfig
from pyvrrp.errors import KernelError
from pyvrrp.identity import Address, InterfaceAddress, Place
from pyvrrp.ports import Claim, InterfaceState, Ports
from pyvrrp.runtime.addresses.address_keeper import AddressKeeper
from pyvrrp.runtime.addresses.address_keepers import Keeper, keeper_of
from pyvrrp.runtime.addresses.announcer import Announcer
from pyvrrp.runtime.addresses.conflicting_holders import OtherHolders
from pyvrrp.runtime.addresses.further_places import FurtherPlaces
from pyvrrp.runtime.addresses.lease_renewals import LeaseRenewals
from pyvrrp.runtime.base.counters import Counters
from pyvrrp.runtime.base.deadline_timer import DeadlineTimer
from pyvrrp.runtime.base.journal import Journal, Level
from pyvrrp.runtime.links.interface import Interface
from pyvrrp.runtime.links.last_heard import LastHeard
from pyvrrp.runtime.resources.chain import ResourceChain
from pyvrrp.runtime.router.group import Group
from pyvrrp.runtime.router.obstacles import (
    ADDRESSES,
    EARLIER_GUARDIAN,
    KERNEL,
    LEFTOVERS,
    OTHER_INTERFACES,
)
from pyvrrp.runtime.router.reporter import Reporter
from pyvrrp.units import MILLISECOND, SECOND, Nanoseconds
from pyvrrp.virtual_router.actions import NewMasterReason
from pyvrrp.virtual_router.events import SuccessorAnnounced
from pyvrrp.virtual_router.parameters import OWNER
from pyvrrp.virtual_router.rules.admission import RESOURCES
from pyvrrp.virtual_router.states import HandingOver, Master, State

LOOK_AGAIN = Nanoseconds(20 * MILLISECOND)  # whether an earlier guardian has ended
REFUSAL_PAUSE = Nanoseconds(5 * SECOND)  # before addresses that the kernel refused are tried again


class Holder(Protocol):
    """The virtual router whose addresses these are."""

    group: Group
    reporter: Reporter

    @property
    def state(self) -> State:
        """The state of its election."""

    @property
    def reason(self) -> str:
        """Why it is in its state, or on its way out of it."""

    @property
    def last_heard(self) -> LastHeard | None:
        """The newest advertisement that was accepted from another router."""

    @property
    def is_heard(self) -> bool:
        """Whether its last advertisement has left."""

    def may_renew(self) -> bool:
        """Return whether the election lets it keep the addresses."""

    def part_obstacle(self, source: str, reason: str) -> None:
        """Keep it from taking part for the *reason* of a part; empty: the part has none."""

    def retry_claim(self) -> None:
        """Ask again: a claim that waited for the resources may go on."""

    def take(self, event: SuccessorAnnounced) -> None:
        """Take one step of the election."""


class RouterAddresses:
    """The addresses of one virtual router, and the resources below them if it has any."""

    def __init__(
        self,
        router: Holder,
        config: VirtualRouterConfig,
        interface: Interface,
        ports: Ports,
        journal: Journal,
        counters: Counters,
        renewals: LeaseRenewals,
        chain: ChainConfig | None,
        others: Mapping[Place, Interface],
    ) -> None:
        self.present: frozenset[InterfaceAddress] = frozenset()
        self.announcer = Announcer(
            *(config, ports.clock, interface, journal, counters), may_announce=self._may_announce
        )
        self.other_holders = OtherHolders(config, ports.clock, journal, counters)
        given = (config, ports, journal, counters, self, renewals)
        self.chain = None if chain is None else ResourceChain(chain, *given)
        self.keeper: Keeper | ResourceChain = self.chain or keeper_of(*given)
        self.further: FurtherPlaces | None = None
        if len(config.held) > 1:
            self.further = FurtherPlaces(
                *(config, others, ports.clock, ports.links, journal, counters),
                may_announce=self._may_announce,
                changed=self._other_interface_changed,
            )
        self._router = router
        self._config = config
        self._interface = interface
        self._clock = ports.clock
        self._journal = journal
        self._device: tuple[int, int, int] | None = None  # the interface that is looked at
        self._operators: frozenset[Address] = frozenset()
        self._pause = DeadlineTimer(ports.clock, self._forget_refusal)
        self._guardian = ports.guardian
        self._look_again = DeadlineTimer(ports.clock, self._begin_if_it_is_there)

    def configuration_is(self, config: VirtualRouterConfig) -> None:
        """Manage and announce the addresses of *config* from now on.

        With resources the addresses, and all that the resources know, must be the same.
        """
        self._config = config
        self.announcer.configuration_is(config)
        self.present = self._interface.state.present.intersection(config.local_addresses)
        if isinstance(self.keeper, AddressKeeper):
            self.keeper.configuration_is(config, self.managed())
        if isinstance(self._router.state, Master) and self.keeper.held:
            self._interface.watch(self, (address.ip for address in config.local_addresses))

    def start(self) -> None:
        """Watch the other interfaces with addresses, if there are any."""
        if self.further is not None:
            self._router.part_obstacle(OTHER_INTERFACES, self.further.obstacle)
            self.further.start()

    def stop(self) -> None:
        """Watch the other interfaces no more: the router is removed."""
        if self.further is not None:
            self.further.stop()

    def all_present(self) -> frozenset[InterfaceAddress]:
        """Return those of the addresses that are on their interfaces."""
        return self.present if self.further is None else self.present | self.further.present()

    # What the interface shows.

    def inspect(self, state: InterfaceState) -> None:
        """Find the addresses that an owner's operator configured; those stay."""
        if self._config.priority == OWNER and state.exists:
            foreign = {address.ip for address in state.addresses if address not in state.ours}
            self._operators = frozenset(foreign)

    def of_the_operator(self, state: InterfaceState) -> str:
        """Return which virtual address the operator has configured here, and what to do; or ''.

        An owner's stays. In all other cases the address would be on this node in every state.
        """
        if self._config.priority == OWNER:
            return ""
        hosts = dict.fromkeys(address.ip for address in self._config.local_addresses)
        for address in (found for host in hosts for found in state.by_host.get(host, ())):
            if address not in state.ours:
                return (
                    f"{address} is on {self._config.id.place}, and pyvrrp has not added it: remove "
                    f"it there, or set priority = {OWNER} if this node owns it"
                )
        return ""

    def managed(self) -> tuple[InterfaceAddress, ...]:
        """Return the virtual addresses that are ours to add and remove."""
        return tuple(a for a in self._config.local_addresses if a.ip not in self._operators)

    def interface_changed(self, state: InterfaceState, *, first: bool) -> bool:
        """Follow the interface; return whether nothing is known of what is on it.

        *first*: it is looked at for the first time.
        """
        self.present = state.present.intersection(self._config.local_addresses)
        if not state.exists:
            self._device = None
            if first:
                self.keeper.let_go()  # resources of an earlier process need no interface
            return False
        if state.device == self._device and self.managed() == self.keeper.managed:
            self.announcer.interface_changed()
            return False
        self._device = state.device
        return True

    def begin_anew(self) -> None:
        """Have removed what an earlier process left on an interface that has come (back).

        While the guardian of that process hands over, it needs the addresses, and removes them.
        """
        if self._guardian.removing():
            self._router.part_obstacle(ADDRESSES, EARLIER_GUARDIAN)
            self._look_again.set(Nanoseconds(self._clock.now() + LOOK_AGAIN))
        else:
            self._router.part_obstacle(ADDRESSES, LEFTOVERS)
            self.keeper.forget(self.managed())

    def address_claimed(self, claim: Claim) -> None:
        """Take note that another host says that one of the addresses held here is its own."""
        if isinstance(self._router.state, Master):
            self.other_holders.heard(claim)
        else:
            self._router.take(SuccessorAnnounced())

    # What the address keeper asks.

    def may_hold(self) -> bool:
        """Return whether the address lease may be renewed."""
        until = self.may_add_until
        return (until is None or self._clock.now() < until) and self._router.may_renew()

    def may_add(self) -> bool:
        """Return whether the addresses may come: what may not be held may not be added either."""
        return self.may_hold()

    @property
    def may_add_until(self) -> Nanoseconds | None:
        """From when on the addresses may not come any more; None: there is no limit."""
        return self._router.group.may_hold_until()

    @property
    def reason(self) -> str:
        """Why the router is in its state, for the environment of a resource's command."""
        return self._router.reason

    @property
    def last_heard(self) -> LastHeard | None:
        """Which router was heard last, for the environment of a resource's command."""
        return self._router.last_heard

    # What it says.

    def addresses_taken(self) -> None:
        """Announce the addresses: the kernel has confirmed that they are there.

        A router that has given way meanwhile lets go when it hears its successor announce them.
        """
        self._interface.watch(self, (address.ip for address in self._config.local_addresses))
        if isinstance(self._router.state, Master | HandingOver):
            cause = self._router.reporter.new_master_reason
            succeeds = cause != NewMasterReason.NO_RESPONSE
            self.announcer.start(succeeds=succeeds)
            if self.further is not None:
                self.further.begin_announcing(succeeds=succeeds)

    def addresses_gone(self) -> None:
        """Take note that the kernel has confirmed that the addresses are off the interface."""
        if not isinstance(self._router.state, Master):
            self.other_holders.stop()
        self._router.group.addresses_gone()
        self._router.part_obstacle(ADDRESSES, "")

    def addresses_refused(self, error: KernelError) -> None:
        """Have the router leave for a while: a master without its addresses is none."""
        self._journal.record(
            "kernel_refused", str(error), level=Level.ERROR, virtual_router=self._config
        )
        self._pause.set(Nanoseconds(self._clock.now() + REFUSAL_PAUSE))
        self._router.part_obstacle(KERNEL, str(error))

    def addresses_restored(self, addresses: Collection[InterfaceAddress]) -> None:
        """Announce these again: another program had removed them, and they are back."""
        hosts = [address.ip for address in addresses]
        self.announcer.announce_now(hosts)
        if self.further is not None:
            self.further.announce_now(hosts)

    def addresses_withdrawn(self) -> None:
        """Announce nothing: the addresses are off for a while, though the router stays master."""
        self.stop_announcing()

    def resources_failed(self, why: str) -> None:
        """Have the router leave because its resources cannot run here; empty: they can again."""
        self._router.part_obstacle(RESOURCES, why)

    def retry_claim(self) -> None:
        """Ask again: a claim that waited for the resources may go on."""
        self._router.retry_claim()

    def can_send_again(self) -> None:
        """Go on: the addresses may be added, and neighbours may have heard of another router."""
        self.keeper.look_again()
        if self.present.issuperset(self.managed()):
            self.announce_now()

    def announce_now(self) -> None:
        """Announce all addresses now, each on its interface."""
        self.announcer.announce_now()
        if self.further is not None:
            self.further.announce_now()

    def announce_again(self) -> None:
        """Announce all addresses now, because a rival was heard."""
        self.announcer.announce_again()
        if self.further is not None:
            self.further.announce_again()

    def cease_announcing(self) -> None:
        """Announce no address any more."""
        self.announcer.stop()
        if self.further is not None:
            self.further.stop_announcing()

    def stop_announcing(self) -> None:
        """Announce the addresses no more, and watch for no other host that claims them."""
        self.cease_announcing()
        self._interface.watch(self, ())

    def _other_interface_changed(self, place: Place, state: InterfaceState) -> None:
        if self.further is not None:
            self._router.part_obstacle(OTHER_INTERFACES, self.further.obstacle)
        self.keeper.observe(state, place)

    def _begin_if_it_is_there(self) -> None:
        if self._device is not None:
            self.begin_anew()

    def _may_announce(self) -> bool:
        return self._router.is_heard

    def _forget_refusal(self) -> None:
        self._router.part_obstacle(KERNEL, "")
