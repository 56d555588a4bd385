"""The master's daemon and its guardian are killed with SIGKILL at the same moment.

Nothing of pyvrrp is left to clean up, and yet the address leaves the dead node: the kernel lets it
expire with its lease (2 s, removed by the kernel up to 0.7 s late).
"""

from collections.abc import Iterator

from experiments.experiment import Experiment
from experiments.moves import start
from experiments.result import ExperimentResult
from experiments.setting import NOISE, Limits, Member, Setting

from scenarios import Options

NEEDS = ("pyvrrp",)
_LEASE = 2.0
_KERNEL_LATE = 0.7


def experiments(options: Options) -> Iterator[ExperimentResult]:
    """Run it."""
    setting = Setting(interval_ms=options.interval_ms or 200)
    members = (Member("pyvrrp", 200), Member("pyvrrp", 100))
    with Experiment("kill the daemon and its guardian", setting, members) as experiment:
        experiment.start()
        limit = setting.master_down_interval(100) + NOISE
        experiment.change(
            "r1's daemon and guardian get SIGKILL",
            experiment.routers["r1"].kill,
            old="r1",
            new="r2",
            limits=Limits(
                outage=limit,
                first_advertisement=limit,
                released=_LEASE + _KERNEL_LATE + NOISE,
            ),
            patience=limit + _LEASE + _KERNEL_LATE + 2,
            sudden=True,
        )
        start(experiment, "r1", "r2")
    yield experiment.result()
