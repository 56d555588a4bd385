"""The one thread for system calls that may wait for a lock of the kernel.

Other programs may hold the rtnl lock for tens of milliseconds, and an advertisement must not wait
for it. Jobs run one after the other, in the order in which they were submitted.
"""

import asyncio
import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import TypeVar

from pyvrrp.errors import KernelError

T = TypeVar("T")


class KernelThread:
    """Runs jobs in order in a thread of its own; their results are delivered in the event loop.

    *lost* is called in the thread if the thread itself cannot go on: no address would be added or
    removed any more.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        lost: Callable[[BaseException], None] | None = None,
    ) -> None:
        self._loop = loop
        self._lost = lost
        self._jobs: SimpleQueue[list[Callable[[], None]] | None] = SimpleQueue()
        self._submitted: list[Callable[[], None]] = []  # in this turn of the loop
        self._thread = threading.Thread(target=self._work, name="pyvrrp-kernel", daemon=True)
        self._thread.start()

    def submit(self, job: Callable[[], T], done: Callable[[T | KernelError], None]) -> None:
        """Run *job* in the thread, then *done* in the loop with its result or its KernelError.

        The thread gets the jobs at the end of the loop's turn. So it does not compete with the loop
        for the interpreter while many virtual routers become MASTER in one turn.
        """
        if not self._submitted:
            self._loop.call_soon(self._hand_over)
        self._submitted.append(lambda: self._report(done, self._outcome(job)))

    def _hand_over(self) -> None:
        if self._submitted:
            submitted, self._submitted = self._submitted, []
            self._jobs.put(submitted)

    def close(self, patience: float = 2.0) -> bool:
        """Finish the submitted jobs; return whether that took less than *patience* seconds."""
        self._hand_over()
        self._jobs.put(None)
        self._thread.join(patience)
        return not self._thread.is_alive()

    def _work(self) -> None:
        try:
            while (jobs := self._jobs.get()) is not None:
                for job in jobs:
                    job()
        except BaseException as error:
            if self._lost is None:
                raise
            self._lost(error)

    def _outcome(self, job: Callable[[], T]) -> T | KernelError:
        try:
            return job()
        except KernelError as error:
            return error
        except Exception as error:  # noqa: BLE001  - an error in one job must not stop the others
            report = {"message": "a kernel request failed", "exception": error}
            self._in_loop(lambda: self._loop.call_exception_handler(report))
            return KernelError(f"internal error in a kernel request: {error}")

    def _report(self, done: Callable[[T | KernelError], None], outcome: T | KernelError) -> None:
        self._in_loop(lambda: done(outcome))

    def _in_loop(self, callback: Callable[[], None]) -> None:
        try:
            self._loop.call_soon_threadsafe(callback)
        except RuntimeError:
            # The loop is closed: the result is not needed any more.
            return
