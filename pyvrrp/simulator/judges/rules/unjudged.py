"""Which invariants are not judged for virtual routers with resources."""

from pyvrrp.simulator.judges.rules.invariants import InvariantName
from pyvrrp.simulator.scenario.scenario import Scenario

# Their bounds do not include the time that resources take, or how often they fail.
_WITH_RESOURCES = frozenset(
    {
        InvariantName.SERVED,
        InvariantName.NOT_LATE,
        InvariantName.CLIENTS,
        InvariantName.ANNOUNCED,
        InvariantName.REANNOUNCED,
        InvariantName.PUT_BACK,
        InvariantName.PLACEMENT,
        InvariantName.QUIET,
        InvariantName.HANDOVER,
        InvariantName.NO_GAP,
        InvariantName.HOLD_DOWN,
        # A node whose service is dead goes on advertising while its resources stop.
        InvariantName.NOT_BEFORE_OPEN,
        InvariantName.RELEASE_SENT,
        InvariantName.STOPPED,
        InvariantName.GATE,
        InvariantName.ONLY_MASTER_SPEAKS,
        InvariantName.STATUS,
    }
)


def unjudged(scenario: Scenario) -> frozenset[InvariantName]:
    """Return the invariants whose bounds do not hold with the resources of *scenario*."""
    chains = any(node.configuration.resources for node in scenario.nodes)
    return _WITH_RESOURCES if chains else frozenset()
