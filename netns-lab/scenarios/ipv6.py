"""The same moves over IPv6: the port goes down and up, the master is stopped and started.

The virtual link-local address is the first; the client asks the global one. Takeover after
Master_Down_Interval or Skew_Time; no outage when the master returns.
"""

from collections.abc import Iterator

from experiments.experiment import Experiment
from experiments.moves import cut, heal, start, stop
from experiments.result import ExperimentResult
from experiments.setting import Member, Setting

from scenarios import Options

NEEDS = ("pyvrrp",)


def experiments(options: Options) -> Iterator[ExperimentResult]:
    """Run it."""
    setting = Setting(ipv6=True, interval_ms=options.interval_ms or 100)
    members = (Member("pyvrrp", 200), Member("pyvrrp", 100))
    with Experiment("four moves over IPv6", setting, members) as experiment:
        experiment.start()
        cut(experiment, "r1", "r2")
        heal(experiment, "r1", "r2")
        stop(experiment, "r1", "r2")
        start(experiment, "r1", "r2")
    yield experiment.result()
