"""Resources as frozen values. A resource runs only on the node that holds the addresses."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from pyvrrp.units import SECOND, Nanoseconds


class AgentClass(StrEnum):
    """The class of an agent. It decides what the exit statuses of its commands mean."""

    COMMAND = "command"  # no agent: the exit statuses of monitor that mean stopped are configured
    OCF = "ocf"
    LSB = "lsb"
    HEARTBEAT = "heartbeat"  # the output of status counts, not its exit status
    SYSTEMD = "systemd"


@dataclass(frozen=True, slots=True)
class ResourceConfig:
    """One resource: its commands and their timeouts.

    ``monitor`` may be empty. ``not_running`` are the exit statuses of ``monitor`` that mean that
    the resource is completely stopped. After more than ``max_restarts`` restarts within
    ``restart_window`` the node gives the addresses away.
    """

    name: str
    start: tuple[str, ...]
    stop: tuple[str, ...]
    monitor: tuple[str, ...] = ()
    agent_class: AgentClass = AgentClass.COMMAND
    environment: tuple[tuple[str, str], ...] = ()
    start_timeout: Nanoseconds = Nanoseconds(60 * SECOND)
    stop_timeout: Nanoseconds = Nanoseconds(60 * SECOND)
    monitor_timeout: Nanoseconds = Nanoseconds(20 * SECOND)
    monitor_interval: Nanoseconds = Nanoseconds(10 * SECOND)
    max_restarts: int = 3
    restart_window: Nanoseconds = Nanoseconds(600 * SECOND)
    not_running: tuple[int, ...] = (7,)
    exclusive: bool = False


KILL_DELAY = Nanoseconds(2 * SECOND)  # from SIGTERM to SIGKILL


def release_time(resources: Iterable[ResourceConfig]) -> Nanoseconds:
    """Return how long *resources* may take to stop, one after the other.

    One of them may be starting. That start is ended first, and this may take as long as the stop
    of that resource.
    """
    stops = [Nanoseconds(one.stop_timeout + KILL_DELAY) for one in resources]
    return Nanoseconds(sum(stops) + max(stops, default=0))


@dataclass(frozen=True, slots=True)
class ChainConfig:
    """The resources of one virtual router, in the order of starting.

    ``on_stop_failure`` is a command that cuts the power; empty: hold. If a resource is exclusive,
    the guardian stops the resources of a daemon that gave no sign of life for ``watchdog``.
    """

    resources: tuple[ResourceConfig, ...]
    on_stop_failure: tuple[str, ...] = ()
    watchdog: Nanoseconds = Nanoseconds(2 * SECOND)

    @property
    def exclusive(self) -> bool:
        """Whether two nodes must never run these resources at the same time."""
        return any(resource.exclusive for resource in self.resources)
