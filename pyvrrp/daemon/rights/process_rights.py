"""What the process may do: what is missing at the start, and what it gives up then.

Capabilities belong to a thread, and so does the ban on new privileges. So `give_up_rights` is
called before the process has a second thread, and what starts later inherits the rest.
"""

import os
import sys
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

from pyvrrp.config.model.configuration import Configuration, HttpProbeConfig
from pyvrrp.config.model.process_options import ProcessOptions
from pyvrrp.config.report.capabilities import (
    ALL,
    CapabilityNeed,
    Importance,
    capability_needs,
)
from pyvrrp.errors import KernelError
from pyvrrp.net.guardian.parent import GuardianProcess
from pyvrrp.net.process import privileges
from pyvrrp.net.process.capabilities import held, keep_only, mask_of
from pyvrrp.net.process.scheduling import lock_memory, schedule

KERNEL_THREAD = "pyvrrp-kernel"  # it adds and removes addresses
_ROOT = 0
_GIVEN_UP: list[int] = []  # what this process has given up, as bits
_OTHERS_MAY_WRITE, _OTHERS_MAY_SEARCH = 0o002, 0o001


def require_rights(configuration: Configuration) -> str:
    """Raise KernelError if the daemon cannot run; return in words what will fail, or nothing."""
    needs = capability_needs(configuration, as_root=os.geteuid() == _ROOT)
    privileges.require(_purposes(needs, Importance.REQUIRED))
    lacking = privileges.missing(_purposes(needs, Importance.WANTED))
    return privileges.in_words(lacking) if lacking else ""


def prepare(options: ProcessOptions) -> None:
    """Give this thread its scheduling, and lock the memory. Raise KernelError."""
    schedule(0, options.realtime_priority, options.nice)
    if options.lock_memory:
        lock_memory()


def schedule_kernel_thread(options: ProcessOptions) -> None:
    """Give the thread that adds and removes addresses the scheduling of this one."""
    for thread in threading.enumerate():
        if thread.name == KERNEL_THREAD and thread.native_id is not None:
            schedule(thread.native_id, options.realtime_priority, options.nice)


def give_up_rights(
    configuration: Configuration, guardian: GuardianProcess | None, files: Sequence[Path] = ()
) -> None:
    """Give up every right that *configuration* does not need, here and in the *guardian*.

    *files* are the configuration files, which are read again later. Raise KernelError.
    """
    as_root = os.geteuid() == _ROOT
    needs = [*capability_needs(configuration, as_root=as_root)]
    if as_root:
        needs += _for_files_of_others(configuration, files)
    names = {need.capability for need in needs}
    if ALL in names:
        return
    before = held()
    mask = mask_of(names) & before
    try:
        keep_only(mask, new_privileges=False)
    except OSError as error:
        raise KernelError(f"cannot give up capabilities: {error.strerror}", error.errno or 0) from (
            error
        )
    _GIVEN_UP[:] = [before & ~mask]
    if guardian is not None:
        guardian.keep_only(mask)


def why_restart(configuration: Configuration, given_up: int | None = None) -> str:
    """Return why *configuration* cannot replace the present one, as a sentence; empty: it can.

    It cannot if it needs a capability that was given up at the start. *given_up* are those as bits,
    by default those that this process has given up.
    """
    gone = sum(_GIVEN_UP) if given_up is None else given_up
    for need in capability_needs(configuration, as_root=os.geteuid() == _ROOT):
        wanted = gone if need.capability == ALL else mask_of([need.capability])
        if gone & wanted:
            name = "all capabilities" if need.capability == ALL else need.capability
            return (
                f"needs {name} ({need.purpose}), which the daemon has given up at its start: "
                "restart it"
            )
    return ""


def _purposes(needs: Sequence[CapabilityNeed], importance: Importance) -> dict[str, str]:
    return {
        need.capability: need.purpose
        for need in needs
        if need.importance is importance and need.capability != ALL
    }


def _for_files_of_others(
    configuration: Configuration, files: Sequence[Path]
) -> Iterator[CapabilityNeed]:
    """Yield what root needs to go on using files in directories of other users."""
    written = (configuration.control_socket.parent, configuration.state_file.parent)
    for directory in written:
        if _is_closed(directory, _OTHERS_MAY_WRITE):
            purpose = f"to write to {directory}, which belongs to another user"
            yield CapabilityNeed("CAP_DAC_OVERRIDE", purpose, Importance.USEFUL)
    read = (*files, *_named(configuration), *map(Path, sys.path), Path(sys.executable))
    for path in read:
        if any(_is_closed(one, _OTHERS_MAY_SEARCH) for one in path.parents) or _is_private(path):
            purpose = f"to read {path}, which belongs to another user"
            yield CapabilityNeed("CAP_DAC_READ_SEARCH", purpose, Importance.USEFUL)


def _named(configuration: Configuration) -> Iterator[Path]:
    named: list[Path | None] = []
    for check in configuration.checks:
        if isinstance(check.probe, HttpProbeConfig):
            named += (check.probe.ca, check.probe.certificate, check.probe.key)
    for lease in configuration.leases:
        servers = lease.servers
        named += (servers.ca, servers.certificate, servers.private_key, servers.password_file)
    yield from (path for path in named if path is not None)


def _is_closed(directory: Path, wanted: int) -> bool:
    """Return whether the nearest directory that exists is another user's and refuses *wanted*."""
    for path in (directory, *directory.parents):
        try:
            found = path.stat()
        except OSError:
            continue
        return found.st_uid != _ROOT and not found.st_mode & wanted
    return False


def _is_private(path: Path) -> bool:
    try:
        found = path.stat()
    except OSError:
        return False
    return found.st_uid != _ROOT and not found.st_mode & 0o004
