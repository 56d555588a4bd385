"""The same moves over IPv6: the port goes down and up, the master is stopped and started.

The first virtual address is link-local; the client asks the global one. The standby takes over
after Master_Down_Interval or Skew_Time. There is no outage when the master returns.
"""

from collections.abc import Iterator

from experiments.experiment import Experiment
from experiments.moves import cut, heal, start, stop
from results.result import ExperimentResult
from results.setting import Setting
from scenarios.options import ScenarioOptions

NEEDS = ("pyvrrp",)


def experiments(options: ScenarioOptions) -> Iterator[ExperimentResult]:
    """Run it."""
    setting = Setting(ipv6=True, interval_ms=options.interval_ms or 100)
    with Experiment("four moves over IPv6", setting) as experiment:
        experiment.start()
        cut(experiment, "r1", "r2")
        heal(experiment, "r1", "r2")
        stop(experiment, "r1", "r2")
        start(experiment, "r1", "r2")
    yield experiment.result()
