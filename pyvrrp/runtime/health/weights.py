"""The checks of a virtual router that have a weight, and what they make of its priority."""

from collections.abc import Mapping
from dataclasses import replace

from pyvrrp.ports import Clock
from pyvrrp.runtime.health.check_runner import CheckRunner
from pyvrrp.runtime.router.router import Router


class Scale:
    """Weighs one virtual router again after each result of a check that has a weight."""

    def __init__(self, router: Router, checks: Mapping[str, CheckRunner], clock: Clock) -> None:
        self._router = router
        self._clock = clock
        self._weighed = [(checks[weight.check], weight) for weight in router.config.weights]
        for runner, _ in self._weighed:
            runner.listen(self._weigh)

    def start(self) -> None:
        """Weigh for the first time: a check begins failed."""
        self._weigh()

    def _weigh(self) -> None:
        now = self._clock.now()
        weights = sum(
            weight.adjustment(passing=runner.verdict.is_passing(now, runner.config.policy))
            for runner, weight in self._weighed
        )
        if weights != self._router.standing.weights:
            self._router.stand(replace(self._router.standing, weights=weights))
