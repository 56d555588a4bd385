"""The service behind the address fails: the fence must close, and open again."""

from experiments.experiment import Experiment
from results.result import ExperimentResult
from results.setting import NOISE, ChangeLimits, Setting

# The check of the lab: interval 1 s, timeout 0.8 s, 2 to fall, 2 to rise; hold-down 5 s.
_FALL = 2 * 1.0 + 0.8
_RETURN = 5.0 + 2 * 1.0 + 1.0


def break_service(title: str, mode: str, interval_ms: int) -> ExperimentResult:
    """Make the master's web server behave like *mode*, then answer 200 again."""
    setting = Setting(interval_ms=interval_ms, check=True)
    with Experiment(title, setting) as experiment:
        experiment.start()
        close_fence(experiment, mode)
        open_fence(experiment)
    return experiment.result()


def close_fence(experiment: Experiment, mode: str) -> None:
    """Make the web server of r1 behave like *mode*: r1 must release the address and say why."""
    skew = experiment.setting.skew_time(100)
    change = experiment.change(
        f"r1's web server: {mode}",
        lambda: experiment.web("r1", mode),
        old="r1",
        new="r2",
        limits=ChangeLimits(
            outage=skew + NOISE,
            released=_FALL + NOISE,
            first_advertisement=_FALL + skew + NOISE,
            both_answered=0.0,
            both_held=0.0,
        ),
        patience=_FALL + skew + 5,
    )
    reasons = [
        str(event.what["reason"])
        for event in experiment.timeline.events("state", "r1", after=change.start)
    ]
    experiment.check(
        "r1 says why",
        measured="; ".join(reasons) or "nothing",
        limit="a reason with: fenced by web",
        passed=any("fenced by web" in reason for reason in reasons),
    )


def open_fence(experiment: Experiment) -> None:
    """Let the web server of r1 answer 200 again: r1 must take the address back."""
    limit = _RETURN + experiment.setting.master_down_interval(200) + NOISE
    experiment.change(
        "r1's web server: 200",
        lambda: experiment.web("r1", "200"),
        old="r2",
        new="r1",
        limits=ChangeLimits(
            outage=0.1 + NOISE, first_advertisement=limit, both_answered=NOISE, both_held=NOISE
        ),
        patience=limit + 5,
    )
