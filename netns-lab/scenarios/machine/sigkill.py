"""The master's daemon is killed with SIGKILL.

Its guardian hands over: the standby takes the address after Skew_Time, and the dead node loses it
a moment later. The client notices nothing. The daemon is started again and takes the address back.
"""

from collections.abc import Iterator

from experiments.experiment import Experiment
from experiments.moves import kill_daemon, start
from results.result import ExperimentResult
from results.setting import Setting
from scenarios.options import ScenarioOptions

NEEDS = ("pyvrrp",)


def experiments(options: ScenarioOptions) -> Iterator[ExperimentResult]:
    """Run it."""
    setting = Setting(interval_ms=options.interval_ms or 200)
    with Experiment("kill the daemon", setting) as experiment:
        experiment.start()
        kill_daemon(experiment, "r1", "r2")
        start(experiment, "r1", "r2")
    yield experiment.result()
