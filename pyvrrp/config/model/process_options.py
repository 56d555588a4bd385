"""What a configuration says about the process of the daemon itself."""

from dataclasses import dataclass
from enum import StrEnum


class ControlReaders(StrEnum):
    """Who may send requests to the control socket that only read.

    GROUP: those who may also act. ALL: every user of this machine.
    """

    GROUP = "group"
    ALL = "all"


@dataclass(frozen=True, slots=True)
class ProcessOptions:
    """How the daemon runs, and who may ask it. Processes that it starts inherit nothing of this."""

    control_group: str = ""  # may act, beside root and the user of the daemon; empty: no group
    control_read: ControlReaders = ControlReaders.GROUP
    realtime_priority: int = 0  # of SCHED_RR; 0: ordinary scheduling
    nice: int = 0  # 0: as the daemon was started
    lock_memory: bool = False
