"""What happened in a simulated world, in order, as values and as lines."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from pyvrrp.runtime.base.journal import JournalEvent, Value
from pyvrrp.simulator.world.engine import Engine
from pyvrrp.units import SECOND, Nanoseconds

_ALWAYS_SHOWN = frozenset({"transition", "fence", "check", "split_brain", "kernel_refused"})


@dataclass(frozen=True, slots=True)
class TraceEntry:
    """One thing that happened at *at* (true time) to *who*: a node, a client or the world."""

    at: Nanoseconds
    who: str
    what: str
    text: str
    fields: Mapping[str, Value] = field(default_factory=dict)

    def line(self) -> str:
        """Return the entry for people."""
        return f"{self.at / SECOND:11.6f}  {self.who:<8} {self.text}"

    def json(self) -> str:
        """Return the entry as one JSON object: ``at`` in seconds, ``who``, ``event``, ``text``."""
        named = {"at": round(self.at / SECOND, 9), "who": self.who, "event": self.what}
        return json.dumps({**named, "text": self.text, **self.fields}, ensure_ascii=False)


class Trace:
    """Collects the entries of one run.

    *detailed*: with every advertisement and every event of every daemon, not only the most
    important ones.
    """

    def __init__(self, engine: Engine, *, detailed: bool) -> None:
        self.entries: list[TraceEntry] = []
        self.detailed = detailed
        self._engine = engine

    def note(self, who: str, what: str, text: str, **fields: Value) -> None:
        """Record what has just happened."""
        now = Nanoseconds(self._engine.now)
        self.entries.append(TraceEntry(now, who, what, text, fields))

    def event(self, node: str, event: JournalEvent) -> None:
        """Record what a daemon has recorded in its journal."""
        if self.detailed or event.name in _ALWAYS_SHOWN:
            router = "" if event.virtual_router is None else f"{event.virtual_router.name}: "
            self.note(node, event.name, router + event.text, **event.fields)
