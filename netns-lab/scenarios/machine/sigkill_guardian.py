"""The master's daemon and its guardian are killed with SIGKILL at the same moment.

Nothing of pyvrrp is left to clean up. The address still leaves the dead node, because its lease
expires in the kernel (2 s, removed by the kernel up to 0.7 s late).
"""

from collections.abc import Iterator

from experiments.experiment import Experiment
from experiments.moves import start
from results.result import ExperimentResult
from results.setting import NOISE, ChangeLimits, Setting
from scenarios.options import ScenarioOptions

NEEDS = ("pyvrrp",)
_LEASE = 2.0
_KERNEL_LATE = 0.7


def experiments(options: ScenarioOptions) -> Iterator[ExperimentResult]:
    """Run it."""
    setting = Setting(interval_ms=options.interval_ms or 200)
    with Experiment("kill the daemon and its guardian", setting) as experiment:
        experiment.start()
        limit = setting.master_down_interval(100) + NOISE
        experiment.change(
            "r1's daemon and guardian get SIGKILL",
            experiment.routers["r1"].kill,
            old="r1",
            new="r2",
            limits=ChangeLimits(
                outage=limit,
                first_advertisement=limit,
                released=_LEASE + _KERNEL_LATE + NOISE,
            ),
            patience=limit + _LEASE + _KERNEL_LATE + 2,
            sudden=True,
        )
        start(experiment, "r1", "r2")
    yield experiment.result()
