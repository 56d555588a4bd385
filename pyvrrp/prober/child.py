"""The process of the prober: kill it, wait for its end without blocking, say how it ended."""

import asyncio
import os
import select
import signal
from collections.abc import Callable

_PATIENCE = 1.0  # seconds after SIGKILL; a process that waits for a disk may take longer
_MILLISECONDS = 1000


class ProberChild:
    """One process. *ended* is called once, with how it ended, also if it hangs in the kernel."""

    def __init__(self, pid: int, pidfd: int, ended: Callable[[str], None]) -> None:
        self.pid = pid
        self._pidfd = pidfd
        self._ended: Callable[[str], None] | None = ended
        self._why = ""
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._loop.add_reader(pidfd, self._reap)

    def kill(self, why: str = "") -> None:
        """Kill it; *why* is told when it has ended."""
        self._why = self._why or why
        if self._pidfd >= 0:
            # Whether it still runs does not matter.
            _send_kill(self._pidfd)
            if self._timer is None:
                self._timer = self._loop.call_later(_PATIENCE, self._tell)

    def reap(self, patience: float) -> None:
        """Wait for the end of a killed process, at most *patience* seconds. Tell nobody."""
        self._ended = None
        if self._pidfd >= 0:
            poll = select.poll()
            poll.register(self._pidfd, select.POLLIN)
            poll.poll(patience * _MILLISECONDS)
            self._reap()
        if self._timer is not None:
            self._timer.cancel()

    def _reap(self) -> None:
        if self._pidfd < 0:
            return
        self._loop.remove_reader(self._pidfd)
        os.close(self._pidfd)
        self._pidfd = -1
        self._tell(_how(self.pid))

    def _tell(self, how: str = "") -> None:
        if self._timer is not None:
            self._timer.cancel()
        ended, self._ended = self._ended, None
        if ended is not None:
            ended(self._why or how or "it ended")


def _send_kill(pidfd: int) -> None:
    try:
        signal.pidfd_send_signal(pidfd, signal.SIGKILL)
    except OSError:
        return


def _how(pid: int) -> str:
    try:
        found, status = os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        return ""  # another part has reaped it
    code = os.waitstatus_to_exitcode(status) if found else 0
    if code < 0:
        return f"it was killed by {_name(-code)}"
    return "" if code == 0 else f"it ended with status {code}"


def _name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
