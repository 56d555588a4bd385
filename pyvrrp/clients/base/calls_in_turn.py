"""Run calls that may block for ever in threads, one at a time for each key."""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Generic

from pyvrrp.clients.base.blocking_calls import K, T, ThreadedCalls
from pyvrrp.clients.base.failure import Failure, ProbeError


class CallsInTurn(Generic[K, T]):
    """Runs calls. Each result has one owner; `ThreadedCalls` gives one result to all who wait.

    A caller may give up. Its call goes on, *discard* gets its result, and the next call of the
    same key waits until then. So there are at most as many threads as keys.
    """

    def __init__(self, discard: Callable[[T], None] = lambda _: None) -> None:
        self._discard = discard
        self._calls: ThreadedCalls[K, T] = ThreadedCalls()
        self._turns: dict[K, asyncio.Lock] = {}
        self._given_up: dict[K, asyncio.Future[T | Failure]] = {}

    async def run(self, key: K, call: Callable[[], T]) -> T:
        """Return the result of *call*. Raise ProbeError if the call raised an exception."""
        async with self._turns.setdefault(key, asyncio.Lock()):
            if key in self._given_up:
                await asyncio.wait({self._given_up[key]})
            running = self._calls.start(key, call)
            try:
                outcome = await asyncio.shield(running)
            except asyncio.CancelledError:
                self._given_up[key] = running
                running.add_done_callback(partial(self._ended_late, key))
                raise
        if isinstance(outcome, Failure):
            raise ProbeError(outcome.reason)
        return outcome

    def _ended_late(self, key: K, running: "asyncio.Future[T | Failure]") -> None:
        del self._given_up[key]
        if running.cancelled():
            return
        outcome = running.result()
        if not isinstance(outcome, Failure):
            self._discard(outcome)
