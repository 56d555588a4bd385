"""Last resort: carries out the decisions of `rules.last_resort` for one virtual router."""

from collections.abc import Iterable, Mapping

from pyvrrp.packet.reception import Discarded
from pyvrrp.ports import Clock
from pyvrrp.runtime.base.deadline_timer import DeadlineTimer
from pyvrrp.runtime.base.journal import Journal, Level
from pyvrrp.runtime.base.json import Json
from pyvrrp.runtime.health.check_runner import CheckRunner
from pyvrrp.runtime.health.fence import Fence
from pyvrrp.runtime.router.concern import BaseConcern, RouterControl
from pyvrrp.units import Nanoseconds, in_words
from pyvrrp.virtual_router.rules.last_resort import (
    End,
    Forget,
    LastResortFacts,
    LookAgain,
    Nothing,
    Stand,
    decide,
)
from pyvrrp.virtual_router.states import Heard


class LastResort(BaseConcern):
    """Reports that no router serves while its own is fenced, and lets it take part if allowed."""

    name = "last resort"

    def __init__(
        self,
        router: RouterControl,
        fence: Fence,
        runners: Iterable[CheckRunner],
        clock: Clock,
        journal: Journal,
    ) -> None:
        self._router = router
        self._fence = fence
        self._runners = tuple(runners)
        self._clock = clock
        self._journal = journal
        self._failed_since: Nanoseconds | None = None
        self._told = False
        self._stands_since = clock.now()
        self._alarm = DeadlineTimer(clock, self._look)

    @property
    def nobody_serves(self) -> bool:
        """Whether this node is fenced and has reported that it hears no master."""
        return self._told

    def start(self) -> None:
        """Decide after each result of a check. The fence has judged the result before."""
        for runner in self._runners:
            runner.listen(self._look)

    def use(self, runners: Iterable[CheckRunner]) -> None:
        """Decide after each result of *runners* from now on. The fence uses them already."""
        self.stop()
        self._runners = tuple(runners)
        self.start()
        self._look()

    def stop(self) -> None:
        """Decide no more."""
        for runner in self._runners:
            runner.unlisten(self._look)
        self._alarm.set(None)

    def advertisement(self) -> None:
        """Take note that a router serves."""
        self._told = False
        if self._router.is_last_resort:
            self._look()

    def incompatible(self, discarded: Discarded) -> None:  # noqa: ARG002 - that it came is enough
        """Take note that a router lives that takes no part in the election."""
        self._told = False

    def status(self, now: Nanoseconds) -> Mapping[str, Json]:  # noqa: ARG002 - it needs no time
        """Return whether the router takes part as last resort, and whether no router serves."""
        return {
            "fence": {
                "last_resort": self._router.is_last_resort,
                "nobody_serves": self.nobody_serves,
            }
        }

    def _facts(self) -> LastResortFacts:
        router, heard = self._router, self._router.last_heard
        return LastResortFacts(
            state=router.state,
            stands=router.is_last_resort,
            stands_since=self._stands_since,
            fence_open=self._fence.is_open,
            fence_failed=self._fence.has_failed,
            fenced_alone=router.is_fenced_alone,
            failed_since=self._failed_since,
            heard=None if heard is None else Heard(heard.sender, heard.priority),
            heard_at=None if heard is None else heard.at,
            life_at=router.last_life_at,
            told=self._told,
            allowed=router.config.last_resort,
            patience=router.master_down_interval,
        )

    def _look(self) -> None:
        now = self._clock.now()
        match decide(self._facts(), now):
            case Nothing():
                pass
            case Forget():
                self._failed_since = None
                self._told = False
            case End(why=why):
                self._end(why)
            case Stand(silence=silence, tell=tell):
                self._tell(silence, tell=tell)
                self._stand(silence)
            case LookAgain(at=at, silence=silence, tell=tell):
                self._failed_since = now if self._failed_since is None else self._failed_since
                self._tell(silence, tell=tell)
                if at is not None:
                    self._alarm.set(at)

    def _tell(self, silence: Nanoseconds, *, tell: bool) -> None:
        if not tell:
            return
        self._told = True
        self._journal.record(
            "nobody_serves",
            f"nobody was heard for {in_words(silence)}, and this node is {self._fence.reason}",
            level=Level.ERROR,
            virtual_router=self._router.config,
            fields={"reason": self._fence.reason},
        )

    def _stand(self, silence: Nanoseconds) -> None:
        self._stands_since = self._clock.now()
        self._failed_since = None
        self._router.count("last_resorts")
        self._journal.record(
            "last_resort",
            f"stands as last resort although {self._fence.reason}: nobody was heard for "
            f"{in_words(silence)}",
            level=Level.ERROR,
            virtual_router=self._router.config,
            fields={"reason": self._fence.reason},
        )
        self._router.priority_from(last_resort=True)

    def _end(self, why: str) -> None:
        self._journal.record(
            "last_resort_over",
            f"is the last resort no longer: {why}",
            virtual_router=self._router.config,
            fields={"reason": why},
        )
        self._told = False
        self._router.priority_from(last_resort=False)
