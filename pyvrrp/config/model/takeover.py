"""The configuration of ``pyvrrp takeover`` as frozen values."""

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
    """A server that *check* watches, and the address that is taken when the server fails."""

    router: VirtualRouterConfig  # has the interface, the address, its lease, the announcements
    check: CheckConfig
    force: bool = False  # take and keep the address even if another host has it
    release_when_back: bool = False
    guardian: bool = True


def watched_host(probe: ProbeConfig) -> str:
    """Return the host that *probe* watches, as it is written; empty: it watches no host."""
    match probe:
        case HttpProbeConfig(url=url):
            return urlsplit(url).hostname or ""
        case TcpProbeConfig(host=host) | PingProbeConfig(host=host):
            return host
        case _:
            return ""
