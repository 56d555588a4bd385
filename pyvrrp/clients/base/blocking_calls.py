"""Calls that may block for seconds (name lookups, reading a CA set), out of the event loop's way.

asyncio's own executor won't do: a few lookups at a resolver that never answers fill it, and the
process then waits for them when it exits.
"""

from asyncio import AbstractEventLoop, Future, get_running_loop
from collections.abc import Callable, Hashable
from contextlib import suppress
from threading import Thread
from typing import Generic, TypeVar

from pyvrrp.clients.base.failure import Failure

K = TypeVar("K", bound=Hashable)
T = TypeVar("T")


class Background(Generic[K, T]):
    """At most one call under way per key, each in a daemon thread of its own.

    So there are never more threads than keys, no key waits for another, and a call that hangs
    does not keep the process from exiting.
    """

    def __init__(self) -> None:
        self._under_way: dict[K, Future[T | Failure]] = {}

    def start(self, key: K, call: Callable[[], T | Failure]) -> Future[T | Failure]:
        """Return the outcome to come: of the call under way for *key*, or of *call*, begun now.

        Await it through `asyncio.shield`: others may be waiting for the same one.
        """
        future = self._under_way.get(key)
        if future is None:
            future = get_running_loop().create_future()
            _call_in_thread(call, self._settle(key, future))
            self._under_way[key] = future
        return future

    def _settle(self, key: K, future: Future[T | Failure]) -> Callable[[T | Failure], None]:
        def settle(outcome: T | Failure) -> None:
            del self._under_way[key]
            if not future.done():  # cancelled, if the loop is being taken down
                future.set_result(outcome)

        return settle


def _call_in_thread(call: Callable[[], T | Failure], settle: Callable[[T | Failure], None]) -> None:
    loop = get_running_loop()
    Thread(target=_run, args=(loop, call, settle), name="pyvrrp-probe", daemon=True).start()


def _run(
    loop: AbstractEventLoop,
    call: Callable[[], T | Failure],
    settle: Callable[[T | Failure], None],
) -> None:
    try:
        outcome = call()
    except Exception as error:  # noqa: BLE001 - whoever waits for the outcome must get one
        outcome = Failure(f"internal error: {error!r}")
    with suppress(RuntimeError):  # the loop was closed meanwhile: nobody waits any more
        loop.call_soon_threadsafe(settle, outcome)
