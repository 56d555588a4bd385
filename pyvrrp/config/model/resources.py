"""Resources as frozen values: what runs only where the addresses are."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from pyvrrp.units import SECOND, Nanoseconds


class Dialect(StrEnum):
    """By whose rules a resource's commands say how they ended."""

    COMMAND = "command"  # an exit status; which ones of monitor mean stopped is configured
    OCF = "ocf"
    LSB = "lsb"
    HEARTBEAT = "heartbeat"  # status counts by what it prints
    SYSTEMD = "systemd"


@dataclass(frozen=True, slots=True)
class ResourceConfig:
    """One resource: how it is started, stopped and looked at, each within its time.

    ``monitor`` may be empty. ``not_running`` are the exit statuses of ``monitor`` that mean that
    it is stopped and nothing is left of it. More than ``max_restarts`` within ``restart_window``
    let the node give up.
    """

    name: str
    start: tuple[str, ...]
    stop: tuple[str, ...]
    monitor: tuple[str, ...] = ()
    dialect: Dialect = Dialect.COMMAND
    environment: tuple[tuple[str, str], ...] = ()
    start_timeout: Nanoseconds = Nanoseconds(60 * SECOND)
    stop_timeout: Nanoseconds = Nanoseconds(60 * SECOND)
    monitor_timeout: Nanoseconds = Nanoseconds(20 * SECOND)
    monitor_interval: Nanoseconds = Nanoseconds(10 * SECOND)
    max_restarts: int = 3
    restart_window: Nanoseconds = Nanoseconds(600 * SECOND)
    not_running: tuple[int, ...] = (7,)
    exclusive: bool = False


GRACE = Nanoseconds(2 * SECOND)  # from SIGTERM to SIGKILL


def release_time(resources: Iterable[ResourceConfig]) -> Nanoseconds:
    """Return how long *resources* may take to stop, one after the other, each in its time.

    One of them may have to be kept from starting first, which takes as long as its stop may.
    """
    stops = [Nanoseconds(one.stop_timeout + GRACE) for one in resources]
    return Nanoseconds(sum(stops) + max(stops, default=0))


@dataclass(frozen=True, slots=True)
class ChainConfig:
    """The resources of one virtual router, in the order of starting.

    ``on_stop_failure`` is the command of a power switch; empty: hold. A daemon that has been
    silent for ``watchdog`` is taken for dead where a resource is exclusive.
    """

    resources: tuple[ResourceConfig, ...]
    on_stop_failure: tuple[str, ...] = ()
    watchdog: Nanoseconds = Nanoseconds(2 * SECOND)

    @property
    def exclusive(self) -> bool:
        """Whether two nodes must never run it at the same time."""
        return any(resource.exclusive for resource in self.resources)
