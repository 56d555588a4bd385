"""The master's daemon is killed with SIGKILL.

Its guardian removes the address at once: it is gone from the dead node long before the standby is
master, so both never hold it. Started again, the node takes the address back.
"""

from collections.abc import Iterator

from experiments.experiment import NOISE, Experiment, Limits, Member, Setting
from experiments.moves import start
from experiments.result import ExperimentResult

from scenarios import Options

NEEDS = ("pyvrrp",)


def experiments(options: Options) -> Iterator[ExperimentResult]:
    """Run it."""
    setting = Setting(interval_ms=options.interval_ms or 200)
    members = (Member("pyvrrp", 200), Member("pyvrrp", 100))
    with Experiment("kill the daemon", setting, members) as experiment:
        experiment.start()
        limit = setting.master_down_interval(100) + NOISE
        experiment.change(
            "r1's daemon gets SIGKILL",
            experiment.routers["r1"].kill_daemon,
            old="r1",
            new="r2",
            limits=Limits(outage=limit, first_advertisement=limit, released=0.2, both_held=0.0),
            patience=limit + 2,
            sudden=True,
        )
        start(experiment, "r1", "r2")
    yield experiment.result()
