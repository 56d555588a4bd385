"""Check that this process has the capabilities that it needs."""

import errno
from collections.abc import Mapping

from pyvrrp.errors import KernelError
from pyvrrp.net.process.capabilities import NUMBERS, held


def missing(wanted: Mapping[str, str], having: int | None = None) -> dict[str, str]:
    """Return those of *wanted* (names, and what they are for) that this thread lacks.

    *having* are the capabilities as bits, by default those in effect.
    """
    bits = held() if having is None else having
    return {name: purpose for name, purpose in wanted.items() if not bits >> NUMBERS[name] & 1}


def require(wanted: Mapping[str, str], having: int | None = None) -> None:
    """Raise KernelError with the name of each missing capability, and what it is for."""
    lacking = missing(wanted, having)
    if lacking:
        raise KernelError(f"not enough privileges: {in_words(lacking)}", errno.EPERM)


def in_words(lacking: Mapping[str, str]) -> str:
    """Return which capabilities are missing, for what, and how they are granted."""
    names = " and ".join(f"{name} ({purpose})" for name, purpose in lacking.items())
    return (
        f"{names} missing: run as root, or grant with systemd's "
        f"AmbientCapabilities={' '.join(lacking)} and the same in CapabilityBoundingSet"
    )
