"""Read something again before each use, and go on with the last result while reading hangs."""

import asyncio
from collections.abc import Callable, Coroutine, Hashable
from typing import Any, Generic, TypeVar

from pyvrrp.clients.base.failure import Failure, ProbeError

K = TypeVar("K", bound=Hashable)
T = TypeVar("T")

_PATIENCE = 0.1  # seconds to wait for a new result when there is an old one


class KeptResults(Generic[K, T]):
    """The last result for each key. There is at most one reading for each key at a time."""

    def __init__(self) -> None:
        self._kept: dict[K, T] = {}
        self._reading: dict[K, asyncio.Task[T | Failure]] = {}

    async def get(self, key: K, read: Callable[[T | None], Coroutine[Any, Any, T]]) -> T:
        """Return what *read* returns, or the last result if that takes longer than 100 ms.

        *read* gets the last result, and raises ProbeError if it fails. So does this method.
        """
        reading = self._reading.get(key)
        if reading is None:
            reading = asyncio.get_running_loop().create_task(self._read(key, read))
            self._reading[key] = reading
            reading.add_done_callback(lambda _: self._reading.pop(key))
        kept = self._kept.get(key)
        if kept is None:
            outcome = await asyncio.shield(reading)
        elif (await asyncio.wait({reading}, timeout=_PATIENCE))[0]:
            outcome = reading.result()
        else:
            return kept
        if isinstance(outcome, Failure):
            raise ProbeError(outcome.reason)
        return outcome

    async def _read(
        self, key: K, read: Callable[[T | None], Coroutine[Any, Any, T]]
    ) -> T | Failure:
        try:
            result = await read(self._kept.get(key))
        except ProbeError as error:
            return Failure(str(error))
        self._kept[key] = result
        return result
