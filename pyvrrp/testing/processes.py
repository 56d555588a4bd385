"""Processes of the bench: started, read line by line, and ended in every case."""

import contextlib
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from pyvrrp.testing.errors import BenchError


@dataclass(frozen=True, slots=True)
class OutputLine:
    """One line a process printed; *time* is Unix seconds when it was read."""

    time: float
    text: str
    error: bool  # it came from standard error


class SpawnedProcess:
    """One running program. Its standard input stays open: helpers end when it is closed."""

    def __init__(
        self,
        command: Sequence[str],
        *,
        hear: Callable[[OutputLine], None] | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.command = tuple(command)
        self.lines: list[OutputLine] = []
        self._hear = hear
        try:
            self._popen = subprocess.Popen(
                self.command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                errors="replace",
                start_new_session=True,  # Ctrl-C reaches the bench alone, which ends them
                env=None if environment is None else {**os.environ, **environment},
            )
        except OSError as error:
            raise BenchError(f"{' '.join(self.command)}: {error}") from error
        self._readers = [
            threading.Thread(target=self._read, args=(stream, error), daemon=True)
            for stream, error in ((self._popen.stdout, False), (self._popen.stderr, True))
        ]
        for reader in self._readers:
            reader.start()

    @property
    def pid(self) -> int:
        """The process id."""
        return self._popen.pid

    @property
    def running(self) -> bool:
        """Whether it has not ended yet."""
        return self._popen.poll() is None

    @property
    def output(self) -> str:
        """Everything it printed so far, both streams in the order they were read."""
        return "\n".join(line.text for line in list(self.lines))

    def say(self, text: str) -> None:
        """Write one line to its standard input."""
        stream = self._popen.stdin
        if stream is None or stream.closed:
            raise BenchError(f"{self.command[0]}: its input is closed")
        try:
            stream.write(text + "\n")
            stream.flush()
        except OSError as error:
            raise BenchError(f"{' '.join(self.command)}: {error}: {self.output}") from error

    def signal(self, number: signal.Signals) -> None:
        """Send a signal; one that has ended already is no error."""
        self._popen.send_signal(number)

    def stop(self, patience: float = 10.0) -> int:
        """End it with SIGTERM, after *patience* seconds with SIGKILL; return its exit status."""
        self._popen.send_signal(signal.SIGTERM)
        try:
            return self._wait(patience)
        except subprocess.TimeoutExpired:
            return self.kill()

    def finish(self, patience: float = 10.0) -> int:
        """Close its standard input, as helpers expect, and return its exit status."""
        self._close_input()
        try:
            return self._wait(patience)
        except subprocess.TimeoutExpired:
            return self.kill()

    def kill(self) -> int:
        """End it and all its descendants with SIGKILL, stopped first so that none reacts."""
        if self.running:
            kill_tree(self.pid)
        return self._wait(10.0)

    def kill_alone(self) -> int:
        """SIGKILL for this process only; its children go on."""
        self._popen.send_signal(signal.SIGKILL)
        status = self._popen.wait(10.0)
        self._close_input()
        return status

    def _wait(self, patience: float) -> int:
        status = self._popen.wait(patience)
        self._close_input()
        for reader in self._readers:
            reader.join(1.0)  # a descendant may hold the pipe open
        return status

    def _close_input(self) -> None:
        if self._popen.stdin is not None:
            with contextlib.suppress(OSError):
                self._popen.stdin.close()

    def _read(self, stream: IO[str], error: bool) -> None:  # noqa: FBT001 - a thread's argument
        with stream:
            for text in stream:
                line = OutputLine(time.time(), text.rstrip("\n"), error)
                self.lines.append(line)
                if self._hear is not None:
                    self._hear(line)


def descendants(pid: int) -> list[int]:
    """Return the processes started by *pid* and by those, nearest first."""
    parents: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                stat = (entry / "stat").read_text(encoding="utf-8", errors="replace")
                parent = int(stat.rpartition(")")[2].split()[1])
                parents.setdefault(parent, []).append(int(entry.name))
    found = list(parents.get(pid, ()))
    for child in found:
        found += parents.get(child, ())
    return found


def kill_tree(pid: int) -> None:
    """Stop *pid* and all its descendants first, so that none reacts, then end them all."""
    stopped: set[int] = set()
    while found := {pid, *descendants(pid)} - stopped:
        _send(found, signal.SIGSTOP)
        stopped |= found
    _send(stopped, signal.SIGKILL)


def _send(pids: set[int], number: signal.Signals) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)
