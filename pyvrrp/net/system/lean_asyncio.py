"""Import asyncio without OpenSSL."""

import sys


def import_asyncio() -> None:
    """Import asyncio, if it is not imported yet, without the module ssl.

    OpenSSL takes 4 MB. asyncio imports it for TLS in its own streams, which pyvrrp does not use:
    an HTTPS check imports ssl itself (`pyvrrp.clients.http.tls`). asyncio also works without ssl,
    as in a Python that was built without OpenSSL.
    """
    if "asyncio" in sys.modules or "ssl" in sys.modules:
        return
    # With None there, `import ssl` raises ImportError.
    sys.modules["ssl"] = None  # type: ignore[assignment]
    try:
        import asyncio  # noqa: F401, PLC0415 - the purpose of this function
    finally:
        del sys.modules["ssl"]
