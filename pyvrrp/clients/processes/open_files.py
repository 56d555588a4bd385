"""The limit on open files of this process, and what programs that it starts get of it.

systemd and every shell give a process 1024 as its soft limit and far more as its hard limit: a
program that uses select() cannot take descriptors above 1023. This process uses no select(). So it
raises its own limit, and gives the programs that it starts the earlier one.
"""

import resource
from contextlib import suppress

from pyvrrp.errors import KernelError

_NOFILE = resource.RLIMIT_NOFILE


class _Given:
    """The limit that this process was started with; None: it has not been raised."""

    limits: tuple[int, int] | None = None


def raise_limit() -> None:
    """Raise the soft limit to the hard limit. Where the system refuses that, it stays."""
    soft, hard = resource.getrlimit(_NOFILE)
    if soft != hard:
        with suppress(OSError, ValueError):
            resource.setrlimit(_NOFILE, (hard, hard))
            _Given.limits = (soft, hard)


def give_earlier_limit(pid: int) -> None:
    """Give the process *pid*, which was just started, the limit from before `raise_limit`.

    The system may refuse it for a process of another user. Then it keeps the raised one.
    """
    if _Given.limits is not None:
        with suppress(OSError):
            resource.prlimit(pid, _NOFILE, _Given.limits)


def too_few_for(needed: int, most: int | None = None) -> str:
    """Return why *needed* open files are not allowed, in words; empty: they are.

    *most* is the hard limit, by default that of this process.
    """
    allowed = resource.getrlimit(_NOFILE)[1] if most is None else most
    if allowed == resource.RLIM_INFINITY or needed <= allowed:
        return ""
    return (
        f"{needed} open files may be needed, and the hard limit is {allowed}: set "
        f"LimitNOFILE={needed} in the systemd unit, or ulimit -Hn {needed} before the start"
    )


def require(needed: int) -> None:
    """Raise KernelError if this process may not open so many files."""
    if refusal := too_few_for(needed):
        raise KernelError(refusal)
