"""Read and give up capabilities. The guardian imports this module, so it must import little.

Capabilities belong to a thread. So they are given up before the process has a second one.
"""

import ctypes
import os
import struct
from collections.abc import Iterable

NUMBERS = {  # linux/capability.h
    "CAP_CHOWN": 0,
    "CAP_DAC_OVERRIDE": 1,
    "CAP_DAC_READ_SEARCH": 2,
    "CAP_KILL": 5,
    "CAP_SETGID": 6,
    "CAP_SETUID": 7,
    "CAP_SETPCAP": 8,
    "CAP_NET_ADMIN": 12,
    "CAP_NET_RAW": 13,
    "CAP_IPC_LOCK": 14,
    "CAP_SYS_PTRACE": 19,
    "CAP_SYS_ADMIN": 21,
    "CAP_SYS_NICE": 23,
    "CAP_SYS_RESOURCE": 24,
}
_HIGHEST = 63
_VERSION_3 = 0x20080522
_SETS = struct.Struct("=6I")  # effective, permitted, inheritable: the low bits, then the high ones
_PR_CAPBSET_DROP, _PR_SET_NO_NEW_PRIVS = 24, 38


def mask_of(names: Iterable[str]) -> int:
    """Return the bits of the capabilities *names*. Raise KeyError for one that is not known."""
    mask = 0
    for name in names:
        mask |= 1 << NUMBERS[name]
    return mask


def held() -> int:
    """Return the capabilities of the calling thread that are in effect, as bits."""
    effective, _, _, high, _, _ = _read()
    return int(effective | high << 32)


def keep_only(mask: int, *, new_privileges: bool) -> None:
    """Give up for ever what is not in *mask*: this thread and what it starts cannot regain it.

    Without *new_privileges* a program that is started can gain nothing by its file (set-user-ID,
    file capabilities). Raise OSError if the kernel refuses.
    """
    library = ctypes.CDLL(None, use_errno=True)
    if not new_privileges and library.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        _raise()
    for number in range(_HIGHEST + 1):
        if not mask >> number & 1:
            # Without CAP_SETPCAP it is refused. Then no_new_privs has to be enough.
            library.prctl(_PR_CAPBSET_DROP, number, 0, 0, 0)
    low, high = mask & 0xFFFFFFFF, mask >> 32
    now = _read()
    kept = [bits & (low if index < 3 else high) for index, bits in enumerate(now)]  # noqa: PLR2004
    header = ctypes.create_string_buffer(struct.pack("=Ii", _VERSION_3, 0))
    if library.capset(header, ctypes.create_string_buffer(_SETS.pack(*kept))) != 0:
        _raise()


def _read() -> tuple[int, ...]:
    library = ctypes.CDLL(None, use_errno=True)
    header = ctypes.create_string_buffer(struct.pack("=Ii", _VERSION_3, 0))
    sets = ctypes.create_string_buffer(_SETS.size)
    if library.capget(header, sets) != 0:
        _raise()
    return _SETS.unpack(sets.raw[: _SETS.size])


def _raise() -> None:
    code = ctypes.get_errno()
    raise OSError(code, os.strerror(code))
