"""Take the exit status of a process that has ended."""

import os
import subprocess


def reap(process: subprocess.Popen[bytes], descriptor: int) -> int | None:
    """Return the exit status of *process*, whose pidfd is *descriptor*; negative for a signal.

    Return None if there is none, because SIGCHLD is ignored in this process. The process must have
    ended: the pidfd is readable.
    """
    try:
        result = os.waitid(os.P_PIDFD, descriptor, os.WEXITED | os.WNOHANG)
    except ChildProcessError:
        result = None
    if result is None:
        process.returncode = -1  # so that Popen does not wait for it either
        return None
    exited = result.si_code == os.CLD_EXITED
    process.returncode = result.si_status if exited else -result.si_status
    return process.returncode
