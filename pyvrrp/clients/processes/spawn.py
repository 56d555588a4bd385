"""Starting a program with less power than the daemon has: all of it blocks, all of it in a thread.

A thread of its own, for what a program inherits belongs to the thread that starts it: the network
namespace, the ambient capabilities, the scheduling, the ban on new privileges. The thread gives
all that up for good and ends.
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
from pyvrrp.clients.base.namespace import enter_for_good
from pyvrrp.config.model.configuration import ExecProbeConfig
from pyvrrp.config.values.commands import why_unsafe
from pyvrrp.config.values.users import UnknownUserError, User, trusted_users, user_of

MARK = "PYVRRP_RUN"  # in the environment of whatever a run has started
LOST = "no exit status: SIGCHLD is ignored in this process"
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_UMASK = 0o077
_SETPRIV = ("/usr/bin/setpriv", "/bin/setpriv")
_CAP_SETGID, _CAP_SETUID = 1 << 6, 1 << 7  # linux/capability.h
_PR_SET_NO_NEW_PRIVS = 38
_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_CLEAR_ALL = 47, 4
WORDS = {EACCES: "permission denied", ENOENT: "no such file", ENOEXEC: "it is no program"}


@dataclass(frozen=True, slots=True)
class Run:
    """One process, leader of its session and group; whoever gets it must close both descriptors."""

    process: subprocess.Popen[bytes]
    descriptor: int  # a pidfd
    output: int  # the end of the pipe to read from, non-blocking
    mark: str
    through_setpriv: bool


@dataclass(frozen=True, slots=True)
class _Identity:
    """How a program becomes its user."""

    prefix: tuple[str, ...] = ()
    # For Popen, where a program in between would not do.
    user: int | None = None
    group: int | None = None
    groups: list[int] | None = field(default=None)


def spawn(probe: ExecProbeConfig, mark: str) -> Run | Failure:
    """Start the program of *probe*, or say why not. Changes the calling thread for good."""
    program = probe.command[0]
    try:
        user = user_of(probe.user)
        if refused := why_unsafe(program, trusted_users(user)):
            return Failure(f"refused: {refused}")
        identity = _identity(user)
        enter_for_good(probe.netns)
        give_up_powers()
        return _start(probe, identity, mark)
    except (ProbeError, UnknownUserError) as error:
        return Failure(str(error))
    except OSError as error:
        return Failure(f"cannot run {program}: {WORDS.get(error.errno or 0) or in_words(error)}")


def environment(probe: ExecProbeConfig, mark: str) -> dict[str, str]:
    """Return all that the program of *probe* finds in its environment."""
    return {
        "PATH": PATH,
        "LANG": "C.UTF-8",
        "HOME": "/",
        "PYVRRP_CHECK": probe.check,
        "PYVRRP_NODE": probe.node,
        "PYVRRP_NETNS": probe.netns,
        MARK: mark,
    }


def _start(probe: ExecProbeConfig, identity: _Identity, mark: str) -> Run:
    reading, writing = os.pipe2(os.O_CLOEXEC)
    try:
        os.set_blocking(reading, False)
        process = subprocess.Popen(  # noqa: S603 - who may have written it was looked at
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
        descriptor = _descriptor(process)
    except BaseException:
        os.close(reading)
        raise
    finally:
        os.close(writing)
    return Run(process, descriptor, reading, mark, through_setpriv=bool(identity.prefix))


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


def _identity(user: User | None) -> _Identity:
    """Return the way to *user*; raise ProbeError if this process has no way there.

    Whatever Popen does itself between fork and exec makes it fork in earnest, which holds up the
    whole daemon for 2.5 ms. So root lets setpriv do it: 0.25 ms.
    """
    if user is None or (user.uid == os.geteuid() != 0):
        return _Identity()
    held = _capabilities()
    if not held & _CAP_SETUID or not held & _CAP_SETGID:
        raise ProbeError(
            f"cannot run as {user.name}: the daemon is not root and lacks CAP_SETUID or CAP_SETGID"
        )
    setpriv = _setpriv() if os.geteuid() == 0 else None
    if setpriv is None:
        return _Identity(user=user.uid, group=user.groups[0], groups=list(user.groups))
    return _Identity(
        prefix=(
            *(setpriv, f"--reuid={user.uid}", f"--regid={user.groups[0]}"),
            *(f"--groups={','.join(map(str, user.groups))}", "--no-new-privs", "--"),
            # The first one keeps its capabilities until it is replaced, so that it could run what
            # the user may not run. The second one has none.
            *(setpriv, "--no-new-privs", "--"),
        )
    )


def _setpriv() -> str | None:
    # That of busybox does not know users.
    usable = (path for path in map(Path, _SETPRIV) if path.is_file())
    return next((str(path) for path in usable if path.resolve().name == "setpriv"), None)


def _capabilities() -> int:
    for line in Path("/proc/thread-self/status").read_text(encoding="utf-8").splitlines():
        key, _, value = line.partition(":")
        if key == "CapEff":
            return int(value, 16)
    return 0


def give_up_powers() -> None:
    """Have what the calling thread starts gain nothing, and inherit neither powers nor urgency."""
    library = ctypes.CDLL(None, use_errno=True)
    if library.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    # A kernel without ambient capabilities (before 4.3) has none to pass on.
    library.prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0)
    use_ordinary_scheduling()


def use_ordinary_scheduling() -> None:
    """Have what the calling thread starts wait for the daemon, never the other way round."""
    if os.sched_getscheduler(0) != os.SCHED_OTHER:
        os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
