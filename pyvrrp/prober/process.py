"""The prober as the daemon sees it: a process that answers, hangs, dies, and is started again."""

import asyncio
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from typing import TypeAlias

from pyvrrp.clients.base.failure import Failure
from pyvrrp.foreign_text import printable
from pyvrrp.ports import EtcdAnswer, ProbeResult
from pyvrrp.prober.channel import MessageChannel
from pyvrrp.prober.child import ProberChild
from pyvrrp.prober.codec import MalformedError
from pyvrrp.prober.launch import Launched
from pyvrrp.prober.lender import Lender
from pyvrrp.prober.messages import (
    AreYouThere,
    CancelCall,
    CannotGoOn,
    EtcdAnswered,
    IAmHere,
    Introduce,
    Lent,
    ProbeEnded,
    Subject,
    ToProber,
    Wanted,
    read_from_prober,
    to_prober,
)
from pyvrrp.prober.state import ProberState

GRACE = 0.1  # seconds after its deadline in which the answer of the prober may still come
SILENCE = 2.0  # seconds without a sign of life, after an answer is overdue: the prober hangs
START = 10.0  # seconds that a new prober may take for its first sign of life
_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 10.0  # seconds before it is started again
_LONG_LIFE = 60.0  # seconds; one that lived that long is started again at once
_MOST_DEATHS = 2  # probers that may end while they work on one call
_FIRST_CREDIT, _CREDIT, _MOST_CREDIT = 1000, 200, 100_000  # messages: at first, for each call
_LAST_WAIT = 1.0  # seconds to wait for the end of a killed prober

Answer: TypeAlias = ProbeResult | EtcdAnswer | Failure


@dataclass(slots=True)
class _Call:
    subject: int
    message: Callable[[int, int, int], ToProber]  # call, subject, nanoseconds
    deadline: float
    answered: Callable[[Answer], bool]
    timer: asyncio.TimerHandle | None = field(default=None)
    deaths: int = 0


class ProberCall:
    """One call under way."""

    def __init__(self, prober: "Prober", number: int) -> None:
        self._prober = prober
        self._number = number

    def cancel(self) -> None:
        """Cancel it: its callback will not be called. A second call does nothing."""
        self._prober.cancel(self._number)


class Prober:
    """Passes calls to the prober, and keeps one running.

    Each call has a timer here: a prober that is silent fails it. A prober that dies, hangs, or says
    what it must not say is replaced, and its calls go to the next one while they have time left.
    """

    def __init__(
        self,
        first: Launched | None,
        launch: Callable[[], Launched],
        report: Callable[[str], None],
    ) -> None:
        """*first* has been started already. *report* hears why a prober was lost."""
        self._loop = asyncio.get_running_loop()
        self._launch = launch
        self._report = report
        self._numbers = count(1)
        self._credit = 0  # messages that the prober may send
        self._subjects: dict[Subject, int] = {}
        self._calls: dict[int, _Call] = {}
        self._lender = Lender(self._lend)
        self._child: ProberChild | None = None
        self._channel: MessageChannel | None = None
        self._watch: asyncio.TimerHandle | None = None
        self._again: asyncio.TimerHandle | None = None
        self._pause = 0.0
        self._begun = 0.0
        self._restarts = 0
        self._lost = ""
        self._closed = False
        if first is not None:
            self._begin(first)
        else:
            self._wait_and_start()

    @property
    def state(self) -> ProberState:
        """What is known of the prober now."""
        return ProberState(self._child.pid if self._child else None, self._restarts, self._lost)

    def call(
        self,
        subject: Subject,
        message: Callable[[int, int, int], ToProber],
        seconds: float,
        answered: Callable[[Answer], bool],
    ) -> ProberCall:
        """Send what *message* makes of a call, a subject and nanoseconds.

        *answered* is called once, at most *seconds* and 100 ms later, and returns whether the
        answer is one that the prober may give.
        """
        number = next(self._numbers)
        call = _Call(self._known(subject), message, self._loop.time() + seconds, answered)
        self._calls[number] = call
        call.timer = self._loop.call_at(call.deadline + GRACE, self._overdue, number)
        self._send_call(number, call)
        return ProberCall(self, number)

    def cancel(self, number: int) -> None:
        """Forget a call."""
        call = self._calls.pop(number, None)
        if call is not None:
            if call.timer is not None:
                call.timer.cancel()
            self._send(CancelCall(number))

    async def close(self) -> None:
        """End the prober."""
        self._closed = True
        for number in tuple(self._calls):
            self.cancel(number)
        for timer in (self._watch, self._again):
            if timer is not None:
                timer.cancel()
        if self._channel is not None:
            self._channel.close()
        await self._lender.close()
        if self._child is not None:
            self._child.kill()
            self._child.reap(_LAST_WAIT)

    def _known(self, subject: Subject) -> int:
        if subject not in self._subjects:
            self._subjects[subject] = len(self._subjects)
            self._lender.allow(subject)
            self._send(Introduce(self._subjects[subject], subject))
        return self._subjects[subject]

    def _begin(self, launched: Launched) -> None:
        self._begun = self._loop.time()
        self._credit = _FIRST_CREDIT
        self._child = ProberChild(launched.pid, launched.pidfd, self._child_ended)
        self._channel = MessageChannel(launched.end, self._received, self._lose)
        self._watch = self._loop.call_later(START, self._hangs)
        for subject, number in self._subjects.items():
            self._send(Introduce(number, subject))
        for number, call in tuple(self._calls.items()):
            self._send_call(number, call)

    def _start_again(self) -> None:
        self._again = None
        try:
            launched = self._launch()
        except OSError as error:
            self._lost = f"cannot start it: {error.strerror}"
            self._report(self._lost)
            self._wait_and_start()
            return
        self._begin(launched)

    def _wait_and_start(self) -> None:
        if self._loop.time() - self._begun > _LONG_LIFE:
            self._pause = 0.0
        self._again = self._loop.call_later(self._pause, self._start_again)
        self._pause = min(max(self._pause * 2, _FIRST_PAUSE), _LONGEST_PAUSE)

    def _send(self, message: ToProber, descriptor: int = -1) -> None:
        if self._channel is not None:
            self._channel.send(to_prober(message), descriptor)
        elif descriptor >= 0:
            os.close(descriptor)

    def _send_call(self, number: int, call: _Call) -> None:
        # A call may want a socket for each of 64 addresses, and files.
        self._credit = min(self._credit + _CREDIT, _MOST_CREDIT)
        left = int((call.deadline - self._loop.time()) * 1e9)
        if left > 0:
            self._send(call.message(number, call.subject, left))

    def _lend(self, lent: Lent, descriptor: int) -> None:
        self._send(lent, descriptor)

    def _overdue(self, number: int) -> None:
        if self._channel is not None:
            # If this process was late itself, the answer may be there already.
            self._channel.read()
        call = self._calls.pop(number, None)
        if call is None:
            return
        self._send(CancelCall(number))
        if self._channel is not None and self._watch is None:
            self._send(AreYouThere())
            self._watch = self._loop.call_later(SILENCE, self._hangs)
        call.answered(Failure("the prober gave no answer in time"))

    def _received(self, octets: bytes, _descriptor: int) -> None:
        if self._watch is not None:
            self._watch.cancel()
            self._watch = None
        self._credit -= 1
        if self._credit < 0:
            self._lose("it talks without being asked")
            return
        try:
            message = read_from_prober(octets)
        except MalformedError as error:
            self._lose(f"it sent a malformed message: {error}")
            return
        match message:
            case ProbeEnded(number, answer):
                self._answered(number, answer)
            case EtcdAnswered(number, answer):
                self._answered(number, answer)
            case Wanted():
                if not self._lender.lend(message):
                    self._lose("it asked for what no check needs")
            case CannotGoOn(reason):
                self._lose(printable(reason))
            case IAmHere():
                pass

    def _answered(self, number: int, answer: ProbeResult | EtcdAnswer) -> None:
        call = self._calls.pop(number, None)
        if call is None:
            return  # it was cancelled meanwhile
        if call.timer is not None:
            call.timer.cancel()
        if not call.answered(answer):
            self._lose("its answer was not one to the question")

    def _hangs(self) -> None:
        self._watch = None
        self._lose("it gave no sign of life")

    def _lose(self, why: str) -> None:
        """Kill the prober. When it has ended, `_child_ended` goes on."""
        if self._channel is None or self._child is None:
            return
        self._channel.close()
        self._channel = None
        if self._watch is not None:
            self._watch.cancel()
            self._watch = None
        self._child.kill(why)

    def _child_ended(self, how: str) -> None:
        self._child = None
        if self._closed:
            return
        if self._channel is not None:
            self._channel.close()
            self._channel = None
        self._lost = how
        self._restarts += 1
        self._report(how)
        for number, call in tuple(self._calls.items()):
            call.deaths += 1
            if call.deaths >= _MOST_DEATHS:
                del self._calls[number]
                if call.timer is not None:
                    call.timer.cancel()
                ended = Failure("the prober ended while it worked on this")
                self._loop.call_soon(call.answered, ended)
        self._wait_and_start()
