"""pyvrrp beside keepalived over VRRPv3, IPv6, in both roles.

The port of the better router goes down and up, then the router is stopped and started, and a
pyvrrp is killed. Each time the other one takes over in the time of the protocol and gives the
address back. Two routers never hold it together for longer than one advertisement needs.
"""

from collections.abc import Iterator

from experiments.both_roles import both_roles
from results.result import ExperimentResult
from results.setting import Setting
from scenarios.options import ScenarioOptions

NEEDS = ("pyvrrp", "keepalived")


def experiments(options: ScenarioOptions) -> Iterator[ExperimentResult]:
    """Run it."""
    yield from both_roles("keepalived", Setting(ipv6=True, interval_ms=options.interval_ms or 100))
