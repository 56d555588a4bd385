"""Look-ups in a network namespace with a name service of its own.

As with ``ip netns exec``, the files in /etc/netns/NAME take the place of those in /etc.
"""

import ctypes
import os
from pathlib import Path

from pyvrrp.clients.base.failure import ProbeError, in_words
from pyvrrp.namespace_path import is_by_name

NAMESPACE_FILES = Path("/etc/netns")
_FILES = ("resolv.conf", "hosts")
_CLONE_NEWNS = 0x00020000
_MS_BIND, _MS_REC, _MS_SLAVE = 0x1000, 0x4000, 0x80000


def use_name_service_of(netns: str) -> None:
    """Let the calling thread find the files of *netns* in /etc until it ends.

    It does nothing if the namespace has no such files. Raise ProbeError if the kernel refuses: the
    name service of the machine could give another answer.
    """
    if not is_by_name(netns):
        return
    found = [one for one in _FILES if (NAMESPACE_FILES / netns / one).is_file()]
    if not found:
        return
    library = ctypes.CDLL(None, use_errno=True)
    _checked(library.unshare(_CLONE_NEWNS), netns)
    # What is mounted here must not appear in other processes.
    _checked(library.mount(b"none", b"/", None, ctypes.c_ulong(_MS_REC | _MS_SLAVE), None), netns)
    for file in found:
        source = str(NAMESPACE_FILES / netns / file).encode()
        target = f"/etc/{file}".encode()
        _checked(library.mount(source, target, b"none", ctypes.c_ulong(_MS_BIND), None), netns)


def _checked(result: int, netns: str) -> None:
    if result != 0:
        code = ctypes.get_errno()
        error = OSError(code, os.strerror(code))
        raise ProbeError(f"cannot use the files in {NAMESPACE_FILES / netns}: {in_words(error)}")
