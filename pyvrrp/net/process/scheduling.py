"""Real-time scheduling, niceness and memory locks of the daemon. Its children inherit none of it.

SCHED_RESET_ON_FORK gives every process and thread that starts from here ordinary scheduling again,
and niceness 0 if it was below 0. A memory lock ends with fork and execve (mlockall(2)).
"""

import ctypes
import os
import resource

from pyvrrp.errors import KernelError
from pyvrrp.net.process.capabilities import NUMBERS, held
from pyvrrp.net.system.kernel_error import refused

_MCL_CURRENT, _MCL_FUTURE, _MCL_ONFAULT = 1, 2, 4


def schedule(thread: int, realtime_priority: int, nice: int) -> None:
    """Schedule *thread* (0: the calling one) by SCHED_RR, or with *nice*; 0 and 0: change nothing.

    Raise KernelError if the kernel refuses.
    """
    try:
        if realtime_priority:
            policy = os.SCHED_RR | os.SCHED_RESET_ON_FORK
            os.sched_setscheduler(thread, policy, os.sched_param(realtime_priority))
        elif nice:
            policy = os.SCHED_OTHER | os.SCHED_RESET_ON_FORK
            os.sched_setscheduler(thread, policy, os.sched_param(0))
            os.setpriority(os.PRIO_PROCESS, thread, nice)
    except OSError as error:
        what = f"realtime_priority = {realtime_priority}" if realtime_priority else f"nice = {nice}"
        how = "CAP_SYS_NICE may be missing: grant it with systemd's AmbientCapabilities"
        raise refused(f"cannot set {what} ({how})", error) from error


def lock_memory() -> None:
    """Keep all pages that this process uses, now and later, in memory. Raise KernelError.

    Later pages are locked when they are first used, so a large stack that is not used takes none.
    """
    limit = resource.getrlimit(resource.RLIMIT_MEMLOCK)[0]
    if limit != resource.RLIM_INFINITY and not held() >> NUMBERS["CAP_IPC_LOCK"] & 1:
        raise KernelError(
            "cannot lock memory (lock_memory = true): CAP_IPC_LOCK is missing and the limit is "
            f"{limit} octets; grant it with systemd's AmbientCapabilities, or set "
            "LimitMEMLOCK=infinity"
        )
    library = ctypes.CDLL(None, use_errno=True)
    if library.mlockall(_MCL_CURRENT | _MCL_FUTURE | _MCL_ONFAULT) != 0:
        code = ctypes.get_errno()
        raise refused("cannot lock memory (lock_memory = true)", OSError(code, os.strerror(code)))
