"""What the operator ordered for one virtual router: stop, drain, resign."""

from dataclasses import dataclass

from pyvrrp.runtime.router.concern import BaseConcern, RouterControl
from pyvrrp.virtual_router.rules.admission import DRAINED, RESIGNED, STOPPING
from pyvrrp.virtual_router.states import Backup, Init

WHILE_RESIGNED = "resigned: preempts no master until it has been master itself"


@dataclass(frozen=True, slots=True)
class StandingOrder:
    """An order that is not over: its *name*, its *effect* in words, the command to *undo* it."""

    name: str
    effect: str
    undo: str


class Operator(BaseConcern):
    """The orders that stand. The router obeys them without a gap in its service where it can.

    *drained*: it stays out until this is undone. *resigned*: it stepped down, and preempts nobody
    until it has been MASTER again. A link that fails or a fence that closes meanwhile does not end
    an order.
    """

    name = "operator"
    is_order = True

    def __init__(self, router: RouterControl) -> None:
        self.drained = False
        self.resigned = False
        self._stops_because = ""  # empty: it does not stop
        self._leaves = False  # it resigned, and gives up the addresses first
        self._router = router

    @property
    def stops(self) -> bool:
        """Whether the router leaves for good: the daemon stops, or a reload removes it."""
        return bool(self._stops_because)

    def order_stop(self, reason: str = STOPPING) -> None:
        """Have the router leave the election for good, for *reason*."""
        self._stops_because = reason
        self._tell()

    def drain(self, *, drained: bool) -> None:
        """Have the router stay out of the election until this is undone."""
        self.drained = drained
        self._tell()

    def resign(self, *, leaves: bool) -> None:
        """Have the router preempt nobody; if it *leaves*, give up its addresses before that."""
        self.resigned = True
        self._leaves = leaves
        self._tell()

    def undo_resign(self) -> None:
        """Let the router preempt again. A handover that has begun goes on."""
        self.resigned = False

    def state_changed(self) -> None:
        """Take note that the router is in another state: a resignation may be over."""
        if self._router.is_master:
            self.resigned = False
        elif self._leaves and isinstance(self._router.state, Init | Backup):
            self._leaves = False
            self._tell()

    def orders(self, priority: int | None) -> tuple[StandingOrder, ...]:
        """Return the orders that stand; *priority* is what was ordered with `pyvrrp priority`."""
        name, found = self._router.config.name, list[StandingOrder]()
        if self.drained:
            text = "drained: takes no part in the election"
            found.append(StandingOrder("drained", text, f"pyvrrp undrain {name}"))
        if self.resigned:
            found.append(StandingOrder("resigned", WHILE_RESIGNED, f"pyvrrp resign --undo {name}"))
        if priority is not None:
            text = f"priority {priority} until the daemon restarts"
            found.append(StandingOrder("priority", text, f"pyvrrp priority {name} reset"))
        return tuple(found)

    def _tell(self) -> None:
        reason = RESIGNED if self._leaves else ""
        if self.drained:
            reason = DRAINED
        reason = self._stops_because or reason
        self._router.obstacle(self, reason)
