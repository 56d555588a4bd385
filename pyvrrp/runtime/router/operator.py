"""What the operator ordered for one virtual router: stop, drain, resign."""

from pyvrrp.runtime.router.concern import BaseConcern, RouterControl
from pyvrrp.virtual_router.rules.admission import DRAINED, RESIGNED, STOPPING
from pyvrrp.virtual_router.states import Backup, Init


class Operator(BaseConcern):
    """The orders that stand. The router obeys them without a gap in its service where it can."""

    name = "operator"
    is_order = True

    def __init__(self, router: RouterControl) -> None:
        self.drained = False
        self.defers = False  # it resigned, and preempts nobody when it takes part again
        self._stopping = False
        self._resigned = False
        self._router = router

    def order_stop(self) -> None:
        """Have the router leave the election for good."""
        self._stopping = True
        self._tell()

    def drain(self, *, drained: bool) -> None:
        """Have the router stay out of the election until this is undone."""
        self.drained = drained
        self._tell()

    def resign(self) -> None:
        """Have the router leave the election once, and preempt nobody when it is back."""
        self._resigned = True
        self._tell()

    def state_changed(self) -> None:
        """Take note that the router is in another state: a resignation may be over."""
        if self._resigned and isinstance(self._router.state, Init | Backup):
            self._resigned = False
            self.defers = True
            self._tell()

    def _tell(self) -> None:
        reason = RESIGNED if self._resigned else ""
        if self.drained:
            reason = DRAINED
        if self._stopping:
            reason = STOPPING
        self._router.obstacle(self, reason)
