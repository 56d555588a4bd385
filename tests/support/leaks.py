"""What a test has open: descriptors, threads, child processes, network namespaces, privileges.

What it leaves open would fail a later test, or none. So each test is asked at its end.
"""

import ctypes
import gc
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pyvrrp.testing.ownership import NAMESPACE_DIRECTORY

_PATIENCE = 5.0  # seconds
_PR_GET_NO_NEW_PRIVS = 39
_LOOK_SECONDS = 0.01
_FDS = Path("/proc/self/fd")
# Files that a library opens once and keeps.
_KEPT = ("/dev/null", "/dev/urandom")


@dataclass(frozen=True)
class Open:
    """What is open at one moment."""

    descriptors: frozenset[tuple[str, str]]  # number and target
    threads: frozenset[threading.Thread]
    children: frozenset[int]
    namespaces: frozenset[str]
    may_gain_privileges: bool  # what this thread starts

    @classmethod
    def now(cls) -> "Open":
        threads = frozenset(threading.enumerate())
        privileges = ctypes.CDLL(None).prctl(_PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 0
        return cls(_descriptors(), threads, _children(), _own_namespaces(), privileges)

    def beyond(self, before: "Open") -> list[str]:
        """Return in words what is open now and was not *before*."""
        return [
            *(
                f"descriptor {number}: {what}"
                for number, what in self.descriptors - before.descriptors
            ),
            *(f"thread {one.name}" for one in self.threads - before.threads),
            *(f"child process {pid}" for pid in self.children - before.children),
            *(f"network namespace {name}" for name in self.namespaces - before.namespaces),
            *(["no_new_privs"] if before.may_gain_privileges > self.may_gain_privileges else []),
        ]


@contextmanager
def nothing_left_open(before: Callable[[], Open] = Open.now) -> Iterator[None]:
    """Fail if the body leaves something open that was not open before."""
    known = before()
    yield
    left = Open.now().beyond(known)
    if not left:
        return
    until = time.monotonic() + _PATIENCE  # a thread that was told to end needs a moment
    while True:
        # Objects in a cycle are closed by the collector, which warns of each: that fails the test
        # too. The queues of a pool of processes are closed after its thread has ended.
        gc.collect()
        left = Open.now().beyond(known)
        if not left or time.monotonic() >= until:
            break
        time.sleep(_LOOK_SECONDS)
    assert not left, f"left open: {', '.join(sorted(left))}"


def _descriptors() -> frozenset[tuple[str, str]]:
    found = []
    for entry in _FDS.iterdir():
        try:
            target = str(entry.readlink())
        except OSError:
            continue  # the descriptor of the listing itself
        if not target.startswith(_KEPT):
            found.append((entry.name, target))
    return frozenset(found)


def _children() -> frozenset[int]:
    found: set[int] = set()
    for task in Path("/proc/self/task").iterdir():
        try:
            words = (task / "children").read_text(encoding="ascii").split()
        except OSError:
            continue  # a thread that has just ended
        found.update(map(int, words))
    return frozenset(found)


def _own_namespaces() -> frozenset[str]:
    try:
        names = [entry.name for entry in NAMESPACE_DIRECTORY.iterdir()]
    except OSError:
        return frozenset()
    own = f"pv{os.getpid():x}-"
    return frozenset(name for name in names if name.startswith(own))
