"""What follows for a master whose advertisements do not leave.

It adds no addresses and announces none meanwhile (`Router.may_renew`, `Announcer`). When
`mastership_ends_at` says so, it leaves for a while.
"""

from typing import Protocol

from pyvrrp.errors import KernelError
from pyvrrp.ports import Clock
from pyvrrp.runtime.base.deadline_timer import DeadlineTimer
from pyvrrp.units import SECOND, Nanoseconds
from pyvrrp.virtual_router.parameters import Parameters
from pyvrrp.virtual_router.rules.kernel_answers import KernelRequest, meaning
from pyvrrp.virtual_router.rules.sending import mastership_ends_at
from pyvrrp.virtual_router.states import HandingOver, State

PAUSE = Nanoseconds(5 * SECOND)  # before it tries to be MASTER again


class Sender(Protocol):
    """The virtual router that sends."""

    @property
    def state(self) -> State:
        """The state of its election."""

    @property
    def parameters(self) -> Parameters:
        """What the election needs to know of it."""

    def cannot_send(self, why: str) -> None:
        """Keep out of the election: its advertisements do not leave; empty: it may try again."""

    def can_send_again(self) -> None:
        """Go on with what waited for an advertisement that leaves."""


class UnsentAdvertisements:
    """Knows why the last advertisement of a master did not leave: *why*, empty if it did."""

    def __init__(self, router: Sender, clock: Clock) -> None:
        self.why = ""
        self._router = router
        self._clock = clock
        self._refusing = False  # a router that hands over may be MASTER again, and still unheard
        self._heard_at = Nanoseconds(0)  # while refusing: when the last one left
        self._end = DeadlineTimer(clock, self._leave)
        self._pause = DeadlineTimer(clock, self._return)

    def sent(self) -> None:
        """Take note that an advertisement has left, the first one after one that did not."""
        before, self.why = self.why, ""
        self._refusing = False
        self._end.set(None)
        if before:
            self._router.can_send_again()

    def refused(self, error: KernelError, left_at: Nanoseconds | None) -> None:
        """Take note that the advertisement of this moment did not leave over any link.

        *left_at* is when the last one did, perhaps long ago.
        """
        now, parameters = self._clock.now(), self._router.parameters
        if not self._refusing:
            self._refusing = True
            # A master sends every interval. What is older was sent before it became MASTER.
            oldest = now - 2 * parameters.advertisement_interval
            self._heard_at = now if left_at is None or left_at < oldest else left_at
        answer = meaning(KernelRequest.SEND, error.code)
        ends = mastership_ends_at(self._router.state, parameters, self._heard_at, answer, now)
        if ends is None:
            return
        self.why = f"no advertisement leaves: {error}"
        self._end.set(ends)

    def no_master(self) -> None:
        """Take note that the router is not MASTER any more."""
        self.why = ""
        self._refusing = self._refusing and isinstance(self._router.state, HandingOver)
        self._end.set(None)

    def _leave(self) -> None:
        self._pause.set(Nanoseconds(self._clock.now() + PAUSE))
        self._router.cannot_send(self.why)

    def _return(self) -> None:
        self._router.cannot_send("")
