"""A limit on what one node holds: above ``max_held`` it leaves a claim to other nodes."""

from collections.abc import Callable

from pyvrrp.ports import Clock
from pyvrrp.runtime.base.deadline_timer import DeadlineTimer
from pyvrrp.runtime.base.journal import Journal
from pyvrrp.runtime.router.concern import BaseConcern, RouterControl
from pyvrrp.units import Nanoseconds
from pyvrrp.virtual_router.parameters import RELEASE
from pyvrrp.virtual_router.rules.capacity import may_claim_from


class Capacity(BaseConcern):
    """Keeps a claim of one virtual router waiting while this node holds *most* others.

    *held* returns what the node holds. A group counts as one, as do both families of one name.
    """

    name = "capacity"

    def __init__(
        self,
        router: RouterControl,
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
        self._again = DeadlineTimer(clock, router.retry_claim)

    def claim_due(self) -> None:
        """Begin to wait for another node, if this one is full."""
        if self._has_room:
            return
        if self._asked_at is None:
            self._asked_at = self._clock.now()
            self._tell()
        if (until := self._until()) > self._clock.now():
            self._again.set(until)

    def may_claim(self) -> str | None:
        """Return None if there is room here, or if no other node has taken the claim."""
        if self._has_room or (self._asked_at is not None and self._clock.now() >= self._until()):
            return None
        return f"another node to take it: here are {len(self._others)} of at most {self._most}"

    def released(self) -> None:
        """Forget the wait: the next claim begins a new one."""
        self._asked_at = None
        self._again.set(None)

    @property
    def _has_room(self) -> bool:
        return len(self._others) < self._most

    @property
    def _others(self) -> set[str]:
        return self._held() - {self._router.config.moves_as}

    def _until(self) -> Nanoseconds:
        heard = self._router.last_heard
        silent = heard is None or heard.priority == RELEASE
        asked_at = self._clock.now() if self._asked_at is None else self._asked_at
        heard_at = None if heard is None or silent else heard.at
        return may_claim_from(asked_at, heard_at, self._router.master_down_interval)

    def _tell(self) -> None:
        held = len(self._others)
        self._router.count("claims_deferred")
        self._journal.record(
            "claim_deferred",
            f"leaves the claim to others for now: {held} of at most {self._most} are held here",
            virtual_router=self._router.config,
            fields={"held": held, "most": self._most},
        )
