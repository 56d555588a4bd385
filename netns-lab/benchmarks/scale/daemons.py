"""One daemon with many virtual routers, each with one address, for each implementation."""

from collections.abc import Callable
from itertools import chain
from pathlib import Path

from benchmarks.scale.case import ScaleCase
from drivers.base import Daemon
from drivers.frr import FrrDaemon, VrrpDevice, router_lines
from drivers.keepalived import KeepalivedDaemon
from drivers.pyvrrp_daemon import PyvrrpDaemon
from drivers.toml_text import virtual_router
from pyvrrp.testing.segment import Host

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


def pyvrrp(host: Host, directory: Path, case: ScaleCase, priority: int) -> Daemon:
    """Return pyvrrp in its default configuration."""
    key = f"priority = {priority}"
    text = "".join(
        virtual_router(f"v{vrid}", vrid, [_address(vrid)], case.interval_ms, key)
        for vrid in range(1, case.routers + 1)
    )
    return PyvrrpDaemon(host, directory, _unheard, text)


def keepalived(host: Host, directory: Path, case: ScaleCase, priority: int) -> Daemon:
    """Return keepalived in its default configuration."""
    text = "".join(
        _KEEPALIVED.format(
            vrid=vrid, priority=priority, interval=case.interval, address=_address(vrid)
        )
        for vrid in range(1, case.routers + 1)
    )
    return KeepalivedDaemon(host, directory, _unheard, text)


def frr(host: Host, directory: Path, case: ScaleCase, priority: int) -> Daemon:
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


MAKERS: dict[str, Callable[[Host, Path, ScaleCase, int], Daemon]] = {
    "pyvrrp": pyvrrp,
    "keepalived": keepalived,
    "frr": frr,
}


def _address(vrid: int) -> str:
    return f"10.9.1.{vrid}"


def _unheard(_event: object) -> None:
    """Take no note: the wire tells everything."""
