"""Run programs of the system, with a deadline; a failure is a BenchError."""

import subprocess

from pyvrrp.testing.errors import BenchError

_DEADLINE = 30.0  # seconds; `ip` answers in milliseconds unless the kernel's lock is held


def run(*command: str, deadline: float = _DEADLINE, text: str = "") -> str:
    """Run *command* with *text* as its input and return what it printed.

    Raises BenchError if it cannot be started, fails, or takes longer than *deadline* seconds.
    """
    shown = " ".join(command)
    try:
        finished = subprocess.run(
            command, capture_output=True, text=True, timeout=deadline, check=False, input=text
        )
    except FileNotFoundError as error:
        raise BenchError(f"{command[0]}: not installed (needed for: {shown})") from error
    except (OSError, subprocess.SubprocessError) as error:
        raise BenchError(f"{shown}: {error}") from error
    if finished.returncode != 0:
        said = finished.stderr.strip() or finished.stdout.strip() or "no message"
        raise BenchError(f"{shown}: exit status {finished.returncode}: {said}")
    return finished.stdout


def ip_batch(*lines: str) -> None:
    """Run several `ip` commands in one process, stopping at the first that fails."""
    run("ip", "-batch", "-", text="\n".join(lines) + "\n")
