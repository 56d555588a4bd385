"""What the interface of the addresses has against taking part, with the delays of changes."""

from collections.abc import Callable
from dataclasses import replace

from pyvrrp.config.model.configuration import VirtualRouterConfig
from pyvrrp.identity import Address
from pyvrrp.ports import Clock, InterfaceState
from pyvrrp.runtime.base.deadline_timer import DeadlineTimer
from pyvrrp.runtime.router.obstacles import interface_obstacle
from pyvrrp.units import in_words
from pyvrrp.virtual_router.rules.tracking import Debounce


class OwnInterface:
    """Judges the interface as it was seen last. *changed* is called when a delay is over."""

    def __init__(
        self, config: VirtualRouterConfig, clock: Clock, changed: Callable[[], None]
    ) -> None:
        self._config = config
        self._clock = clock
        self._state = InterfaceState()
        self._primary: Address | None = None
        self._debounced: Debounce | None = None  # None: the interface was never there
        self._look_again = DeadlineTimer(clock, changed)

    def see(self, state: InterfaceState, primary: Address | None) -> None:
        """Take note of the interface, and of the address to send from."""
        self._state, self._primary = state, primary

    def obstacle(self) -> str:
        """Return what it has against taking part now; empty: nothing."""
        state = self._state
        if not state.exists:
            # No delay helps where there is nothing to send from.
            self._debounced = None if self._debounced is None else Debounce(up=False)
            self._look_again.set(None)
            return interface_obstacle(state, self._primary)
        delay, now = self._config.interface_delay, self._clock.now()
        known = Debounce(state.up) if self._debounced is None else self._debounced
        self._debounced = known.seen(now, delay, up=state.up)
        self._look_again.set(self._debounced.due(delay))
        up = self._debounced.up or not self._config.track_primary
        if state.up and not up:
            return f"link up, but not for {in_words(delay.up)} yet"
        return interface_obstacle(replace(state, up=up), self._primary)
