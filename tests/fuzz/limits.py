"""The limits of one execution and of a whole run: time of the processor, and memory."""

import ctypes
import gc
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

PROCESSOR_SECONDS = 5.0  # for one input: time of this process, so a busy machine does not matter
SECONDS = 120.0  # for one input that waits instead of working
PAGE = 4096


class HangError(Exception):
    """An input took too long."""


@contextmanager
def watchdog() -> Iterator[None]:
    """Raise HangError in the main thread if the body takes too long."""

    def expired(number: int, _frame: FrameType | None) -> None:
        raise HangError("too long" if number == signal.SIGVTALRM else "it waits")

    before = [signal.signal(number, expired) for number in (signal.SIGVTALRM, signal.SIGALRM)]
    try:
        yield
    finally:
        stop_watch()
        signal.signal(signal.SIGVTALRM, before[0])
        signal.signal(signal.SIGALRM, before[1])


def start_watch() -> None:
    """Begin the time of one input."""
    signal.setitimer(signal.ITIMER_VIRTUAL, PROCESSOR_SECONDS)
    signal.setitimer(signal.ITIMER_REAL, SECONDS)


def stop_watch() -> None:
    """End the time of one input."""
    signal.setitimer(signal.ITIMER_VIRTUAL, 0)
    signal.setitimer(signal.ITIMER_REAL, 0)


def memory() -> int:
    """Return the octets of memory that this process uses, without what it could give back."""
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * PAGE
