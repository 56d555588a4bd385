"""Master and standby with automatic failback, IPv4.

The master is stopped and says priority 0. The standby takes over after Skew_Time, and the client
misses no more than that. The master is started again and takes the address back without an outage.
Two nodes never hold the address together for longer than one advertisement needs.
"""

from collections.abc import Iterator

from experiments.experiment import Experiment
from experiments.moves import start, stop
from results.result import ExperimentResult
from results.setting import Setting
from scenarios.options import ScenarioOptions

NEEDS = ("pyvrrp",)


def experiments(options: ScenarioOptions) -> Iterator[ExperimentResult]:
    """Run it."""
    setting = Setting(interval_ms=options.interval_ms or 200)
    with Experiment("stop and start the master", setting) as experiment:
        experiment.start()
        stop(experiment, "r1", "r2")
        start(experiment, "r1", "r2")
    yield experiment.result()
