"""Coroutines that report their result through a callback, and can be cancelled."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class AsyncCall(Generic[T]):
    """One coroutine that runs as a task. *done* gets its result, unless it is cancelled."""

    def __init__(self, task: "asyncio.Task[T]", done: Callable[[T], None]) -> None:
        self.task = task
        self._done = done
        self._cancelled = False
        # As a callback of the task: if *done* raises, the event loop reports it. At the end of the
        # coroutine the exception would become the result of the task.
        task.add_done_callback(self._finish)

    def cancel(self) -> None:
        """Cancel it. *done* will not be called any more."""
        self._cancelled = True
        self.task.cancel()

    def _finish(self, task: "asyncio.Task[T]") -> None:
        if not self._cancelled and not task.cancelled():
            self._done(task.result())


class AsyncCalls(Generic[T]):
    """All calls that have not ended. An event loop alone would not keep their tasks alive."""

    def __init__(self) -> None:
        self._calls: set[AsyncCall[T]] = set()

    def start(self, coroutine: Coroutine[Any, Any, T], done: Callable[[T], None]) -> AsyncCall[T]:
        """Run *coroutine*. Call *done* with its result, after this method has returned."""
        call = AsyncCall(asyncio.get_running_loop().create_task(coroutine), done)
        self._calls.add(call)
        call.task.add_done_callback(lambda _: self._calls.discard(call))
        return call

    async def close(self) -> None:
        """Cancel all calls and wait until they have ended."""
        calls = tuple(self._calls)
        for call in calls:
            call.cancel()
        await asyncio.gather(*(call.task for call in calls), return_exceptions=True)
