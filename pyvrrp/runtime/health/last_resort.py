"""What a fenced node does when nobody serves: it says so, and may serve as the last resort.

The service behind the addresses is dead here, so by default the addresses are nowhere, which says
the same as a dead service, but louder. `when_all_fail = "last-resort"` prefers a node that perhaps
serves badly to none. It stands with priority 1, from which every healthy node takes over at once.
"""

from collections.abc import Iterable
from dataclasses import replace

from pyvrrp.ports import Clock
from pyvrrp.runtime.base.deadline_timer import AlarmClock
from pyvrrp.runtime.base.journal import Journal, Level
from pyvrrp.runtime.health.check_runner import CheckRunner
from pyvrrp.runtime.health.fence import FenceWatch
from pyvrrp.runtime.router.router import Router
from pyvrrp.units import Nanoseconds, in_words
from pyvrrp.virtual_router.admission import is_fenced_alone
from pyvrrp.virtual_router.states import Backup, Init

# In Master_Down_Intervals, of the priority that is configured: among several fenced nodes the
# better one is the first. The fifth one it waits as a BACKUP of priority 1.
SILENCE_TO_TELL = 2
SILENCE_TO_STAND = 4


class LastResort:
    """Watches the fence of one virtual router for the time when it is closed and nobody serves."""

    def __init__(
        self,
        router: Router,
        fence: FenceWatch,
        runners: Iterable[CheckRunner],
        clock: Clock,
        journal: Journal,
    ) -> None:
        self._router = router
        self._fence = fence
        self._clock = clock
        self._journal = journal
        self._failed_since: Nanoseconds | None = None
        self._told = False
        self._stands_since = clock.now()
        self._alarm = AlarmClock(clock, self._look)
        for runner in runners:
            # After the fence, which listens since it was built.
            runner.listen(self._look)
        router.on_heard = self._heard

    @property
    def nobody_serves(self) -> bool:
        """Whether this node is fenced and has told that it hears nobody."""
        return self._told

    @property
    def _stands(self) -> bool:
        return self._router.standing.last_resort

    def _heard(self) -> None:
        self._told = False
        if self._stands:
            self._look()

    def _look(self) -> None:
        if self._stands:
            self._look_whether_to_end()
        elif self._fence.has_failed and is_fenced_alone(self._router.conditions):
            self._look_whether_nobody_serves()
        else:
            self._failed_since = None
            self._told = False

    def _look_whether_to_end(self) -> None:
        heard, state = self._router.last_heard, self._router.state
        if self._fence.is_open:
            self._end("its checks pass")
        elif isinstance(state, Init):
            self._end(state.reason)
        elif isinstance(state, Backup) and heard is not None and heard.at > self._stands_since:
            self._end(f"{heard.sender} advertises priority {heard.priority}")

    def _look_whether_nobody_serves(self) -> None:
        now = self._clock.now()
        if self._failed_since is None:
            self._failed_since = now
        heard = self._router.last_heard
        since = self._failed_since if heard is None else max(self._failed_since, heard.at)
        interval = self._router.master_down_interval
        tell_at = Nanoseconds(since + SILENCE_TO_TELL * interval)
        stand_at = Nanoseconds(since + SILENCE_TO_STAND * interval)
        if now >= tell_at and not self._told:
            self._tell(Nanoseconds(now - since))
        if now < tell_at:
            self._alarm.set(tell_at)
        elif self._router.config.last_resort:
            if now >= stand_at:
                self._stand(Nanoseconds(now - since))
            else:
                self._alarm.set(stand_at)

    def _tell(self, silence: Nanoseconds) -> None:
        self._told = True
        self._journal.record(
            "nobody_serves",
            f"nobody was heard for {in_words(silence)}, and this node is "
            f"{self._router.conditions.fence}",
            level=Level.ERROR,
            virtual_router=self._router.config,
            fields={"reason": self._router.conditions.fence},
        )

    def _stand(self, silence: Nanoseconds) -> None:
        router = self._router
        self._stands_since = self._clock.now()
        self._failed_since = None
        router.counters.add("last_resorts")
        self._journal.record(
            "last_resort",
            f"stands as last resort although {router.conditions.fence}: nobody was heard for "
            f"{in_words(silence)}",
            level=Level.ERROR,
            virtual_router=router.config,
            fields={"reason": router.conditions.fence},
        )
        router.stand(replace(router.standing, last_resort=True))

    def _end(self, why: str) -> None:
        self._journal.record(
            "last_resort_over",
            f"is the last resort no longer: {why}",
            virtual_router=self._router.config,
            fields={"reason": why},
        )
        self._told = False
        self._router.stand(replace(self._router.standing, last_resort=False))
