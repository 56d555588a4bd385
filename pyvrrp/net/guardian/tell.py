"""The log of the guardian: that of the system."""

import syslog


def tell(what: str) -> None:
    """Write one line to the log of the system."""
    syslog.syslog(syslog.LOG_WARNING, f"pyvrrp-guard: {what}")
