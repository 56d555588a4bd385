"""The interfaces that a virtual router tracks beside its own."""

from collections.abc import Mapping, Sequence

from pyvrrp.config.model.tracking import TrackedInterfaceConfig
from pyvrrp.ports import Clock
from pyvrrp.runtime.base.deadline_timer import DeadlineTimer
from pyvrrp.runtime.base.json import Json
from pyvrrp.runtime.router.concern import BaseConcern, RouterControl
from pyvrrp.runtime.tracking.watched_interface import WatchedInterface
from pyvrrp.units import Nanoseconds
from pyvrrp.virtual_router.rules.admission import STARTING
from pyvrrp.virtual_router.rules.tracking import Debounce, Effect, interface_effect


class TrackedInterfaces(BaseConcern):
    """Keeps its router in INIT, or changes its priority, while tracked interfaces are down.

    Until all of them were seen the router takes no part, so that its first priority is right.
    """

    name = "tracked_interfaces"

    def __init__(
        self,
        router: RouterControl,
        tracked: Sequence[tuple[TrackedInterfaceConfig, WatchedInterface]],
        clock: Clock,
    ) -> None:
        self._router = router
        self._tracked = tuple(tracked)
        self._clock = clock
        self._debounced: dict[WatchedInterface, Debounce] = {}
        self._look_again = DeadlineTimer(clock, self._evaluate)

    def start(self) -> None:
        """Judge after each change."""
        for _, watched in self._tracked:
            watched.listen(self._evaluate)
        self._router.obstacle(self, STARTING)
        self._evaluate()  # other virtual routers may have seen them already

    def stop(self) -> None:
        """Judge no more."""
        for _, watched in self._tracked:
            watched.forget(self._evaluate)
        self._look_again.set(None)

    def status(self, now: Nanoseconds) -> Mapping[str, Json]:  # noqa: ARG002 - nothing ages
        """Return the interfaces, each with its state and its effect."""
        shown: list[Json] = []
        for config, watched in self._tracked:
            effect = self._effect(config, watched)
            shown.append(
                {
                    "name": config.interface,
                    "state": "not seen yet" if watched.trouble is None else watched.trouble or "up",
                    "counts_as_up": self._counts_as_up(watched),
                    "weight": config.weight or None,
                    "reverse": config.reverse,
                    "points": effect.points,
                    "obstacle": effect.obstacle,
                }
            )
        return {"tracked_interfaces": shown}

    def _evaluate(self) -> None:
        now, delay = self._clock.now(), self._router.config.interface_delay
        dues: list[Nanoseconds] = []
        for _, watched in self._tracked:
            if watched.trouble is None:
                return
            up = not watched.trouble
            known = self._debounced.get(watched, Debounce(up))
            self._debounced[watched] = debounced = known.seen(now, delay, up=up)
            due = debounced.due(delay)
            if due is not None:
                dues.append(due)
        self._look_again.set(min(dues, default=None))
        effects = [self._effect(config, watched) for config, watched in self._tracked]
        self._router.weigh(self, sum(effect.points for effect in effects))
        self._router.obstacle(self, next((e.obstacle for e in effects if e.obstacle), ""))

    def _effect(self, config: TrackedInterfaceConfig, watched: WatchedInterface) -> Effect:
        if watched not in self._debounced:
            return Effect(obstacle=STARTING)
        trouble = "" if self._counts_as_up(watched) else watched.trouble or "is up, but not long"
        return interface_effect(config.interface, trouble, config.weight, reverse=config.reverse)

    def _counts_as_up(self, watched: WatchedInterface) -> bool:
        return watched in self._debounced and self._debounced[watched].up
