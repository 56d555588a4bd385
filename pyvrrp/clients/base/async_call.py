"""Something asynchronous that was asked for with a callback, and can be called off."""

import asyncio
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Errand(Generic[T]):
    """One task under way. The set it is in keeps the task alive."""

    def __init__(
        self, task: "asyncio.Task[T]", done: Callable[[T], None], among: "set[Errand[T]]"
    ) -> None:
        self.task = task
        self._done = done
        self._among = among
        self._called_off = False
        # A callback of the task rather than a call at its end: what `done` raises is then the
        # loop's to report, and no part of the task.
        task.add_done_callback(self._finish)

    def cancel(self) -> None:
        """Call it off: its callback will not be called any more."""
        self._called_off = True
        self.task.cancel()

    def _finish(self, task: "asyncio.Task[T]") -> None:
        self._among.discard(self)
        if not self._called_off and not task.cancelled():
            self._done(task.result())
