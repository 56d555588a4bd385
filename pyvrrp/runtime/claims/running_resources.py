"""No claim while resources still run here from the last time as master."""

from collections.abc import Mapping

from pyvrrp.runtime.base.json import Json
from pyvrrp.runtime.resources.chain import ResourceChain
from pyvrrp.runtime.router.concern import BaseConcern
from pyvrrp.units import Nanoseconds
from pyvrrp.virtual_router.rules.admission import RESOURCES


class RunningResources(BaseConcern):
    """Delays a claim until the resources of one virtual router have stopped."""

    name = RESOURCES

    def __init__(self, chain: ResourceChain) -> None:
        self._chain = chain

    def may_claim(self) -> str | None:
        """Return None if no resource runs here."""
        return None if self._chain.is_down else "its resources to have stopped"

    def status(self, now: Nanoseconds) -> Mapping[str, Json]:  # noqa: ARG002 - it needs no time
        """Return the state of each resource, and why it is in it."""
        return {
            "resources": [
                {
                    "name": resource.config.name,
                    "state": resource.state,
                    "reason": resource.why,
                    "restarts": len(resource.restarts),
                }
                for resource in self._chain.resources
            ]
        }
