"""Check that this process has the capabilities that the daemon needs."""

import errno
from pathlib import Path

from pyvrrp.errors import KernelError

_CAPABILITIES = {"CAP_NET_ADMIN": 12, "CAP_NET_RAW": 13}  # linux/capability.h
_FOR_NAMESPACES = {"CAP_SYS_ADMIN": 21}
_STATUS = Path("/proc/self/status")


def check(*, namespaces: bool = False, status: Path = _STATUS) -> None:
    """Raise KernelError with the name of each missing capability.

    *namespaces*: a virtual router is in another network namespace.
    """
    wanted = _CAPABILITIES | (_FOR_NAMESPACES if namespaces else {})
    held = _effective(status.read_text())
    missing = sorted(name for name, bit in wanted.items() if not held & (1 << bit))
    if missing:
        raise KernelError(
            f"not enough privileges: {' and '.join(missing)} missing (run as root, "
            f"or grant with systemd's AmbientCapabilities={' '.join(missing)})",
            errno.EPERM,
        )


def _effective(status: str) -> int:
    for line in status.splitlines():
        key, _, value = line.partition(":")
        if key == "CapEff":
            return int(value, 16)
    return 0
