"""pyvrrp beside another implementation, in both roles: every move, both ways."""

from collections.abc import Iterator

from experiments.experiment import Experiment
from experiments.moves import cut, heal, kill_daemon, start, stop
from results.result import ExperimentResult
from results.setting import RouterSpec, Setting


def both_roles(other: str, setting: Setting) -> Iterator[ExperimentResult]:
    """Run with pyvrrp as the better router, then as the worse."""
    for higher, lower in (("pyvrrp", other), (other, "pyvrrp")):
        members = (RouterSpec(higher, 200), RouterSpec(lower, 100))
        with Experiment(f"{higher} higher, {lower} lower", setting, members) as experiment:
            experiment.start()
            cut(experiment, "r1", "r2")
            # FRR is master all the while, sees no rival when the port comes up, and therefore
            # announces nothing: the client finds it when it next asks. Not ours to judge.
            heal(experiment, "r1", "r2", outage=higher != "frr")
            stop(experiment, "r1", "r2")
            start(experiment, "r1", "r2")
            if higher == "pyvrrp":
                kill_daemon(experiment, "r1", "r2")
                start(experiment, "r1", "r2")
        yield experiment.result()
