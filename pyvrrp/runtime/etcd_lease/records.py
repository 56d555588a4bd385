"""The records that nodes write into etcd, and the checks of what is read there."""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from pyvrrp.ports import Record

_LONGEST_NAME = 64
_HIGHEST = 254


@dataclass(frozen=True, slots=True)
class Author:
    """Who wrote a record: the name of a node, and its priority at that time."""

    node: str
    priority: int


class RecordWriter:
    """Makes the records of one virtual router of one process, and recognises them.

    A record of an earlier process of the same node is foreign: its addresses may still be there.
    """

    def __init__(self, node: str, life: int, priority: Callable[[], int]) -> None:
        self.node = node
        self._life = f"{life:016x}"
        self._priority = priority

    @property
    def priority(self) -> int:
        """The priority of the virtual router now."""
        return self._priority()

    def value(self) -> bytes:
        """Return the value to write now."""
        fields = {"node": self.node, "priority": self.priority, "life": self._life}
        return json.dumps(fields).encode()

    def wrote(self, record: Record) -> bool:
        """Return whether this process wrote *record*."""
        fields = _fields(record)
        return fields.get("node") == self.node and fields.get("life") == self._life

    def better_requester(self, preemption_requests: Iterable[Record]) -> Author | None:
        """Return the requester with the highest priority, if it is above this node's priority."""
        authors = [author_of(one) for one in preemption_requests if not self.wrote(one)]
        better = [author for author in authors if author and author.priority > self.priority]
        return max(better, key=lambda author: author.priority, default=None)


def author_of(record: Record) -> Author | None:
    """Return who wrote *record*; None if it is not a record of pyvrrp."""
    fields = _fields(record)
    node, priority = fields.get("node"), fields.get("priority")
    if not isinstance(node, str) or not isinstance(priority, int) or isinstance(priority, bool):
        return None
    if not 1 <= len(node) <= _LONGEST_NAME or not node.isprintable():
        return None
    return Author(node, priority) if 1 <= priority <= _HIGHEST else None


def holder_in_words(record: Record | None) -> str:
    """Return in words who has the key."""
    if record is None:
        return "free"
    author = author_of(record)
    if author is None:
        return "held by something that is no pyvrrp"
    return f"held by {author.node}"


def _fields(record: Record) -> dict[str, object]:
    try:
        parsed = json.loads(record.value)
    except (ValueError, RecursionError):
        return {}
    return parsed if isinstance(parsed, dict) else {}
