"""How much one node takes on: with ``max_held`` it leaves a claim to others, if there are any.

A node that holds as many as it should waits one Master_Down_Interval more. Whoever has room has
taken over by then; if nobody has, it takes over after all, since a crowded node is better than
none. A lower master that lives is left alone until there is room here.
"""

from collections.abc import Callable

from pyvrrp.ports import Clock
from pyvrrp.runtime.base.deadline_timer import AlarmClock
from pyvrrp.runtime.base.journal import Journal
from pyvrrp.runtime.router.router import Router
from pyvrrp.units import Nanoseconds
from pyvrrp.virtual_router.parameters import RELEASE
from pyvrrp.virtual_router.states import Backup, Init


class Capacity:
    """A gate of one virtual router."""

    def __init__(
        self,
        router: Router,
        most: int,
        held: Callable[[], set[str]],
        clock: Clock,
        journal: Journal,
    ) -> None:
        self._router = router
        self._most = most
        self._held = held
        self._clock = clock
        self._journal = journal
        self._asked_at: Nanoseconds | None = None
        self._again = AlarmClock(clock, router.gate_opened)
        router.guard(self)

    @property
    def waiting_for(self) -> str:
        """Gate: what a claim waits for."""
        return f"another node to take it: here are {len(self._others)} of at most {self._most}"

    def may_claim(self) -> bool:
        """Gate: whether there is room, or nobody else wants it."""
        if len(self._others) < self._most:
            return True
        now = self._clock.now()
        first = self._asked_at is None
        self._asked_at = now if self._asked_at is None else self._asked_at
        until = self._nobody_since(self._asked_at) + self._router.master_down_interval
        if now >= until:
            return True
        self._again.set(Nanoseconds(until))
        if first:
            self._router.counters.add("claims_deferred")
            self._journal.record(
                "claim_deferred",
                f"leaves the claim to others for now: {len(self._others)} of at most {self._most} "
                "are held here",
                virtual_router=self._router.config,
                fields={"held": len(self._others), "most": self._most},
            )
        return False

    def claim_ended(self) -> None:
        """Gate: begin anew the next time."""
        self._asked_at = None
        self._again.set(None)

    def _nobody_since(self, asked_at: Nanoseconds) -> int:
        # A lower master that is left alone and falls silent has to be silent long enough first.
        heard = self._router.last_heard
        if heard is None or heard.priority == RELEASE:
            return asked_at
        return max(asked_at, heard.at + self._router.master_down_interval)

    @property
    def _others(self) -> set[str]:
        return self._held() - {self._router.config.moves_as}


def held_here(routers: list[Router]) -> set[str]:
    """Return what a node holds, a group or the families of one name as one."""
    return {
        router.config.moves_as for router in routers if not isinstance(router.state, Init | Backup)
    }
