"""Turn an errno into a KernelError with a readable text."""

import os

from pyvrrp.errors import KernelError


def refused(what: str, error: OSError) -> KernelError:
    """Return the KernelError for *error*: ``cannot send on eth0: network is down``."""
    if not error.errno:
        # The error of a socket's timeout has no errno.
        return KernelError(f"{what}: {error}")
    return refused_with(what, error.errno)


def refused_with(what: str, code: int, detail: str = "") -> KernelError:
    """Return the KernelError for the errno *code*; *detail* is the kernel's own explanation."""
    reason = os.strerror(code)
    reason = reason[:1].lower() + reason[1:]
    return KernelError(f"{what}: {reason} ({detail})" if detail else f"{what}: {reason}", code)
