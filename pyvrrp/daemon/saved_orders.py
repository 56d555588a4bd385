"""Which virtual routers are drained, as the state file has it: written while the daemon goes on.

An order that was refused changes nothing, and nothing later either. A disk may take longer than an
operator waits. So the file is replaced only while the order is still wanted. If it was replaced at
the very moment of the refusal, the old content is written again.
"""

import asyncio
from collections.abc import Collection

from pyvrrp.clients.base.blocking_calls import ThreadedCalls
from pyvrrp.clients.base.failure import Failure
from pyvrrp.daemon.state_file import StateFile
from pyvrrp.errors import KernelError

DISK_SECONDS = 3.0
_WRITE = "write"


class SavedOrders:
    """The names of drained virtual routers, in memory and in the state file."""

    def __init__(self, state: StateFile, drained: Collection[str] = ()) -> None:
        self.drained = frozenset(drained)
        self._state = state
        self._writing: ThreadedCalls[str, Failure | None] = ThreadedCalls()
        self._taking_back: asyncio.Task[None] | None = None

    async def save(self, drained: frozenset[str]) -> None:
        """Write *drained* to the file; raise KernelError if that fails, or takes longer than 3 s.

        When this raises, the file is as it was before, or will be. Not to be called again before
        the last call has ended.
        """
        await self._refused_order_is_over()
        self._state.is_wanted = True
        writing = self._writing.start(_WRITE, lambda: self._write(drained))
        try:
            async with asyncio.timeout(DISK_SECONDS):
                failed = await asyncio.shield(writing)
        except TimeoutError as error:
            self._take_back(writing)
            raise self._too_slow("could not be written") from error
        except asyncio.CancelledError:
            self._take_back(writing)
            raise
        if failed is not None:
            raise KernelError(failed.reason)
        self.drained = drained

    async def _refused_order_is_over(self) -> None:
        if self._taking_back is None:
            return
        try:
            async with asyncio.timeout(DISK_SECONDS):
                await asyncio.shield(self._taking_back)
        except TimeoutError as error:
            raise self._too_slow("is still being written for an order that was refused") from error

    def _too_slow(self, why: str) -> KernelError:
        limit = f"within {DISK_SECONDS:g} s" if why.startswith("could") else ""
        return KernelError(
            f"the state file {self._state.path} {why} {limit}".rstrip() + "; nothing was changed"
        )

    def _take_back(self, writing: asyncio.Future[Failure | None]) -> None:
        self._state.is_wanted = False
        self._taking_back = asyncio.get_running_loop().create_task(self._restore_after(writing))

    async def _restore_after(self, writing: asyncio.Future[Failure | None]) -> None:
        if await asyncio.shield(writing) is None:
            self._state.is_wanted = True
            await asyncio.shield(self._writing.start(_WRITE, lambda: self._write(self.drained)))

    def _write(self, drained: frozenset[str]) -> Failure | None:
        try:
            self._state.write(drained)
        except KernelError as error:
            return Failure(str(error))
        return None
