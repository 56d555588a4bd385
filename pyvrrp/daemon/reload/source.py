"""Where the configuration of a daemon comes from."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Source:
    """The main file, and the name and identifier of the node if they were given at the start.

    *file* is None if the daemon was started with flags for one virtual router.
    """

    file: Path | None = None
    node: str | None = None
    identifier: str | None = None  # what @ID of a keepalived.conf is compared with


STARTED_WITH_FLAGS = Source()
