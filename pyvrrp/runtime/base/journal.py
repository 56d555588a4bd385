"""What happened, as events with a cause and numbers: the one source of logs and timelines."""

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias

from pyvrrp.config.model.configuration import VirtualRouterConfig
from pyvrrp.ports import Clock
from pyvrrp.units import SECOND, Nanoseconds

Value: TypeAlias = str | int | float | bool | None
KEPT = 1000  # events that status and timelines can look back on
QUIET = Nanoseconds(60 * SECOND)  # how long a repeating warning stays quiet
MOST_TOPICS = 1024  # bound on what a peer can make this process remember


class Level(StrEnum):
    """How much an event should worry somebody."""

    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class JournalEvent:
    """One thing that happened, at monotonic *at*, to one virtual router or to the daemon."""

    at: Nanoseconds
    name: str
    text: str
    level: Level = Level.INFO
    virtual_router: VirtualRouterConfig | None = None
    fields: Mapping[str, Value] = field(default_factory=dict)


class Journal:
    """Keeps the newest events and hands each to whoever listens."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._events: deque[JournalEvent] = deque(maxlen=KEPT)
        self._listeners: list[Callable[[JournalEvent], None]] = []
        self._quiet: dict[tuple[str, ...], tuple[Nanoseconds, int]] = {}

    def listen(self, listener: Callable[[JournalEvent], None]) -> None:
        """Have *listener* called with each event from now on; it must return at once."""
        self._listeners.append(listener)

    def events(self) -> tuple[JournalEvent, ...]:
        """Return the kept events, oldest first."""
        return tuple(self._events)

    def record(
        self,
        name: str,
        text: str,
        *,
        level: Level = Level.INFO,
        virtual_router: VirtualRouterConfig | None = None,
        fields: Mapping[str, Value] | None = None,
    ) -> None:
        """Write down one event."""
        event = JournalEvent(self._clock.now(), name, text, level, virtual_router, fields or {})
        self._events.append(event)
        for listener in self._listeners:
            listener(event)

    def warn_rarely(
        self,
        name: str,
        text: str,
        *,
        topic: str = "",
        virtual_router: VirtualRouterConfig | None = None,
        fields: Mapping[str, Value] | None = None,
    ) -> None:
        """Write down a warning that may repeat: at once, then at most once a minute.

        What was left out meanwhile is counted in the next one's field ``suppressed``.
        """
        key = (name, topic, "" if virtual_router is None else str(virtual_router.id))
        now = self._clock.now()
        since, left_out = self._quiet.get(key, (None, 0))
        if since is not None and now - since < QUIET:
            self._quiet[key] = (since, left_out + 1)
            return
        if len(self._quiet) >= MOST_TOPICS:
            self._quiet.clear()
        self._quiet[key] = (now, 0)
        if left_out:
            text = f"{text} ({left_out} more since the last report)"
        self.record(
            name,
            text,
            level=Level.WARNING,
            virtual_router=virtual_router,
            fields={**(fields or {}), "suppressed": left_out},
        )
