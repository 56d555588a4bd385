"""What virtual routers track beside their checks."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TrackedInterfaceConfig:
    """An interface that a virtual router tracks; *weight* 0: INIT while it is down."""

    interface: str
    weight: int = 0
    reverse: bool = False
