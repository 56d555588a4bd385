"""Be the first process of a container (PID 1) beside the daemon, not in it.

The kernel makes every orphan in a container a child of PID 1, which must reap it. Programs of
checks leave orphans behind when they are killed. And when PID 1 ends, the kernel kills everything
else in the container: the guardian could not remove anything after the death of the daemon. So
PID 1 only forwards signals, reaps, and waits for the guardian; the daemon is its child.

It is forked before anything else is imported, and imports next to nothing.
"""

import os
import signal

FIRST = 1
GUARDIAN = "pyvrrp-guard"  # the name of its process
_FORWARDED = (
    *(signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT),
    *(signal.SIGUSR1, signal.SIGUSR2, signal.SIGWINCH, signal.SIGALRM),
)
_KILLED = 128  # and the number of the signal: the exit status, as shells have it


def stand_aside() -> None:
    """Return in a child if this process is PID 1. The parent reaps until the child has ended.

    Raises OSError if there can be no child.
    """
    if os.getpid() != FIRST:
        return
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, _FORWARDED)
    daemon = os.fork()
    if daemon == 0:
        # In a process group of its own: a Ctrl-C in the terminal arrives once, forwarded.
        os.setpgid(0, 0)
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        return
    os._exit(_serve(daemon))


def _serve(daemon: int) -> int:
    def forward(number: int, _frame: object) -> None:
        try:
            os.kill(daemon, number)
        except ProcessLookupError:
            return  # it has ended, and the guardian still works

    for number in _FORWARDED:
        signal.signal(number, forward)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _FORWARDED)
    status = 0
    alive = True
    while alive or _guardian_works():
        try:
            pid, waited = os.waitpid(-1, 0)
        except ChildProcessError:
            break
        if pid == daemon:
            alive = False
            status = os.waitstatus_to_exitcode(waited)
    return status if status >= 0 else _KILLED - status


def _guardian_works() -> bool:
    """Return whether a process of the container is a guardian."""
    entries = os.listdir("/proc")  # noqa: PTH208 - pathlib is large
    return any(entry.isdecimal() and _name_of(entry) == GUARDIAN for entry in entries)


def _name_of(pid: str) -> str:
    try:
        descriptor = os.open(f"/proc/{pid}/comm", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return ""
    try:
        return os.read(descriptor, 64).decode(errors="replace").strip()
    except OSError:
        return ""
    finally:
        os.close(descriptor)
