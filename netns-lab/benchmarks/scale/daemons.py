"""One daemon with many virtual routers, each with one address, for each implementation."""

from collections.abc import Callable
from itertools import chain
from pathlib import Path

from drivers.base import Daemon
from drivers.frr import FrrDaemon, VrrpDevice, router_lines
from drivers.keepalived import KeepalivedDaemon
from drivers.pyvrrp_daemon import PyvrrpDaemon

from benchmarks.scale.case import Case
from pyvrrp.testing.segment import Host

_PYVRRP = """
[[virtual_router]]
name = "v{vrid}"
interface = "eth0"
vrid = {vrid}
priority = {priority}
addresses = ["{address}"]
advertisement_interval = "{interval_ms}ms"
"""
_KEEPALIVED = """
vrrp_instance v{vrid} {{
    state BACKUP
    interface eth0
    virtual_router_id {vrid}
    priority {priority}
    version 3
    advert_int {interval}
    virtual_ipaddress {{
        {address}
    }}
}}
"""


def pyvrrp(host: Host, directory: Path, case: Case, priority: int) -> Daemon:
    """Return pyvrrp in its default configuration."""
    return PyvrrpDaemon(host, directory, _unheard, _written(_PYVRRP, case, priority))


def keepalived(host: Host, directory: Path, case: Case, priority: int) -> Daemon:
    """Return keepalived in its default configuration."""
    return KeepalivedDaemon(host, directory, _unheard, _written(_KEEPALIVED, case, priority))


def frr(host: Host, directory: Path, case: Case, priority: int) -> Daemon:
    """Return FRR, its macvlans made and zebra started."""
    daemon = FrrDaemon(host, directory, _unheard)
    vrids = range(1, case.routers + 1)
    addresses = {vrid: (f"{_address(vrid)}/32",) for vrid in vrids}
    daemon.devices = [VrrpDevice(vrid, addresses[vrid], "eth0") for vrid in vrids]
    lines = chain.from_iterable(
        router_lines(vrid, addresses[vrid], priority=priority, interval_ms=case.interval_ms)
        for vrid in vrids
    )
    daemon.configuration = "\n".join(("interface eth0", *lines, ""))
    daemon.prepare()
    return daemon


MAKERS: dict[str, Callable[[Host, Path, Case, int], Daemon]] = {
    "pyvrrp": pyvrrp,
    "keepalived": keepalived,
    "frr": frr,
}


def _written(template: str, case: Case, priority: int) -> str:
    return "".join(
        template.format(
            vrid=vrid,
            priority=priority,
            address=_address(vrid),
            interval_ms=case.interval_ms,
            interval=case.interval,
        )
        for vrid in range(1, case.routers + 1)
    )


def _address(vrid: int) -> str:
    return f"10.9.1.{vrid}"


def _unheard(_event: object) -> None:
    """Take no note: the wire tells everything."""
