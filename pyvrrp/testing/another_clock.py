"""Run `pyvrrp` on a machine whose wall clock is wrong, while the machine's clock stays.

    python -m pyvrrp.testing.another_clock FILE run -c pyvrrp.toml

adds the seconds written in FILE, which may be replaced at any time, to everything Python calls the
time of day. The clocks of the kernel that never step (CLOCK_MONOTONIC, CLOCK_BOOTTIME), and timers
on them, are those of the machine: setting the time of day does not change them either.
"""

import runpy
import sys
import time
from pathlib import Path

_SECOND = 1_000_000_000
_REAL_TIME_NS = time.time_ns
_REAL_CLOCK_NS = time.clock_gettime_ns


def shift(file: Path) -> None:
    """Shift the time of day by the seconds in *file*, from now on."""

    def time_ns() -> int:
        return _REAL_TIME_NS() + round(float(file.read_text(encoding="ascii")) * _SECOND)

    def clock_gettime_ns(clock: int, /) -> int:
        return time_ns() if clock == time.CLOCK_REALTIME else _REAL_CLOCK_NS(clock)

    time.time_ns = time_ns
    time.time = lambda: time_ns() / _SECOND
    time.clock_gettime_ns = clock_gettime_ns
    time.clock_gettime = lambda clock, /: clock_gettime_ns(clock) / _SECOND


def main() -> None:
    """Run pyvrrp with the arguments after the first; it exits with its own status."""
    shift(Path(sys.argv.pop(1)))
    runpy.run_module("pyvrrp", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
