"""The service behind the address dies: its web server sends one octet a second.

The fence closes after two failed checks: the master removes the address, says priority 0, and
names the reason. The standby is master after interval x fall + timeout + Skew_Time; both never
hold the address together. When the service is well again and the hold-down is over, the master
takes the address back without an outage.
"""

from collections.abc import Iterator

from experiments.fencing import break_service
from experiments.result import ExperimentResult

from scenarios import Options

NEEDS = ("pyvrrp",)


def experiments(options: Options) -> Iterator[ExperimentResult]:
    """Run it."""
    yield break_service("the web server: drip", "drip", options.interval_ms or 200)
