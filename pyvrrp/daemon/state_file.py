"""The state file: which virtual routers the operator has drained, for the next start.

It is one small JSON file. It is replaced as a whole, so a crash or a full disk leaves the old one.
"""

import contextlib
import json
import os
from collections.abc import Collection
from pathlib import Path

from pyvrrp.errors import KernelError

LARGEST = 1024 * 1024
ONLY_OWNER = 0o600


class StateFile:
    """Reads and replaces one file. Each method may wait for a disk.

    *is_wanted*: false has a `write` that is under way leave the file as it is.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.is_wanted = True

    def read(self) -> frozenset[str]:
        """Return the names of drained virtual routers; none if there is no file.

        Raise KernelError if the file is damaged. This node may have been drained because its
        hardware is broken, so it must not start as if nothing was drained.
        """
        try:
            with self.path.open("rb") as stream:
                data = stream.read(LARGEST + 1)
        except FileNotFoundError:
            return frozenset()
        except OSError as error:
            raise KernelError(
                f"cannot read the state file {self.path}: {error.strerror}", error.errno or 0
            ) from error
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
        beside = self.path.with_name(f".{self.path.name}.new")
        try:
            self.path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
            descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, ONLY_OWNER)
            with os.fdopen(descriptor, "wb") as stream:
                stream.write(data)
                stream.flush()
                os.fsync(stream.fileno())
            replaces = self.is_wanted
            if replaces:
                beside.replace(self.path)
        except OSError as error:
            _remove(beside)  # a part of it may exist
            raise KernelError(
                f"cannot write the state file {self.path}: {error.strerror}", error.errno or 0
            ) from error
        if not replaces:
            _remove(beside)
            raise KernelError(f"the state file {self.path} was not replaced: the order was refused")
        # The file is replaced, so the order is remembered. Some file systems cannot write a
        # directory on request.
        with contextlib.suppress(OSError):
            _sync_directory(self.path.parent)


def _drained(data: bytes) -> frozenset[str] | None:
    try:
        content = json.loads(data)
    except (ValueError, RecursionError):
        return None
    names = content.get("drained") if isinstance(content, dict) else None
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        return None
    return frozenset(names)


def _remove(path: Path) -> None:
    with contextlib.suppress(OSError):
        path.unlink()


def _sync_directory(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
