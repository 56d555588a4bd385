"""Tells the guardian what it needs to hand over for one virtual router if this process dies."""

from collections.abc import Callable
from typing import Protocol

from pyvrrp.config.model.configuration import VirtualRouterConfig
from pyvrrp.identity import InterfaceAddress
from pyvrrp.ports import Clock, Guardian, HandoverOrder
from pyvrrp.runtime.base.deadline_timer import DeadlineTimer
from pyvrrp.runtime.links.advertiser import Advertiser
from pyvrrp.runtime.links.interface import Interface
from pyvrrp.runtime.links.router_links import RouterLinks
from pyvrrp.units import MILLISECOND, Nanoseconds
from pyvrrp.virtual_router.parameters import Parameters
from pyvrrp.virtual_router.rules.death import may_hand_over_until, times_after_death
from pyvrrp.virtual_router.states import State

# Many virtual routers may take over at the same moment, and this can wait until they have.
SOON = Nanoseconds(20 * MILLISECOND)


class Further(Protocol):
    """The other interfaces with addresses of the virtual router."""

    def held_at(self) -> tuple[tuple[int, tuple[InterfaceAddress, ...]], ...]:
        """Return the index of each interface, and the addresses that belong there."""


class HandoverPreparation:
    """The handover of one virtual router by the guardian.

    *interface* is the one with the addresses. *managed* returns those that are ours to remove.
    *lingers*: the addresses may be here and at the successor for a moment (`Group.lingers`).
    """

    def __init__(
        self,
        config: VirtualRouterConfig,
        interface: Interface,
        links: RouterLinks,
        advertiser: Advertiser,
        clock: Clock,
        guardian: Guardian,
        managed: Callable[[], tuple[InterfaceAddress, ...]],
        further: Further | None = None,
    ) -> None:
        self._config = config
        self._interface = interface
        self._links = links
        self._advertiser = advertiser
        self._clock = clock
        self._guardian = guardian
        self._managed = managed
        self._further = further
        self._name = str(config.id)
        self._until: Nanoseconds | None = None
        self._prepared = 0  # the packets that the guardian has, as the advertiser counts them
        self._parameters: Parameters | None = None
        self._is_due = False  # the guardian has to be told, and will be soon
        self._soon = DeadlineTimer(clock, self._prepare)

    def after_step(self, state: State, parameters: Parameters, *, lingers: bool) -> None:
        """Tell the guardian what follows from the state of the election for a death from now on."""
        until = may_hand_over_until(state, parameters, self._advertiser.sent_at, lingers=lingers)
        if until is None and self._until is None:
            return
        self._until = until
        self._parameters = parameters
        self._guardian.may_hand_over(self._name, until)
        if not self._is_due and self._prepared != self._advertiser.changes:
            self._is_due = True
            self._soon.set(Nanoseconds(self._clock.now() + SOON))

    def _prepare(self) -> None:
        self._is_due = False
        if self._until is None or self._parameters is None:
            return
        parameters = self._parameters
        self._prepared = self._advertiser.changes
        self._guardian.prepare_handover(
            HandoverOrder(
                router=self._name,
                place=self._config.id.place,
                family=self._config.id.family,
                index=self._interface.state.index,
                mac=self._interface.state.mac,
                addresses=self._managed(),
                further=() if self._further is None else self._further.held_at(),
                says=self._advertiser.last_words(parameters.primary_address),
                hears=tuple((link.place, link.peers, link.min_ttl) for link in self._links.all),
                times=times_after_death(parameters),
            )
        )
        self._guardian.may_hand_over(self._name, self._until)
