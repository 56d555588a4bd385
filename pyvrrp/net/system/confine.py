"""Give up everything that the prober does not need. It calls the kernel, and decides nothing."""

import ctypes
import os
import resource
import signal
import struct
from contextlib import suppress
from pathlib import Path

NOBODY = 65534
MOST_MEMORY = 192 * 1024 * 1024  # octets that the process may write to
MOST_FILES = 4096
IGNORED = (
    *(signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT),
    *(signal.SIGUSR1, signal.SIGUSR2),
)
_FIRST_FOREIGN, _LAST_FOREIGN = 4, 1 << 20  # what the daemon has inherited itself
_NICE = 5  # so that the daemon runs first
_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_SET_NAME = 1, 4, 15
_PR_CAPBSET_DROP, _PR_SET_NO_NEW_PRIVS = 24, 38
_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_CLEAR_ALL = 47, 4
_HIGHEST_CAPABILITY = 63
_CAPABILITY_VERSION_3 = 0x20080522


def detach() -> None:
    """Leave the session, the signals and the scheduling of the daemon. Raise OSError.

    Of its descriptors only the standard ones and the next one, the socket, stay open.
    """
    os.closerange(_FIRST_FOREIGN, _LAST_FOREIGN)
    os.setsid()
    # systemd and a terminal send their signals to all processes. The daemon still needs its
    # checks while it stops; the prober ends when its socket does.
    for number in IGNORED:
        signal.signal(number, signal.SIG_IGN)
    os.chdir("/")
    os.umask(0o077)
    _prctl(_PR_SET_NAME, ctypes.c_char_p(b"pyvrrp-prober"))
    if os.sched_getscheduler(0) != os.SCHED_OTHER:
        os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
    os.nice(_NICE)


def confine(daemon: int) -> None:
    """Become the user nobody if this is root, without any right. Raise OSError.

    *daemon* is the process whose end ends this one. If it has ended already, this one ends too.
    """
    _limit(resource.RLIMIT_CORE, 0)
    _limit(resource.RLIMIT_DATA, MOST_MEMORY)
    _limit(resource.RLIMIT_NOFILE, MOST_FILES)
    with suppress(OSError):
        _forget_bounding_set()
    # In many containers root lacks the capabilities for this. Then it loses those that it has.
    with suppress(PermissionError):
        if os.geteuid() == 0:
            os.setgroups([])
            os.setresgid(NOBODY, NOBODY, NOBODY)
            os.setresuid(NOBODY, NOBODY, NOBODY)
    with suppress(OSError):  # a kernel before 4.3 has no ambient capabilities
        _prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_CLEAR_ALL)
    _drop_capabilities()
    _prctl(_PR_SET_NO_NEW_PRIVS, 1)
    # Another process of the same user may not look into this one, which knows passwords.
    _prctl(_PR_SET_DUMPABLE, 0)
    # A change of the user has reset this, so it comes last.
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != daemon:
        raise ProcessLookupError("the daemon has ended")


def _limit(what: int, most: int) -> None:
    hard = resource.getrlimit(what)[1]
    limit = most if hard == resource.RLIM_INFINITY else min(most, hard)
    resource.setrlimit(what, (limit, limit))


def _forget_bounding_set() -> None:
    for capability in range(_HIGHEST_CAPABILITY + 1):
        _prctl(_PR_CAPBSET_DROP, capability)


def _drop_capabilities() -> None:
    library = ctypes.CDLL(None, use_errno=True)
    header = struct.pack("=Ii", _CAPABILITY_VERSION_3, 0)
    nothing = bytes(24)  # effective, permitted and inheritable, of 64 bits each
    if library.capset(header, nothing) != 0 and _effective():
        _raise()


def _effective() -> int:
    rows = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    return next(int(row.split()[1], 16) for row in rows if row.startswith("CapEff:"))


def _prctl(what: int, *values: object) -> None:
    library = ctypes.CDLL(None, use_errno=True)
    numbers = [ctypes.c_ulong(value) if isinstance(value, int) else value for value in values]
    filled = [*numbers, *[ctypes.c_ulong(0)] * (4 - len(numbers))]
    if library.prctl(ctypes.c_int(what), *filled) != 0:
        _raise()


def _raise() -> None:
    code = ctypes.get_errno()
    raise OSError(code, os.strerror(code))
