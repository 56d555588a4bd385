"""Look up the index of an interface by its name."""

import fcntl
import socket
import struct

_SIOCGIFINDEX = 0x8933
_REQUEST = struct.Struct("=16si20x")


def interface_index(name: str) -> int:
    """Return the index in the network namespace of the calling thread.

    Raises OSError: ENODEV says that there is no such interface, anything else says nothing about it
    (there may be no descriptor left, for example).
    """
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as asking:
        return index_through(asking, name)


def index_through(asking: socket.socket, name: str) -> int:
    """Return the index in the namespace of the socket *asking*; raise OSError (ENODEV: none).

    Unlike a netlink request, this does not wait for the kernel's rtnl lock.
    """
    answer = fcntl.ioctl(asking, _SIOCGIFINDEX, _REQUEST.pack(name.encode(), 0))
    index: int = _REQUEST.unpack(answer)[1]
    return index
