"""pyvrrp beside keepalived over VRRPv2, IPv4, at 1 s, in both roles.

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


def experiments(_options: Options) -> Iterator[ExperimentResult]:
    """Run it."""
    yield from both_roles("keepalived", Setting(version=2, interval_ms=1000))
