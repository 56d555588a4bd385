"""Start the program of the prober in a process of its own."""

import fcntl
import os
import socket
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pyvrrp.config.model.configuration import EtcdServers, HttpProbeConfig
from pyvrrp.prober.messages import Subject

_SOCKET = 3  # `pyvrrp.prober.program` expects it there
_ABOVE = 10  # no descriptor that is replaced in the new process
_CODE = (
    "import sys; n = int(sys.argv[1]) + 2; sys.path[:] = sys.argv[2:n]; "
    "from pyvrrp.prober.program import main; main(sys.argv[n:])"
)
# What libraries that the prober uses read from the environment.
_KEPT = ("LD_LIBRARY_PATH", "LOCALDOMAIN", "RES_OPTIONS", "SSL_CERT_DIR", "SSL_CERT_FILE")
_BUFFER = 4 * 1024 * 1024  # octets; the kernel gives less if the system allows less


@dataclass(frozen=True, slots=True)
class Launched:
    """A prober that has been started: its process, and our end of its socket."""

    pid: int
    pidfd: int
    end: socket.socket


def needs(asked: Sequence[Subject]) -> list[str]:
    """Return the words by which the program knows which large modules to import."""
    urls: list[str] = []
    for subject in asked:
        if isinstance(subject, HttpProbeConfig):
            urls.append(subject.url)
        elif isinstance(subject, EtcdServers):
            urls.extend(subject.endpoints)
    words = []
    if urls:
        words.append("http")
    if any(isinstance(subject, EtcdServers) for subject in asked):
        words.append("etcd")
    if any(url.startswith("https:") for url in urls):
        words.append("tls")
    if any(isinstance(subject, HttpProbeConfig) and subject.body_sha256 for subject in asked):
        words.append("digest")
    return words


def launch(words: Sequence[str]) -> Launched:
    """Start a prober. Raise OSError. The calling thread must be one that lives as long as it.

    A new program and not a copy of this process: the daemon has threads, and the new process must
    know nothing of what the daemon has in memory.
    """
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    given = -1
    try:
        for end in (ours, theirs):
            end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _BUFFER)
        given = fcntl.fcntl(theirs.fileno(), fcntl.F_DUPFD_CLOEXEC, _ABOVE)
        path = [str(Path(entry or ".").absolute()) for entry in sys.path]  # reads no disk
        command = (sys.executable, "-I", "-S", "-B", "-c", _CODE)
        pid = os.posix_spawn(
            sys.executable,
            (*command, str(len(path)), *path, str(os.getpid()), *words),
            {
                "LANG": "C.UTF-8",
                # Each thread would get a part of the memory for itself.
                "MALLOC_ARENA_MAX": "2",
                **{name: os.environ[name] for name in _KEPT if name in os.environ},
            },
            file_actions=[
                (os.POSIX_SPAWN_OPEN, 0, "/dev/null", os.O_RDONLY, 0),
                (os.POSIX_SPAWN_OPEN, 1, "/dev/null", os.O_WRONLY, 0),
                (os.POSIX_SPAWN_OPEN, 2, "/dev/null", os.O_WRONLY, 0),
                (os.POSIX_SPAWN_DUP2, given, _SOCKET),
            ],
            setsigmask=(),
        )
        return Launched(pid, os.pidfd_open(pid), ours)
    except BaseException:
        ours.close()
        raise
    finally:
        theirs.close()
        if given >= 0:
            os.close(given)
