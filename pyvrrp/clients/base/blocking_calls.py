"""Run calls that may block for seconds, such as name look-ups, in threads.

The executor of asyncio is not suitable. Its few threads are all busy when some look-ups never end,
and at its exit the process waits for them.
"""

from asyncio import AbstractEventLoop, Future, get_running_loop
from collections.abc import Callable, Hashable
from contextlib import suppress
from threading import Thread
from typing import Generic, TypeVar

from pyvrrp.clients.base.failure import Failure

K = TypeVar("K", bound=Hashable)
T = TypeVar("T")


class ThreadedCalls(Generic[K, T]):
    """Runs at most one call for each key, each in a daemon thread of its own.

    So there are at most as many threads as keys, no key waits for another one, and a call that
    never ends does not keep the process from exiting.
    """

    def __init__(self) -> None:
        self._running: dict[K, Future[T | Failure]] = {}

    def start(self, key: K, call: Callable[[], T | Failure]) -> Future[T | Failure]:
        """Return the future result of the call that runs for *key*. If none does, start *call*.

        Await it with `asyncio.shield`, because several callers may wait for the same result.
        """
        future = self._running.get(key)
        if future is None:
            future = get_running_loop().create_future()
            _call_in_thread(call, self._finisher(key, future))
            self._running[key] = future
        return future

    def _finisher(self, key: K, future: Future[T | Failure]) -> Callable[[T | Failure], None]:
        def finish(result: T | Failure) -> None:
            del self._running[key]
            if not future.done():  # it is cancelled when the event loop ends
                future.set_result(result)

        return finish


def _call_in_thread(call: Callable[[], T | Failure], finish: Callable[[T | Failure], None]) -> None:
    loop = get_running_loop()
    Thread(target=_run, args=(loop, call, finish), name="pyvrrp-probe", daemon=True).start()


def _run(
    loop: AbstractEventLoop,
    call: Callable[[], T | Failure],
    finish: Callable[[T | Failure], None],
) -> None:
    try:
        result = call()
    except Exception as error:  # noqa: BLE001 - the callers that wait must get a result
        result = Failure(f"internal error: {error!r}")
    with suppress(RuntimeError):  # the loop is closed, so no caller waits any more
        loop.call_soon_threadsafe(finish, result)
