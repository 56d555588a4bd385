"""The state file: which virtual routers the operator has drained, for the next start.

It is one small JSON file. It is replaced as a whole, so a crash or a full disk leaves the old one.
Another user who may write into its directory can neither have another file written nor another one
read: a symbolic link is not followed, and the file must belong to root or to this user.
"""

import contextlib
import json
import os
import stat
from collections.abc import Collection
from pathlib import Path

from pyvrrp.config.values.shared_places import trusted_owners, writers_of
from pyvrrp.errors import KernelError

LARGEST = 1024 * 1024
ONLY_OWNER = 0o600
# A FIFO in the place of the file would make an ordinary open wait for ever.
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_MAKE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


class StateFile:
    """Reads and replaces one file. Each method may wait for a disk.

    *is_wanted*: false has a `write` that is under way leave the file as it is.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.is_wanted = True

    def read(self) -> frozenset[str]:
        """Return the names of drained virtual routers; none if there is no file.

        Raise KernelError if the file is damaged, or if another user can have written it. This node
        may have been drained because its hardware is broken, so it must not start as if nothing was
        drained.
        """
        try:
            descriptor = os.open(self.path, _READ)
            try:
                why = _why_not_ours(os.fstat(descriptor))
                data = b"" if why else _content(descriptor)
            finally:
                os.close(descriptor)
        except FileNotFoundError:
            return frozenset()
        except OSError as error:
            link = self.path.is_symlink()
            reason = "it is a symbolic link; name its target" if link else error.strerror
            raise KernelError(
                f"cannot read the state file {self.path}: {reason}", error.errno or 0
            ) from error
        if why:
            raise KernelError(
                f"the state file {self.path} {why}: nobody can tell what was drained; look at it, "
                "then remove it to begin with nothing drained"
            )
        names = _drained(data)
        if names is None:
            raise KernelError(
                f"the state file {self.path} is damaged, so nobody can tell what was drained; "
                "remove it to begin with nothing drained"
            )
        return names

    def write(self, drained: Collection[str]) -> None:
        """Write the names of drained virtual routers to the disk; raise KernelError on failure."""
        data = json.dumps({"drained": sorted(drained)}).encode() + b"\n"
        try:
            self.path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
            directory = os.open(self.path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            try:
                self._replace(data, directory)
            finally:
                os.close(directory)
        except OSError as error:
            raise KernelError(
                f"cannot write the state file {self.path}: {error.strerror}", error.errno or 0
            ) from error

    def _replace(self, data: bytes, directory: int) -> None:
        # The name cannot be guessed, and nothing can be there: O_EXCL refuses a link too.
        beside = f".{self.path.name}.{os.urandom(8).hex()}.new"
        descriptor = os.open(beside, _MAKE, ONLY_OWNER, dir_fd=directory)
        try:
            with os.fdopen(descriptor, "wb") as stream:
                stream.write(data)
                stream.flush()
                os.fsync(stream.fileno())
            self._refuse_if_unwanted()
            os.rename(beside, self.path.name, src_dir_fd=directory, dst_dir_fd=directory)
        except (OSError, KernelError):
            with contextlib.suppress(OSError):
                os.unlink(beside, dir_fd=directory)  # a part of it may exist
            raise
        # The file is replaced, so the order is remembered. Some file systems cannot write a
        # directory on request.
        with contextlib.suppress(OSError):
            os.fsync(directory)

    def _refuse_if_unwanted(self) -> None:
        if not self.is_wanted:
            raise KernelError(f"the state file {self.path} was not replaced: the order was refused")


def _content(descriptor: int) -> bytes:
    """Return what the open file holds, one octet more than is allowed at most."""
    with os.fdopen(descriptor, "rb", closefd=False) as stream:
        return stream.read(LARGEST + 1)


def _why_not_ours(status: os.stat_result) -> str:
    if stat.S_ISDIR(status.st_mode):
        return "is a directory"
    if not stat.S_ISREG(status.st_mode):
        return "is not a regular file"
    if status.st_uid not in trusted_owners():
        return f"belongs to user {status.st_uid}"
    if writers := writers_of(status):
        return f"is writable by {writers} ({stat.filemode(status.st_mode)})"
    if status.st_nlink > 1:
        return "has another name, a hard link"
    return ""


def _drained(data: bytes) -> frozenset[str] | None:
    try:
        content = json.loads(data)
    except (ValueError, RecursionError):
        return None
    names = content.get("drained") if isinstance(content, dict) else None
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        return None
    return frozenset(names)
