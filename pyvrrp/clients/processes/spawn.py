"""Start a program with fewer privileges than the daemon. The functions block.

They are for a thread that ends afterwards. A program inherits much from the thread that starts it:
network namespace, ambient capabilities, scheduling, the ban on new privileges. The thread changes
these for itself and cannot change them back.
"""

import ctypes
import os
import signal
import subprocess
from contextlib import suppress
from dataclasses import dataclass, field
from errno import EACCES, ENOENT, ENOEXEC, ESRCH
from pathlib import Path

from pyvrrp.clients.base.failure import Failure, ProbeError, in_words
from pyvrrp.clients.base.namespace import move_thread_to
from pyvrrp.clients.processes.open_files import give_earlier_limit
from pyvrrp.config.model.configuration import ExecProbeConfig
from pyvrrp.config.values.commands import why_unsafe
from pyvrrp.config.values.users import UnknownUserError, User, trusted_users, user_of
from pyvrrp.foreign_text import environment as clean_environment
from pyvrrp.foreign_text import printable

MARK = "PYVRRP_RUN"  # variable in the environment of all processes of a run
LOST = "no exit status: SIGCHLD is ignored in this process"
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_UMASK = 0o077
_SETPRIV = ("/usr/bin/setpriv", "/bin/setpriv")
_CAP_SETGID, _CAP_SETUID = 1 << 6, 1 << 7  # linux/capability.h
_PR_SET_NO_NEW_PRIVS = 38
_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_CLEAR_ALL = 47, 4
WORDS = {EACCES: "permission denied", ENOENT: "no such file", ENOEXEC: "it is not a program"}


@dataclass(frozen=True, slots=True)
class ProgramRun:
    """A process that leads its session and group. Its owner must close both descriptors."""

    process: subprocess.Popen[bytes]
    descriptor: int  # a pidfd
    output: int  # the end of a pipe to read from, non-blocking
    mark: str
    through_setpriv: bool


@dataclass(frozen=True, slots=True)
class Identity:
    """How the program changes to its user: with a command before it, or by Popen."""

    prefix: tuple[str, ...] = ()
    user: int | None = None  # this and the following are for Popen
    group: int | None = None
    groups: list[int] | None = field(default=None)


def spawn(probe: ExecProbeConfig, mark: str) -> ProgramRun | Failure:
    """Start the program of *probe*, or return the reason why that fails.

    *mark* is the value of `MARK` in its environment. The calling thread loses its privileges.
    """
    program = probe.command[0]
    try:
        user = user_of(probe.user)
        if refused := why_unsafe(program, trusted_users(user)):
            return Failure(f"refused: {refused}")
        identity = identity_of(user)
        move_thread_to(probe.netns)
        drop_privileges()
        return _start(probe, identity, mark)
    except (ProbeError, UnknownUserError) as error:
        return Failure(str(error))
    except OSError as error:
        return Failure(f"cannot run {program}: {WORDS.get(error.errno or 0) or in_words(error)}")
    except ValueError as error:  # a word that no program can be given
        return Failure(f"cannot run {program}: {printable(str(error))}")


def environment(probe: ExecProbeConfig, mark: str) -> dict[str, str]:
    """Return the whole environment of the program of *probe*."""
    return {
        "PATH": PATH,
        "LANG": "C.UTF-8",
        "HOME": "/",
        **clean_environment(
            [
                ("PYVRRP_CHECK", probe.check),
                ("PYVRRP_NODE", probe.node),
                ("PYVRRP_NETNS", probe.netns),
            ]
        ),
        MARK: mark,
    }


def _start(probe: ExecProbeConfig, identity: Identity, mark: str) -> ProgramRun:
    reading, writing = os.pipe2(os.O_CLOEXEC)
    try:
        os.set_blocking(reading, False)
        process = subprocess.Popen(  # noqa: S603 - `why_unsafe` has checked the program
            (*identity.prefix, *probe.command),
            stdin=subprocess.DEVNULL,
            stdout=writing,
            stderr=writing,
            cwd="/",
            env=environment(probe, mark),
            user=identity.user,
            group=identity.group,
            extra_groups=identity.groups,
            umask=_UMASK,
            start_new_session=True,
        )
        give_earlier_limit(process.pid)
        descriptor = _descriptor(process)
    except BaseException:
        os.close(reading)
        raise
    finally:
        os.close(writing)
    return ProgramRun(process, descriptor, reading, mark, through_setpriv=bool(identity.prefix))


def _descriptor(process: subprocess.Popen[bytes]) -> int:
    try:
        return os.pidfd_open(process.pid)
    except OSError as error:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        if error.errno == ESRCH:
            raise ProbeError(LOST) from error
        raise


def identity_of(user: User | None) -> Identity:
    """Return how to change to *user*. Raise ProbeError if this process cannot.

    If Popen changes the user, it uses fork instead of vfork, which stops the whole daemon for
    2.5 ms. So root runs the program with setpriv, which takes 0.25 ms.
    """
    if user is None or (user.uid == os.geteuid() != 0):
        return Identity()
    held = _capabilities()
    if not held & _CAP_SETUID or not held & _CAP_SETGID:
        raise ProbeError(
            f"cannot run as {user.name}: the daemon is not root and lacks CAP_SETUID or CAP_SETGID"
        )
    setpriv = _setpriv() if os.geteuid() == 0 else None
    if setpriv is None:
        return Identity(user=user.uid, group=user.groups[0], groups=list(user.groups))
    return Identity(
        prefix=(
            *(setpriv, f"--reuid={user.uid}", f"--regid={user.groups[0]}"),
            *(f"--groups={','.join(map(str, user.groups))}", "--no-new-privs", "--"),
            # The first setpriv still has capabilities when it runs a program, so it could run one
            # that the user must not run. So it runs a second one, which has none.
            *(setpriv, "--no-new-privs", "--"),
        )
    )


def _setpriv() -> str | None:
    # The setpriv of busybox cannot change the user.
    usable = (path for path in map(Path, _SETPRIV) if path.is_file())
    return next((str(path) for path in usable if path.resolve().name == "setpriv"), None)


def _capabilities() -> int:
    for line in Path("/proc/thread-self/status").read_text(encoding="utf-8").splitlines():
        key, _, value = line.partition(":")
        if key == "CapEff":
            return int(value, 16)
    return 0


def drop_privileges() -> None:
    """Make programs that the calling thread starts unable to gain privileges.

    They inherit no ambient capabilities and no real-time priority. Raise OSError if the kernel
    refuses.
    """
    library = ctypes.CDLL(None, use_errno=True)
    if library.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    # This fails in a kernel before 4.3, which has no ambient capabilities.
    library.prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0)
    use_ordinary_scheduling()


def use_ordinary_scheduling() -> None:
    """Make programs that the calling thread starts run without real-time priority."""
    if os.sched_getscheduler(0) != os.SCHED_OTHER:
        os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
