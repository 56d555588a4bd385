"""A program that was started, seen from the event loop: its output, its end."""

import asyncio
import os
import signal
from contextlib import suppress

from pyvrrp.clients.base.failure import ProbeError
from pyvrrp.clients.base.wait_readable import readable
from pyvrrp.clients.processes.spawn import LOST, Run

_CHUNK = 65_536  # what a pipe holds
_KEPT = 4096  # bytes; the first line is shown
_MOST = 1_048_576  # bytes; a program that says more is stopped


class Child:
    """One run. Whoever has one waits for `ended` in the end, which reaps it, or calls `forsake`."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.pid = run.process.pid
        self.flooded = False
        self._output = bytearray()
        self._heard = 0
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(run.output, self._listen)

    async def ended(self) -> int:
        """Return the exit status, negative for a signal; raise ProbeError if it is lost.

        Whatever the program has left behind in its group dies with it.
        """
        await readable(self.run.descriptor)
        # Before it is reaped: until then nobody else can have its number.
        self.kill()
        while self._listen():
            pass
        try:
            return self._reap()
        finally:
            self._close()

    def kill(self) -> None:
        """Kill the program and all of its process group."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)

    def forsake(self) -> None:
        """Wait no more, as the daemon ends: what cannot be killed is for init to reap."""
        self.run.process.returncode = -signal.SIGKILL
        self._close()

    def first_line(self) -> str:
        """Return the first line that it said, empty ones aside."""
        said = self._output.decode(errors="replace").splitlines()
        return next((line.strip() for line in said if line.strip()), "")

    def _listen(self) -> bool:
        """Read what is there; tell whether there may be more."""
        try:
            heard = os.read(self.run.output, _CHUNK)
        except BlockingIOError:
            return False
        self._heard += len(heard)
        self._output += heard[: _KEPT - len(self._output)]
        if self._heard > _MOST:
            self.flooded = True
            self.kill()
        more = bool(heard) and not self.flooded
        if not more:
            self._loop.remove_reader(self.run.output)
        return more

    def _reap(self) -> int:
        process = self.run.process
        try:
            result = os.waitid(os.P_PIDFD, self.run.descriptor, os.WEXITED | os.WNOHANG)
        except ChildProcessError as error:
            process.returncode = -1  # so that Popen does not look for it either
            raise ProbeError(LOST) from error
        if result is None:
            raise ProbeError("no exit status")
        normal = result.si_code == os.CLD_EXITED
        process.returncode = result.si_status if normal else -result.si_status
        return process.returncode

    def _close(self) -> None:
        self._loop.remove_reader(self.run.output)
        os.close(self.run.output)
        os.close(self.run.descriptor)
