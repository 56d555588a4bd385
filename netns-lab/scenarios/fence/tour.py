"""A tour of what goes wrong, with pyvrrp's defaults: the web server, the link, the process.

The master's web server fails, its port goes down, its daemon is killed. Each time the standby takes
over, and the master gets the address back afterwards. The client misses Skew_Time when the master
releases the address itself, Master_Down_Interval when the master dies, and nothing when the address
returns. No node keeps an address that it has lost.
"""

from collections.abc import Iterator

from experiments.experiment import Experiment
from experiments.moves import cut, heal, kill_daemon, start
from experiments.web_failure import close_fence, open_fence
from results.result import ExperimentResult
from results.setting import TWO_PYVRRP, Setting
from scenarios.options import ScenarioOptions

NEEDS = ("pyvrrp",)


def experiments(options: ScenarioOptions) -> Iterator[ExperimentResult]:
    """Run it."""
    setting = Setting(interval_ms=options.interval_ms or 1000, check=True)
    title = "the web server, the link, the process"
    with Experiment(title, setting, TWO_PYVRRP, options.listen) as experiment:
        experiment.start()
        close_fence(experiment, "500")
        open_fence(experiment)
        cut(experiment, "r1", "r2")
        heal(experiment, "r1", "r2")
        kill_daemon(experiment, "r1", "r2")
        start(experiment, "r1", "r2")
    yield experiment.result()
