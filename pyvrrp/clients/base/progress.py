"""What one probe does at the moment, and how much time it has left."""

from asyncio import get_running_loop, timeout_at
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

from pyvrrp.clients.base.failure import ProbeError
from pyvrrp.clients.base.resolver import HostName
from pyvrrp.identity import Address

T = TypeVar("T")


@dataclass(slots=True)
class ProbeProgress:
    """The state of one probe. Times are those of the event loop in seconds.

    ``phase`` says what the probe does at the moment, for the reason of a timeout. ``name`` is the
    host name that it resolved, if any. ``overdue`` is the beginning of the reason of a timeout,
    before the time that the probe had; empty: the reason says "timed out" and the phase.
    """

    began: float
    deadline: float
    phase: str = "before it began"
    name: HostName | None = None
    overdue: str = ""

    def share(self, parts: int) -> float:
        """Return when the first of *parts* equal parts of the time that is left ends."""
        now = get_running_loop().time()
        return now + (self.deadline - now) / parts

    def elapsed(self) -> str:
        """Return the time since the probe began, as text: ``0.4 ms``, ``12 ms``."""
        milliseconds = (get_running_loop().time() - self.began) * 1000
        return f"{milliseconds:.1f} ms" if milliseconds < 1 else f"{milliseconds:.0f} ms"


async def first_success(
    addresses: tuple[Address, ...],
    attempt: Callable[[Address], Awaitable[T]],
    progress: ProbeProgress,
) -> T:
    """Return the result of *attempt* for the first address with which it succeeds.

    The addresses are tried one after the other. Each gets an equal part of the time that is left.
    If all fail, raise what the last attempt raised: ProbeError or OSError.
    """
    for left in range(len(addresses), 1, -1):
        try:
            async with timeout_at(progress.share(left)):
                return await attempt(addresses[-left])
        except (OSError, ProbeError):
            continue
    return await attempt(addresses[-1])
