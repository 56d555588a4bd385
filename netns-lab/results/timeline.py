"""Everything that happened in one experiment, on one clock, and questions about it."""

import bisect
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from itertools import chain

from pyvrrp.testing.errors import BenchError
from pyvrrp.testing.measure.outages import Interval

_GLANCE = 0.005  # seconds between two looks at a condition


@dataclass(frozen=True, slots=True)
class LabEvent:
    """Something that happened at *time* (Unix seconds) on *node* (empty: to the whole lab)."""

    time: float
    kind: str
    node: str
    what: Mapping[str, object] = field(default_factory=dict)


class Timeline:
    """Events of several sources, added from several threads, kept in the order of their times.

    *listen* is told of each as it comes, from the thread that brings it.
    """

    def __init__(self, listen: Callable[[LabEvent], None] | None = None) -> None:
        self._listen = listen
        self._events: dict[tuple[str, str], list[LabEvent]] = {}
        self._lock = threading.Lock()

    def add(self, event: LabEvent) -> None:
        """Take in one event, from any thread."""
        with self._lock:
            of_its_kind = self._events.setdefault((event.kind, event.node), [])
            bisect.insort(of_its_kind, event, key=_time)
        if self._listen is not None:
            self._listen(event)

    def events(self, kind: str = "", node: str = "", *, after: float = 0.0) -> list[LabEvent]:
        """Return the events of that kind and node (empty: all) from *after* on, in time order."""
        with self._lock:
            found = [
                events[bisect.bisect_left(events, after, key=_time) :]
                for key, events in self._events.items()
                if kind in {"", key[0]} and node in {"", key[1]}
            ]
        return found[0] if len(found) == 1 else sorted(chain.from_iterable(found), key=_time)

    def advertisements(self, node: str, *, after: float = 0.0) -> list[LabEvent]:
        """Return advertisements of *node* that claim mastership (priority above 0)."""
        return [
            event
            for event in self.events("advertisement", node, after=after)
            if event.what["priority"] != 0
        ]

    def held(self, node: str, address: str, until: float) -> list[Interval]:
        """Return when the kernel of *node* had *address*, up to *until*."""
        intervals: list[Interval] = []
        since: float | None = None
        for event in self.events("address", node):
            if event.what["address"] != address:
                continue
            if event.what["held"] and since is None:
                since = event.time
            elif not event.what["held"] and since is not None:
                intervals.append((since, event.time))
                since = None
        if since is not None:
            intervals.append((since, max(since, until)))
        return intervals

    def holds(self, node: str, address: str) -> bool:
        """Whether the kernel of *node* has *address* now."""
        last = [event for event in self.events("address", node) if event.what["address"] == address]
        return bool(last) and bool(last[-1].what["held"])

    def wait(self, condition: Callable[[], object], patience: float, what: str) -> None:
        """Wait until *condition* is true. BenchError, naming *what*, after *patience* seconds."""
        deadline = time.monotonic() + patience
        while not condition():
            if time.monotonic() > deadline:
                raise BenchError(f"waited {patience:.1f} s without result: {what}")
            time.sleep(_GLANCE)


def total(intervals: Iterable[Interval]) -> float:
    """Return how long all *intervals* are together, in seconds."""
    return sum(end - start for start, end in intervals)


def clip(intervals: Iterable[Interval], start: float, end: float) -> list[Interval]:
    """Return the parts of *intervals* between *start* and *end*."""
    cut = ((max(first, start), min(last, end)) for first, last in intervals)
    return [(first, last) for first, last in cut if first < last]


def _time(event: LabEvent) -> float:
    return event.time
