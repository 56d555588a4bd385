"""pyvrrp beside keepalived over VRRPv3, IPv4, in both roles.

The better router's port goes down and up, then it is stopped and started: each time the other takes
over in the time of the protocol and gives the address back; both never hold it longer than one
advertisement needs.
"""

from collections.abc import Iterator

from experiments.interop import both_roles
from experiments.result import ExperimentResult
from experiments.setting import Setting

from scenarios import Options

NEEDS = ("pyvrrp", "keepalived")


def experiments(options: Options) -> Iterator[ExperimentResult]:
    """Run it."""
    yield from both_roles("keepalived", Setting(interval_ms=options.interval_ms or 100))
