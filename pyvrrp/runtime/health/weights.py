"""The checks of a virtual router that have a weight, and the sum of their weights."""

from collections.abc import Mapping, Sequence

from pyvrrp.fencing.weight import Weight
from pyvrrp.ports import Clock
from pyvrrp.runtime.base.json import Json
from pyvrrp.runtime.health.check_runner import CheckRunner
from pyvrrp.runtime.router.concern import BaseConcern, RouterControl
from pyvrrp.units import Nanoseconds


class Weights(BaseConcern):
    """Adds up the weights of one virtual router after each result of a check that has one."""

    name = "weights"

    def __init__(
        self,
        router: RouterControl,
        weights: Sequence[Weight],
        checks: Mapping[str, CheckRunner],
        clock: Clock,
    ) -> None:
        self._router = router
        self._clock = clock
        self._weighed = [(checks[weight.check], weight) for weight in weights]

    def start(self) -> None:
        """Add up now, and after each result. A check counts as failed until it passes."""
        for runner, _ in self._weighed:
            runner.listen(self._add_up)
        self._add_up()

    def use(self, weights: Sequence[Weight], checks: Mapping[str, CheckRunner]) -> None:
        """Add up *weights* from now on."""
        self.stop()
        self._weighed = [(checks[weight.check], weight) for weight in weights]
        self.start()

    def stop(self) -> None:
        """Add up no more."""
        for runner, _ in self._weighed:
            runner.unlisten(self._add_up)

    def look_at_clock(self) -> None:
        """Take note of checks that have become silent."""
        for runner, _ in self._weighed:
            runner.look_at_clock()

    def status(self, now: Nanoseconds) -> Mapping[str, Json]:
        """Return its checks, each with its points."""
        return {"checks": [runner.status(now, weight.points) for runner, weight in self._weighed]}

    def _add_up(self) -> None:
        now = self._clock.now()
        weights = sum(
            weight.adjustment(passing=runner.verdict.is_passing(now, runner.config.policy))
            for runner, weight in self._weighed
        )
        self._router.weigh(self, weights)
