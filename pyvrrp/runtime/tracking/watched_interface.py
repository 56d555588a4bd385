"""One interface that virtual routers track, watched once for all of them."""

from collections.abc import Callable

from pyvrrp.identity import Place
from pyvrrp.ports import Handle, InterfaceState, Links
from pyvrrp.runtime.base.journal import Journal, Level


class WatchedInterface:
    """Tells its listeners when the interface goes up or down. The kernel reports it at once.

    *trouble* is what is wrong with it, empty if it is up; None: it was not seen yet.
    """

    def __init__(self, place: Place, links: Links, journal: Journal) -> None:
        self.place = place
        self.trouble: str | None = None
        self._links = links
        self._journal = journal
        self._watching: Handle | None = None
        self._listeners: list[Callable[[], None]] = []

    def listen(self, listener: Callable[[], None]) -> None:
        """Call *listener* when `trouble` has changed."""
        self._listeners.append(listener)

    def forget(self, listener: Callable[[], None]) -> None:
        """Call *listener* no more."""
        self._listeners.remove(listener)

    @property
    def is_used(self) -> bool:
        """Whether a virtual router tracks it."""
        return bool(self._listeners)

    def start(self) -> None:
        """Look at the interface from now on. If that has begun, nothing happens."""
        if self._watching is not None:
            return
        self._watching = self._links.watch(self.place, self._changed)

    def stop(self) -> None:
        """Look no more."""
        if self._watching is not None:
            self._watching.cancel()
            self._watching = None

    def _changed(self, state: InterfaceState) -> None:
        trouble = "" if state.up else "is down"
        if not state.exists:
            trouble = "does not exist"
        if trouble == self.trouble:
            return
        self.trouble = trouble
        self._journal.record(
            "tracked_interface",
            f"tracked interface {self.place} {trouble or 'is up'}",
            level=Level.WARNING if trouble else Level.INFO,
            fields={"interface": self.place.interface, "up": not trouble},
        )
        for listener in tuple(self._listeners):
            listener()
