"""What one virtual router is at this moment, for whoever asks. Nothing here changes anything."""

from pyvrrp.config.model.configuration import VirtualRouterConfig
from pyvrrp.identity import Address
from pyvrrp.ports import Clock
from pyvrrp.runtime.addresses.address_keeper import Performer
from pyvrrp.runtime.addresses.handover_wait import Successor
from pyvrrp.runtime.links.last_heard import LastHeard
from pyvrrp.runtime.resources.chain import ResourceChain
from pyvrrp.runtime.router.group import Group
from pyvrrp.runtime.router.received import Inbound
from pyvrrp.runtime.router.reporter import Reporter
from pyvrrp.units import Nanoseconds
from pyvrrp.virtual_router.actions import NewMasterReason
from pyvrrp.virtual_router.admission import Conditions
from pyvrrp.virtual_router.parameters import Parameters
from pyvrrp.virtual_router.states import (
    Backup,
    HandingOver,
    Init,
    Master,
    Releasing,
    State,
    deadline,
    is_transient,
)
from pyvrrp.virtual_router.timers import handover_patience, master_down_interval
from pyvrrp.virtual_router.transitions import takeover_cause


class Outlook:
    """The questions that an `Instance`, which sets all of these, can be asked."""

    config: VirtualRouterConfig
    state: State
    reporter: Reporter
    _clock: Clock
    _conditions: Conditions
    _parameters: Parameters
    _inbound: Inbound
    successor: Successor
    group: Group
    wish: str | None
    performer: Performer | ResourceChain

    @property
    def priority(self) -> int:
        """The priority in force: what advertisements carry and the election goes by."""
        return self._parameters.priority

    @property
    def reason(self) -> str:
        """Why it is in its state, or on its way out of it."""
        match self.state:
            case Init(reason=reason) | Releasing(reason=reason) | HandingOver(reason=reason):
                return reason
            case Backup() | Master():
                return self.reporter.reason

    @property
    def last_heard(self) -> LastHeard | None:
        """The newest advertisement accepted from another router."""
        return self._inbound.last_heard

    @property
    def conditions(self) -> Conditions:
        """The facts that its taking part rests on."""
        return self._conditions

    @property
    def is_master(self) -> bool:
        """Whether it is master, and not on its way to another state."""
        return isinstance(self.state, Master)

    @property
    def due(self) -> Nanoseconds | None:
        """When it has something to do by itself, if nothing happens before."""
        awaited = self.successor.awaited_until(self.state, leaves=self.wish is not None)
        return awaited or deadline(self.state)

    def may_add(self) -> bool:
        """Performer: whether the addresses may come; asked again when that had to wait."""
        return self.group.proof.is_valid

    @property
    def may_add_until(self) -> Nanoseconds | None:
        """Performer: from when on nothing proves any more that nobody else holds the addresses."""
        return self.group.proof.valid_until

    @property
    def drained(self) -> bool:
        """Whether the operator wants it out."""
        return self._conditions.drained

    @property
    def is_moving(self) -> bool:
        """Whether its addresses are not where they will be in a moment."""
        return is_transient(self.state) or not self.performer.idle

    @property
    def is_silence_why(self) -> bool:
        """Whether it would take over because nobody was heard: no release, no preemption."""
        return isinstance(self.state, Backup) and (
            takeover_cause(self.state, self._parameters, self._clock.now())
            is NewMasterReason.NO_RESPONSE
        )

    @property
    def primary_address(self) -> Address | None:
        """The address advertisements are sent from, if there is one."""
        return self._parameters.primary_address if self._conditions.has_primary_address else None

    @property
    def master_down_interval(self) -> Nanoseconds:
        """Master_Down_Interval with the interval learned last, or the own one."""
        state = self.state
        interval = (
            state.master_adver_interval
            if isinstance(state, Backup)
            else self.config.advertisement_interval
        )
        return master_down_interval(self.config.version, self.priority, interval)

    @property
    def handover_patience(self) -> Nanoseconds:
        """How long at most it goes on answering after it was asked to step aside."""
        return handover_patience(self.config.version, self.config.advertisement_interval)
