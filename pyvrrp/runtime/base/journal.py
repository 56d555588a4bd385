"""The journal: events with their cause and numbers. Logs and timelines are made from it."""

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias

from pyvrrp.config.model.configuration import VirtualRouterConfig
from pyvrrp.foreign_text import printable
from pyvrrp.ports import Clock
from pyvrrp.units import SECOND, Nanoseconds

Value: TypeAlias = str | int | float | bool | None
KEPT = 1000  # the newest events, for timelines
QUIET = Nanoseconds(60 * SECOND)  # a repeated warning is written at most once in this time
LONGEST_TEXT = 16_384  # characters of an event
MOST_TOPICS = 1024  # a limit, because a peer can cause any number of topics


class Level(StrEnum):
    """How serious an event is."""

    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class JournalEvent:
    """One thing that happened to a virtual router or to the daemon; *at* is monotonic time."""

    at: Nanoseconds
    name: str
    text: str
    level: Level = Level.INFO
    virtual_router: VirtualRouterConfig | None = None
    fields: Mapping[str, Value] = field(default_factory=dict)


class Journal:
    """Keeps the newest events and passes each one to the listeners."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._events: deque[JournalEvent] = deque(maxlen=KEPT)
        self._listeners: list[Callable[[JournalEvent], None]] = []
        self._quiet: dict[tuple[str, ...], tuple[Nanoseconds, int]] = {}
        self._left_out = 0  # warnings for which there was no topic left

    def listen(self, listener: Callable[[JournalEvent], None]) -> None:
        """Call *listener* with each event from now on. It must return at once."""
        self._listeners.append(listener)

    def forget(self, listener: Callable[[JournalEvent], None]) -> None:
        """Call *listener* no more."""
        self._listeners.remove(listener)

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
        """Add one event. Its text becomes one printable line, whatever it contains."""
        clean = printable(text, LONGEST_TEXT)
        event = JournalEvent(self._clock.now(), name, clean, level, virtual_router, fields or {})
        self._events.append(event)
        for listener in tuple(self._listeners):
            listener(event)

    def warn_rarely(
        self,
        name: str,
        text: str,
        *,
        topic: str = "",
        virtual_router: VirtualRouterConfig | None = None,
        fields: Mapping[str, Value] | None = None,
        level: Level = Level.WARNING,
    ) -> None:
        """Add a warning that may repeat: at once, then at most once a minute for each *topic*.

        The field ``suppressed`` of the next one counts those that were left out. A topic must not
        contain what a stranger chooses, such as an address from a packet.
        """
        key = (name, topic, "" if virtual_router is None else str(virtual_router.id))
        now = self._clock.now()
        since, left_out = self._quiet.get(key, (None, 0))
        if since is not None and now - since < QUIET:
            self._quiet[key] = (since, left_out + 1)
            return
        if since is None and not self._has_room(now):
            self._left_out += 1
            return
        self._quiet.pop(key, None)
        self._quiet[key] = (now, 0)  # behind all others: the one that was told first is first
        if left_out:
            text = f"{text} ({left_out} more since the last report)"
        self.record(
            name,
            text,
            level=level,
            virtual_router=virtual_router,
            fields={**(fields or {}), "suppressed": left_out},
        )

    def tell_rarely(
        self,
        name: str,
        text: str,
        *,
        topic: str = "",
        virtual_router: VirtualRouterConfig | None = None,
        fields: Mapping[str, Value] | None = None,
    ) -> None:
        """Add an event of no weight that may repeat, like `warn_rarely`."""
        self.warn_rarely(
            name,
            text,
            topic=topic,
            virtual_router=virtual_router,
            fields=fields,
            level=Level.INFO,
        )

    def _has_room(self, now: Nanoseconds) -> bool:
        """Return whether there is room for one more topic; say what was left out meanwhile."""
        while self._quiet and len(self._quiet) >= MOST_TOPICS:
            oldest = next(iter(self._quiet))
            if now - self._quiet[oldest][0] < QUIET:
                return False
            del self._quiet[oldest]
        if self._left_out:
            left_out, self._left_out = self._left_out, 0
            self.record(
                "warnings_left_out",
                f"{left_out} warnings were left out: there were more than {MOST_TOPICS} different "
                "ones within a minute",
                level=Level.WARNING,
                fields={"count": left_out},
            )
        return True
