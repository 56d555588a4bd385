"""Values below /proc/sys, in any network namespace, and putting them back."""

from pathlib import Path

from pyvrrp.errors import KernelError
from pyvrrp.net.netns import entered
from pyvrrp.net.refusal import refused

_ROOT = Path("/proc/sys")


def read_sysctl(netns: str, name: str) -> str:
    """Return the value of *name*, as in ``net/ipv4/conf/eth0/arp_ignore``; raise KernelError."""
    try:
        with entered(netns):
            return _path(name).read_text().strip()
    except OSError as error:
        raise refused(f"cannot read {name}", error) from error


def write_sysctl(netns: str, name: str, value: str) -> None:
    """Set *name* to *value*; raise KernelError."""
    try:
        with entered(netns):
            _path(name).write_text(value)
    except OSError as error:
        raise refused(f"cannot set {name} to {value}", error) from error


class SysctlChanges:
    """Values that were changed and are owed back."""

    def __init__(self, netns: str) -> None:
        self._netns = netns
        self._before: dict[str, str] = {}

    def set(self, name: str, value: str) -> None:
        """Set *name*, remembering what it was first; raise KernelError."""
        before = read_sysctl(self._netns, name)
        if before != value:
            write_sysctl(self._netns, name, value)
            self._before.setdefault(name, before)

    def restore(self) -> None:
        """Put everything back, last change first; what is gone needs nothing."""
        while self._before:
            name, value = self._before.popitem()
            try:
                write_sysctl(self._netns, name, value)
            except KernelError:
                # The interface or the namespace has gone, and the value with it.
                continue


def _path(name: str) -> Path:
    path = _ROOT / name
    if ".." in path.parts or not path.is_relative_to(_ROOT):
        raise KernelError(f"{name} is not the name of a sysctl")
    return path
