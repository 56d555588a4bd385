"""Ask the neighbours on a link who has an address.

The question does not claim the address (RFC 5227 section 2.1.1, RFC 4862 section 5.4.2), so no
neighbour learns a wrong hardware address from it.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass

from pyvrrp.errors import KernelError
from pyvrrp.identity import Address
from pyvrrp.ports import Claim, Clock
from pyvrrp.runtime.addresses.announcer import FRAMES_PER_TURN, Wire, probe
from pyvrrp.runtime.base.deadline_timer import DeadlineTimer
from pyvrrp.units import MILLISECOND, Nanoseconds

QUESTIONS = 3  # the loss of one must not look like a free address
LAST_TURN = Nanoseconds(20 * MILLISECOND)  # to read answers that the socket queued during a stall


@dataclass(frozen=True, slots=True)
class Answer:
    """The claim that was heard; None: no host has the addresses, or *error* says why not known."""

    claim: Claim | None = None
    error: str = ""


class NeighbourQuery:
    """Asks three times, and waits for *patience* after each. The first claim ends the query."""

    def __init__(self, clock: Clock, wire: Wire, patience: Nanoseconds) -> None:
        self._clock = clock
        self._wire = wire
        self._patience = patience
        self._addresses: tuple[Address, ...] = ()
        self._answered: Callable[[Answer], None] | None = None
        self._left_to_ask = 0
        self._asked_at = clock.now()
        self._frames: list[bytes] = []  # the next one last
        self._then = self._ask
        self._next = DeadlineTimer(clock, self._go_on)

    @property
    def under_way(self) -> bool:
        """Whether the query waits for an answer."""
        return self._answered is not None

    def ask(self, addresses: Collection[Address], answered: Callable[[Answer], None]) -> None:
        """Begin. *answered* is called once, after this call has returned."""
        self._addresses = tuple(addresses)
        self._answered = answered
        self._left_to_ask = QUESTIONS
        self._continue(self._ask, self._clock.now())

    def heard(self, claim: Claim) -> bool:
        """Note a claim, and return whether it was the answer."""
        if not self.under_way or claim.address not in self._addresses:
            return False
        self._answer(Answer(claim))
        return True

    def cancel(self) -> None:
        """Cancel the query."""
        self._answered = None
        self._frames.clear()
        self._next.set(None)

    def _continue(self, then: Callable[[], None], at: int) -> None:
        self._then = then
        self._next.set(Nanoseconds(at))

    def _go_on(self) -> None:
        self._then()

    def _ask(self) -> None:
        self._left_to_ask -= 1
        self._asked_at = self._clock.now()
        mac = self._wire.mac()
        self._frames = [probe(address, mac) for address in reversed(self._addresses)]
        self._send()

    def _send(self) -> None:
        try:
            for _ in range(min(FRAMES_PER_TURN, len(self._frames))):
                self._wire.announce(self._frames.pop())
        except KernelError as error:
            self._answer(Answer(error=str(error)))
            return
        if self._frames:
            self._continue(self._send, self._clock.now())
        elif self._left_to_ask:
            self._continue(self._ask, self._asked_at + self._patience)
        else:
            self._continue(self._last_turn, self._asked_at + self._patience - LAST_TURN)

    def _last_turn(self) -> None:
        # The loop runs once more, even after a stall, before the answer is that no host has them.
        self._continue(self._nobody, self._clock.now() + LAST_TURN)

    def _nobody(self) -> None:
        self._answer(Answer())

    def _answer(self, answer: Answer) -> None:
        answered = self._answered
        self.cancel()
        if answered is not None:
            answered(answer)
