"""Ask the neighbours on a link who has an address.

Asked in the form that claims nothing (RFC 5227 2.1.1, RFC 4862 5.4.2), so that no neighbour
learns anything wrong from it.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass

from pyvrrp.errors import KernelError
from pyvrrp.identity import Address
from pyvrrp.ports import Claim, Clock
from pyvrrp.runtime.addresses.announcer import FRAMES_PER_TURN, Wire, probe
from pyvrrp.runtime.base.deadline_timer import AlarmClock
from pyvrrp.units import MILLISECOND, Nanoseconds

QUESTIONS = 3  # a single one that is lost must not look like nobody
LAST_TURN = Nanoseconds(20 * MILLISECOND)  # for what the socket has queued while we were held up


@dataclass(frozen=True, slots=True)
class Answer:
    """Who has one of the addresses: nobody without a claim, or unknown because of *error*."""

    claim: Claim | None = None
    error: str = ""


class Inquiry:
    """Three questions with *patience* after each. The first claim heard meanwhile ends it."""

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
        self._next = AlarmClock(clock, self._go_on)

    @property
    def under_way(self) -> bool:
        """Whether an answer is awaited."""
        return self._answered is not None

    def ask(self, addresses: Collection[Address], answered: Callable[[Answer], None]) -> None:
        """Begin; *answered* is called once, never before this has returned, unless called off."""
        self._addresses = tuple(addresses)
        self._answered = answered
        self._left_to_ask = QUESTIONS
        self._continue(self._ask, self._clock.now())

    def heard(self, claim: Claim) -> bool:
        """Take note of a claim; return whether it was the answer."""
        if not self.under_way or claim.address not in self._addresses:
            return False
        self._answer(Answer(claim))
        return True

    def call_off(self) -> None:
        """Ask no more."""
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
        # Whatever the delay: the loop has turned once more before nobody is the answer.
        self._continue(self._nobody, self._clock.now() + LAST_TURN)

    def _nobody(self) -> None:
        self._answer(Answer())

    def _answer(self, answer: Answer) -> None:
        answered = self._answered
        self.call_off()
        if answered is not None:
            answered(answer)
