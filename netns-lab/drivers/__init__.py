"""The implementations the lab can put on a router: one module, one class each."""

from drivers.base import Daemon, RouterDaemon, Settings
from drivers.frr import FrrRouter
from drivers.keepalived import KeepalivedRouter
from drivers.pyvrrp_daemon import PyvrrpRouter

DRIVERS: dict[str, type[RouterDaemon]] = {
    driver.implementation: driver for driver in (PyvrrpRouter, KeepalivedRouter, FrrRouter)
}

__all__ = ["DRIVERS", "Daemon", "RouterDaemon", "Settings"]
