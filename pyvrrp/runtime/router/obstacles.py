"""What keeps one virtual router from taking part: its own parts and its concerns."""

from collections.abc import Collection

from pyvrrp.identity import Address
from pyvrrp.ports import InterfaceState
from pyvrrp.runtime.router.concern import Concern
from pyvrrp.virtual_router.rules.admission import (
    FENCE,
    STARTING,
    Obstacle,
    hindrance,
    is_only,
    order,
)

INTERFACE, ADDRESSES, KERNEL, LINKS = "interface", "addresses", "kernel", "links"
OPERATOR_ADDRESSES, SENDING = "operator_addresses", "sending"
OTHER_INTERFACES = "other_interfaces"
# In the order of causes.
OWN_PARTS = (*(OPERATOR_ADDRESSES, INTERFACE, OTHER_INTERFACES, ADDRESSES, KERNEL, LINKS, SENDING),)
EARLIER_GUARDIAN = "the guardian of an earlier process hands over"
LEFTOVERS = "removing what an earlier process left behind"


class Obstacles:
    """The obstacles of one virtual router, by the part or concern that names them.

    *hindrance* is why it cannot serve, *order* why the operator wants it to stand aside.
    """

    def __init__(self) -> None:
        self.hindrance: str | None = STARTING
        self.order: str | None = None
        self._reasons = {INTERFACE: STARTING, ADDRESSES: LEFTOVERS}
        self._concerns: Collection[Concern] = ()
        self._waived: frozenset[str] = frozenset()

    def of(self, source: str) -> str:
        """Return what *source* has against taking part; empty: nothing."""
        return self._reasons.get(source, "")

    def set(self, source: str, reason: str) -> bool:
        """Note the obstacle of *source*, empty if it has none; return whether it is another one."""
        if self.of(source) == reason:
            return False
        self._reasons[source] = reason
        self._assess()
        return True

    def concerns_are(self, concerns: Collection[Concern]) -> None:
        """Name the concerns, in the order in which their obstacles count."""
        self._concerns = concerns
        self._assess()

    def waive_fence(self, *, waived: bool) -> None:
        """Count the obstacle of the fence no longer, or again."""
        self._waived = frozenset({FENCE}) if waived else frozenset()
        self._assess()

    @property
    def is_fence_alone(self) -> bool:
        """Whether the fence is the only one with an obstacle."""
        return is_only(FENCE, self._all())

    def _assess(self) -> None:
        known = self._all()
        self.hindrance, self.order = hindrance(known), order(known)

    def _all(self) -> list[Obstacle]:
        own = [Obstacle(source, self.of(source)) for source in OWN_PARTS]
        concerns = [
            Obstacle(
                concern.name,
                self.of(concern.name),
                is_order=concern.is_order,
                is_waived=concern.name in self._waived,
            )
            for concern in self._concerns
        ]
        return own + concerns


def interface_obstacle(state: InterfaceState, primary: Address | None) -> str:
    """Return what the interface has against taking part; *primary* is the address to send from."""
    # The order is that of causes: without an interface the state of its link says nothing.
    if not state.exists:
        return state.obstacle or "no such interface"
    if not state.up:
        return "link down"
    if state.obstacle:
        return state.obstacle
    return "" if primary is not None else "no primary address"
