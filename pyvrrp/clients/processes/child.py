"""Watch a program that was started: its output and its end."""

import asyncio
import os
import signal
from contextlib import suppress

from pyvrrp.clients.base.failure import ProbeError
from pyvrrp.clients.base.wait_readable import wait_until_readable
from pyvrrp.clients.processes.reap import reap
from pyvrrp.clients.processes.spawn import LOST, ProgramRun

_CHUNK = 65_536  # octets, the size of a pipe
_KEPT = 4096  # octets of the output, of which the first line is shown
_MOST = 1_048_576  # octets; a program that writes more is killed


class Child:
    """The program of one run. Its owner must await `ended` or call `abandon`."""

    def __init__(self, run: ProgramRun) -> None:
        self.run = run
        self.pid = run.process.pid
        self.too_much_output = False
        self._output = bytearray()
        self._received = 0
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(run.output, self._read)

    async def ended(self) -> int:
        """Wait until the program ends, and return its exit status, negative for a signal.

        All other processes in its process group are killed. Raise ProbeError if there is no exit
        status.
        """
        await wait_until_readable(self.run.descriptor)
        # Before the program is reaped. After that, its number can belong to another process.
        self.kill()
        while self._read():
            pass
        try:
            status = reap(self.run.process, self.run.descriptor)
        finally:
            self._close()
        if status is None:
            raise ProbeError(LOST)
        return status

    def kill(self) -> None:
        """Kill the program and all of its process group."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)

    def abandon(self) -> None:
        """Stop waiting because the daemon ends. If the program lives, init will reap it."""
        self.run.process.returncode = -signal.SIGKILL
        self._close()

    def first_line(self) -> str:
        """Return the first line of its output that is not empty."""
        lines = self._output.decode(errors="replace").splitlines()
        return next((line.strip() for line in lines if line.strip()), "")

    def _read(self) -> bool:
        """Read the available output. Return whether there may be more."""
        try:
            octets = os.read(self.run.output, _CHUNK)
        except BlockingIOError:
            return False
        self._received += len(octets)
        self._output += octets[: _KEPT - len(self._output)]
        if self._received > _MOST:
            self.too_much_output = True
            self.kill()
        more = bool(octets) and not self.too_much_output
        if not more:
            self._loop.remove_reader(self.run.output)
        return more

    def _close(self) -> None:
        self._loop.remove_reader(self.run.output)
        os.close(self.run.output)
        os.close(self.run.descriptor)
