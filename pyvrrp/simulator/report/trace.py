"""What happened in a simulated world, in order, as values and as lines."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from pyvrrp.units import SECOND, Nanoseconds

Value: TypeAlias = str | int | float | bool | None


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
