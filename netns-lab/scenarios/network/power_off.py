"""The master's power fails: its port on the switch goes down.

The standby is master after Master_Down_Interval, and the client's outage is not longer than that.
When the port comes up again, the old master takes the address back without an outage.
"""

from collections.abc import Iterator

from experiments.experiment import Experiment
from experiments.moves import cut, heal
from results.result import ExperimentResult
from results.setting import Setting
from scenarios.options import ScenarioOptions

NEEDS = ("pyvrrp",)


def experiments(options: ScenarioOptions) -> Iterator[ExperimentResult]:
    """Run it."""
    setting = Setting(interval_ms=options.interval_ms or 100)
    with Experiment("cut and heal the master's port", setting) as experiment:
        experiment.start()
        cut(experiment, "r1", "r2")
        heal(experiment, "r1", "r2")
    yield experiment.result()
