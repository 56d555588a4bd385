"""What ``pyvrrp takeover`` is to do."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from pyvrrp.config.model.configuration import (
    CheckConfig,
    HttpProbeConfig,
    PingProbeConfig,
    ProbeConfig,
    TcpProbeConfig,
    VirtualRouterConfig,
)


@dataclass(frozen=True, slots=True)
class TakeoverConfig:
    """A server that is watched (*check*) and its address, taken when the server fails."""

    router: VirtualRouterConfig  # place, the one address, lease, announcements
    check: CheckConfig
    force: bool = False  # take it although somebody answers for it, and keep it whoever claims it
    release_when_back: bool = False
    guardian: bool = True


def watched_host(probe: ProbeConfig) -> str:
    """Return the host that is watched, as it was written."""
    match probe:
        case HttpProbeConfig(url=url):
            return urlsplit(url).hostname or ""
        case TcpProbeConfig(host=host) | PingProbeConfig(host=host):
            return host
        case _:
            return ""
