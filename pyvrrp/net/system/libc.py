"""The few functions of the C library that Python 3.11 lacks.

Each function raises OSError with the errno, which the caller translates. The guardian imports this
module, so it must import little.
"""

import ctypes
import os
import struct
from functools import cache

_CLONE_NEWNET = 0x40000000
_CLOCK_BOOTTIME = 7
_TFD_TIMER_ABSTIME = 1
_PR_SET_NAME = 15
_NANOSECONDS_PER_SECOND = 1_000_000_000
_TIMERSPEC = struct.Struct("=qqqq" if struct.calcsize("l") == 8 else "=llll")  # noqa: PLR2004  - LP64


@cache
def _library() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _checked(result: int) -> int:
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return result


def enter_network_namespace(descriptor: int) -> None:
    """Put the calling thread into the network namespace behind *descriptor*."""
    _checked(_library().setns(descriptor, _CLONE_NEWNET))


def boottime_timer() -> int:
    """Return the descriptor of a new, disarmed, non-blocking timer on CLOCK_BOOTTIME."""
    return _checked(_library().timerfd_create(_CLOCK_BOOTTIME, os.O_NONBLOCK | os.O_CLOEXEC))


def arm_timer(descriptor: int, when: int) -> None:
    """Let the timer fire at *when* (absolute nanoseconds); a time in the past fires at once.

    The descriptor becomes readable when the timer fires, and is not readable until then.
    """
    # A zero would disarm it.
    when = when if when > 0 else 1
    _set_timer(descriptor, when // _NANOSECONDS_PER_SECOND, when % _NANOSECONDS_PER_SECOND)


def disarm_timer(descriptor: int) -> None:
    """Let the timer not fire. The descriptor is not readable any more."""
    _set_timer(descriptor, 0, 0)


def _set_timer(descriptor: int, seconds: int, nanoseconds: int) -> None:
    specification = _TIMERSPEC.pack(0, 0, seconds, nanoseconds)
    _checked(_library().timerfd_settime(descriptor, _TFD_TIMER_ABSTIME, specification, None))


def name_process(name: str) -> None:
    """Show *name* (15 characters at most) in ps and top."""
    _checked(_library().prctl(_PR_SET_NAME, name.encode()))


def trim_memory() -> None:
    """Give free memory back to the system, if the C library can do that (glibc can)."""
    trim = getattr(_library(), "malloc_trim", None)
    if trim is not None:
        trim(0)
