"""The implementations the lab can put on a router: one module, one class each."""

from drivers.base import Daemon, Router, Settings
from drivers.frr import FrrRouter
from drivers.keepalived import KeepalivedRouter
from drivers.pyvrrp_daemon import PyvrrpRouter

DRIVERS: dict[str, type[Router]] = {
    driver.implementation: driver for driver in (PyvrrpRouter, KeepalivedRouter, FrrRouter)
}

__all__ = ["DRIVERS", "Daemon", "Router", "Settings"]
