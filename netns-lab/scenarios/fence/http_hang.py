"""The service behind the address dies: its web server accepts connections and never answers.

The fence closes after two failed checks: the master removes the address, says priority 0, and names
the reason. The standby is master after interval x fall + timeout + Skew_Time. Two nodes never hold
the address together. When the check passes again and the hold-down is over, the master takes the
address back without an outage.
"""

from collections.abc import Iterator

from experiments.web_failure import break_service
from results.result import ExperimentResult
from scenarios.options import ScenarioOptions

NEEDS = ("pyvrrp",)


def experiments(options: ScenarioOptions) -> Iterator[ExperimentResult]:
    """Run it."""
    yield break_service("the web server: hang", "hang", options.interval_ms or 200)
