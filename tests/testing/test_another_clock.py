"""The wall clock of one process, off by what a file says."""

import subprocess
import sys
from pathlib import Path

WHAT_TIME = """
import sys, time
from pathlib import Path
from pyvrrp.testing.another_clock import shift
real, steady = time.time(), time.monotonic()
shift(Path(sys.argv[1]))
off = [time.time(), time.time_ns() / 1e9, time.clock_gettime(time.CLOCK_REALTIME)]
print([round(each - real) for each in off], round(time.monotonic() - steady))
print(round(time.clock_gettime(time.CLOCK_MONOTONIC) - steady))
"""


def test_the_time_of_day_is_off_and_the_steady_clocks_are_not(tmp_path: Path) -> None:
    clock = tmp_path / "clock"
    clock.write_text("-3600\n")
    command = (sys.executable, "-c", WHAT_TIME, str(clock))
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert said == "[-3600, -3600, -3600] 0\n0\n"


def test_pyvrrp_runs_with_it(tmp_path: Path) -> None:
    clock = tmp_path / "clock"
    clock.write_text("60\n")
    command = (sys.executable, "-m", "pyvrrp.testing.another_clock", str(clock), "--version")
    assert "pyvrrp" in subprocess.run(command, capture_output=True, text=True, check=True).stdout
