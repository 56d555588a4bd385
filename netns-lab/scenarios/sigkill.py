"""The master's daemon is killed with SIGKILL.

Its guardian removes the address at once: it is gone from the dead node long before the standby is
master, so both never hold it. Started again, the node takes the address back.
"""

from collections.abc import Iterator

from experiments.experiment import Experiment
from experiments.moves import kill_daemon, start
from experiments.result import ExperimentResult
from experiments.setting import Member, Setting

from scenarios import Options

NEEDS = ("pyvrrp",)


def experiments(options: Options) -> Iterator[ExperimentResult]:
    """Run it."""
    setting = Setting(interval_ms=options.interval_ms or 200)
    members = (Member("pyvrrp", 200), Member("pyvrrp", 100))
    with Experiment("kill the daemon", setting, members) as experiment:
        experiment.start()
        kill_daemon(experiment, "r1", "r2")
        start(experiment, "r1", "r2")
    yield experiment.result()
