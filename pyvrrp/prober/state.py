"""What status shows of the prober."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ProberState:
    """What is known of the prober. *lost* says why the last one ended; empty: none has ended."""

    pid: int | None
    restarts: int
    lost: str
