"""Import asyncio without OpenSSL."""

import sys


def import_asyncio() -> None:
    """Import asyncio in a process that has not imported it, so that ssl is not imported with it.

    OpenSSL takes 4 MB, and asyncio imports it for TLS in its own streams, which pyvrrp never asks
    for: HTTPS checks have ssl themselves (`pyvrrp.clients.http.tls`), imported when a configuration
    has one. asyncio does without ssl, as in a Python that was built without OpenSSL.
    """
    if "asyncio" in sys.modules or "ssl" in sys.modules:
        return
    # With None there, `import ssl` raises ImportError.
    sys.modules["ssl"] = None  # type: ignore[assignment]
    try:
        import asyncio  # noqa: F401, PLC0415 - this is the point
    finally:
        del sys.modules["ssl"]
