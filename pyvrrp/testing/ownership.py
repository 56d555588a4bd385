"""Which namespaces belong to which process, so that those of ended processes can be removed.

Every network takes a prefix of its own (`pv1f3a-0`), recorded with the process that owns it under
`/run/pyvrrp-lab/PREFIX/owner`. A namespace's name starts with the prefix of its network.
"""

import contextlib
import os
import shutil
import signal
from pathlib import Path

from pyvrrp.testing.commands import run
from pyvrrp.testing.errors import BenchError

RUN_DIRECTORY = Path("/run/pyvrrp-lab")
NAMESPACE_DIRECTORY = Path("/run/netns")


def claim() -> str:
    """Take a prefix that no other process has, and record this process as its owner."""
    for number in range(4096):
        prefix = f"pv{os.getpid():x}-{number:x}"
        directory = RUN_DIRECTORY / prefix
        try:
            directory.mkdir(parents=True)
            (directory / "owner").write_text(_identity(os.getpid()), encoding="ascii")
        except FileExistsError:
            continue
        except OSError as error:
            raise BenchError(f"{directory}: {error}; networks are built by root") from error
        return prefix
    raise BenchError(f"{RUN_DIRECTORY}: this process already owns 4096 networks")


def release(prefix: str) -> None:
    """End every process in the namespaces of *prefix*, then remove them and the record."""
    for namespace in namespaces_of(prefix):
        with contextlib.suppress(BenchError):
            kill_inside(namespace)
        with contextlib.suppress(BenchError):
            run("ip", "netns", "delete", namespace)
    shutil.rmtree(RUN_DIRECTORY / prefix, ignore_errors=True)


def sweep() -> list[str]:
    """Remove what processes that have ended left behind; return the prefixes removed."""
    if not RUN_DIRECTORY.is_dir():
        return []
    dead = [entry.name for entry in RUN_DIRECTORY.iterdir() if not owner_of(entry.name)]
    for prefix in dead:
        release(prefix)
    return dead


def namespaces_of(prefix: str) -> list[str]:
    """Return the names of the network namespaces of *prefix*."""
    if not NAMESPACE_DIRECTORY.is_dir():
        return []
    return sorted(path.name for path in NAMESPACE_DIRECTORY.glob(f"{prefix}-*"))


def kill_inside(namespace: str) -> None:
    """Send SIGKILL to every process whose network namespace is *namespace*."""
    for pid in run("ip", "netns", "pids", namespace).split():
        if int(pid) != os.getpid():
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(pid), signal.SIGKILL)


def owner_of(prefix: str) -> int:
    """Return the process that owns *prefix*; 0 if it has ended."""
    try:
        owner = (RUN_DIRECTORY / prefix / "owner").read_text(encoding="ascii")
    except OSError:
        owner = ""
    if not owner:
        # The record is missing, then empty, for a moment after mkdir: the name tells the process.
        return _owner_by_name(prefix)
    pid = owner.partition(" ")[0]
    return int(pid) if pid.isdigit() and _identity(int(pid)) == owner else 0


def _owner_by_name(prefix: str) -> int:
    try:
        pid = int(prefix.removeprefix("pv").partition("-")[0], 16)
    except ValueError:
        return 0
    return pid if _identity(pid) else 0


def _identity(pid: int) -> str:
    """Return the process id with its start time, since ids are used again; empty if it is gone."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    start_time = stat.rpartition(")")[2].split()[19]
    return f"{pid} {start_time}"
