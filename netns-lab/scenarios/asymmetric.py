"""Master and standby with automatic failback, IPv4.

The master is stopped: it says priority 0, and the standby takes over after Skew_Time, which is all
the client misses. It is started again: it takes the address back, without an outage. Both never
hold the address for longer than one advertisement needs.
"""

from collections.abc import Iterator

from experiments.experiment import Experiment
from experiments.moves import start, stop
from experiments.result import ExperimentResult
from experiments.setting import Member, Setting

from scenarios import Options

NEEDS = ("pyvrrp",)


def experiments(options: Options) -> Iterator[ExperimentResult]:
    """Run it."""
    setting = Setting(interval_ms=options.interval_ms or 200)
    members = (Member("pyvrrp", 200), Member("pyvrrp", 100))
    with Experiment("stop and start the master", setting, members) as experiment:
        experiment.start()
        stop(experiment, "r1", "r2")
        start(experiment, "r1", "r2")
    yield experiment.result()
