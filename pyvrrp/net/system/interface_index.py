"""Look up the index of an interface by its name."""

import errno
import os
import socket


def interface_index(name: str) -> int:
    """Return the index in the network namespace of the calling thread; raise OSError (ENODEV)."""
    try:
        return socket.if_nametoindex(name)
    except OSError as error:
        # Python 3.11 leaves the errno out.
        raise OSError(errno.ENODEV, os.strerror(errno.ENODEV)) from error
