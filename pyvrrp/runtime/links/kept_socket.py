"""One socket of an interface that stays open as long as the interface is there."""

from collections.abc import Callable, Hashable
from typing import Generic, Protocol, TypeVar

from pyvrrp.errors import KernelError
from pyvrrp.ports import Clock
from pyvrrp.runtime.base.deadline_timer import DeadlineTimer
from pyvrrp.units import MILLISECOND, SECOND, Nanoseconds

REOPEN_AFTER = SECOND  # a refusal whose cause nobody sees
REOPEN_SOON = Nanoseconds(100 * MILLISECOND)  # the interface has changed since the refusal


class Closable(Protocol):
    """A socket, as far as it is kept open."""

    def is_attached(self) -> bool:
        """Return whether the interface that it was opened for still exists."""

    def close(self) -> None:
        """Close it."""


S = TypeVar("S", bound=Closable)


class KeptSocket(Generic[S]):
    """Opens a socket, and again after a refusal. It has one timer, however often it is refused.

    *open_it* raises KernelError. *later* is called when the timer has opened it, or when it was
    refused for another reason.
    """

    def __init__(self, clock: Clock, open_it: Callable[[], S], later: Callable[[], None]) -> None:
        self.socket: S | None = None
        self.refusal = ""  # why it is not open
        self._clock = clock
        self._open_it = open_it
        self._later = later
        self._device: Hashable = None
        self._circumstances: Hashable = None
        self._refused_at: Nanoseconds | None = None
        self._again = DeadlineTimer(clock, self._try_again)

    def open_for(self, device: Hashable, circumstances: Hashable) -> None:
        """Have it open on *device*; another *device* needs another socket.

        After a refusal it is tried again soon if *circumstances* have changed.
        """
        if self.socket is not None:
            if device == self._device and self.socket.is_attached():
                return
            self._close_socket()
        changed = (device, circumstances) != (self._device, self._circumstances)
        self._device, self._circumstances = device, circumstances
        if self._refused_at is None:
            self._try()
        elif changed:
            self._again.set(Nanoseconds(self._refused_at + REOPEN_SOON))

    def close(self, refusal: str = "") -> None:
        """Have it closed; *refusal* says why it cannot be open now."""
        self._again.set(None)
        self._close_socket()
        self._device = None
        self._refused_at = None
        self.refusal = refusal

    def _close_socket(self) -> None:
        if self.socket is not None:
            self.socket.close()
            self.socket = None

    def _try(self) -> None:
        try:
            self.socket = self._open_it()
        except KernelError as error:
            self.refusal = str(error)
            self._refused_at = self._clock.now()
            self._again.set(Nanoseconds(self._refused_at + REOPEN_AFTER))
        else:
            self.refusal = ""
            self._refused_at = None
            self._again.set(None)

    def _try_again(self) -> None:
        before = self.refusal
        self._try()
        if self.refusal != before:
            self._later()
