"""The journal as lines: one per event, for people or as JSON.

An advertisement must never wait for a terminal, a pipe or a disk. So events are collected, turned
into text a moment later, and written by a thread. If the thread is too slow or the disk is full,
lines are dropped. The next line that can be written says how many.
"""

import json
import os
import queue
import threading
import time
from collections import deque
from collections.abc import Callable
from enum import StrEnum

from pyvrrp.ports import Clock
from pyvrrp.runtime.base.journal import JournalEvent, Level
from pyvrrp.units import MILLISECOND, SECOND, Nanoseconds

GATHER = Nanoseconds(10 * MILLISECOND)
LINES_PER_TURN = 64
MOST_BATCHES = 1000
SYSLOG = {Level.INFO: "<6>", Level.WARNING: "<4>", Level.ERROR: "<3>"}


class LogFormat(StrEnum):
    """How events are written."""

    TEXT = "text"
    JSON = "json"
    SYSTEMD = "systemd"  # text without a time, with the priority prefix that journald reads


def choose_format(wanted: str, descriptor: int = 1) -> LogFormat:
    """Return the format *wanted*; ``text`` becomes SYSTEMD if journald reads the output."""
    if wanted == LogFormat.TEXT and _is_journal(descriptor):
        return LogFormat.SYSTEMD
    return LogFormat(wanted)


def _is_journal(descriptor: int) -> bool:
    # Children inherit the variable, so only the file it names counts (systemd.exec(5)).
    output = os.fstat(descriptor)
    return os.environ.get("JOURNAL_STREAM") == f"{output.st_dev}:{output.st_ino}"


class LogWriter:
    """Listens to a journal and writes lines to a file descriptor."""

    def __init__(self, clock: Clock, form: LogFormat, descriptor: int = 1) -> None:
        self._clock = clock
        self._form: Callable[[float, JournalEvent], str] = _FORMATS[form]
        self._descriptor = descriptor
        self._pending: deque[tuple[float, JournalEvent]] = deque()
        self._scheduled = False
        self._batches: queue.Queue[bytes | None] = queue.Queue(MOST_BATCHES)
        self.dropped = 0  # lines, because the queue was full
        self._thread = threading.Thread(target=self._write, name="pyvrrp-log", daemon=True)
        self._thread.start()

    def listen(self, event: JournalEvent) -> None:
        """Add one event. It is written a moment later."""
        self._pending.append((time.time(), event))
        if not self._scheduled:
            self._scheduled = True
            self._clock.call_at(Nanoseconds(self._clock.now() + GATHER), self._flush)

    def close(self, patience: float = 1.0) -> None:
        """Write what is left; wait *patience* seconds at most for room, and again for the end."""
        while self._pending:
            self._flush()
        try:
            self._batches.put(None, timeout=patience)
        except queue.Full:
            return
        self._thread.join(timeout=patience)

    def _flush(self) -> None:
        self._scheduled = False
        lines: list[str] = []
        while self._pending and len(lines) < LINES_PER_TURN:
            wall_clock, event = self._pending.popleft()
            try:
                lines.append(self._form(wall_clock, event))
            except Exception:  # noqa: BLE001 - one line less, and the next one says so
                self.dropped += 1
        try:
            self._batches.put_nowait("".join(lines).encode(errors="backslashreplace"))
        except queue.Full:
            self.dropped += len(lines)
        if self._pending:
            self._scheduled = True
            self._clock.call_at(self._clock.now(), self._flush)

    def _write(self) -> None:
        lost, dropped, why = 0, 0, ""
        torn = False  # the last line ends in the middle
        while (batch := self._batches.get()) is not None:
            more = self.dropped - dropped
            lost, dropped = lost + more, dropped + more
            head = b"\n" if torn else b""
            if lost:
                head += self._tell(lost, why or "they came faster than they could be written")
            rest, refusal = self._put(head + batch)
            written = len(head) + len(batch) - len(rest)
            if written >= len(head):
                lost, why = 0, ""
            if refusal:
                lost, why = lost + batch.count(b"\n") - batch[: -len(rest)].count(b"\n"), refusal
            if written:
                torn = (head + batch)[written - 1 : written] != b"\n"

    def _put(self, octets: bytes) -> tuple[bytes, str]:
        """Write, and return what could not be written, and why."""
        view = memoryview(octets)
        while view:
            try:
                view = view[os.write(self._descriptor, view) :]
            except OSError as error:
                # The daemon goes on without its log.
                return bytes(view), error.strerror or str(error)
        return b"", ""

    def _tell(self, lost: int, why: str) -> bytes:
        event = JournalEvent(
            self._clock.now(),
            "log_lines_lost",
            f"{lost} lines of this log are missing: {why}",
            Level.WARNING,
            None,
            {"lines": lost},
        )
        return self._form(time.time(), event).encode(errors="backslashreplace")


def _name(event: JournalEvent) -> str:
    config = event.virtual_router
    if config is None:
        return "pyvrrp"
    number = f" {config.id.vrid}" if config.id.vrid else ""  # none: an address without VRRP
    return f"{config.name} ({config.id.place} {config.id.family.name.lower()}{number})"


def as_text(wall_clock: float, event: JournalEvent) -> str:
    """Return one line for people, with local time to the millisecond."""
    stamp = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(wall_clock))
    milliseconds = int(wall_clock % 1 * 1000)
    level = "" if event.level is Level.INFO else f"{event.level.upper()}: "
    return f"{stamp}.{milliseconds:03} {_name(event)}: {level}{event.text}\n"


def as_systemd(_wall_clock: float, event: JournalEvent) -> str:
    """Return one line for journald, which adds the time."""
    return f"{SYSLOG[event.level]}{_name(event)}: {event.text}\n"


def as_json(wall_clock: float, event: JournalEvent) -> str:
    """Return one JSON object; ``time`` is Unix time, ``monotonic`` the daemon's own clock, in s."""
    line: dict[str, object] = {
        "time": round(wall_clock, 6),
        "monotonic": round(event.at / SECOND, 6),
        "level": event.level,
        "event": event.name,
        "text": event.text,
    }
    config = event.virtual_router
    if config is not None:
        line["virtual_router"] = config.name
        line["netns"] = config.id.place.netns
        line["interface"] = config.id.place.interface
        line["family"] = config.id.family.name.lower()
        if config.id.vrid:
            line["vrid"] = config.id.vrid
    line.update(event.fields)
    return json.dumps(line) + "\n"


_FORMATS = {
    LogFormat.TEXT: as_text,
    LogFormat.JSON: as_json,
    LogFormat.SYSTEMD: as_systemd,
}
