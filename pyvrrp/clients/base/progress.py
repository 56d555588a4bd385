"""How far one probe has come: what a timeout was waiting for, how long a pass took."""

from asyncio import get_running_loop
from dataclasses import dataclass

from pyvrrp.clients.base.resolver import Name


@dataclass(slots=True)
class Progress:
    """When the probe began and has to end (the loop's seconds), and what it is doing now.

    ``name`` is the name whose addresses it uses, if it uses any. ``overdue`` is what to say before
    the time it was given when that time is over; empty: that it timed out, and in which phase.
    """

    began: float
    deadline: float
    phase: str = "before it began"
    name: Name | None = None
    overdue: str = ""

    def share(self, parts: int) -> float:
        """Return the end of a fair share of what is left when *parts* things are still to try."""
        now = get_running_loop().time()
        return now + (self.deadline - now) / parts

    def elapsed(self) -> str:
        """Return how long it has taken so far, for people: ``0.4 ms``, ``12 ms``."""
        milliseconds = (get_running_loop().time() - self.began) * 1000
        return f"{milliseconds:.1f} ms" if milliseconds < 1 else f"{milliseconds:.0f} ms"
