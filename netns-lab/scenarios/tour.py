"""A tour of what goes wrong, with pyvrrp's defaults: the web server, the link, the process.

The master's web server fails, its port goes down, its daemon is killed; each time the standby takes
over, each time the master gets the address back when it is well again. The client misses Skew_Time
when the node lets go itself, Master_Down_Interval when it dies, and nothing when the address
returns; no node keeps an address that it has lost.
"""

from collections.abc import Iterator

from experiments.experiment import Experiment
from experiments.fencing import close_fence, open_fence
from experiments.moves import cut, heal, kill_daemon, start
from experiments.result import ExperimentResult
from experiments.setting import Member, Setting

from scenarios import Options

NEEDS = ("pyvrrp",)


def experiments(options: Options) -> Iterator[ExperimentResult]:
    """Run it."""
    setting = Setting(interval_ms=options.interval_ms or 1000, check=True)
    members = (Member("pyvrrp", 200), Member("pyvrrp", 100))
    title = "the web server, the link, the process"
    with Experiment(title, setting, members, options.listen) as experiment:
        experiment.start()
        close_fence(experiment, "500")
        open_fence(experiment)
        cut(experiment, "r1", "r2")
        heal(experiment, "r1", "r2")
        kill_daemon(experiment, "r1", "r2")
        start(experiment, "r1", "r2")
    yield experiment.result()
