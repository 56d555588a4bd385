"""Whether users other than root and this one can replace what is in a directory."""

import os
import stat
from pathlib import Path

_ROOT = 0


def trusted_owners() -> frozenset[int]:
    """Return the users whose files this process trusts: root and its own user."""
    return frozenset({_ROOT, os.geteuid()})


def why_shared(directory: Path) -> str:
    """Return why other users can put files into *directory* or replace it; empty: they cannot.

    A directory above it may be writable by everybody if it is sticky, as /tmp is: what is in such a
    directory can be replaced by its owner only. What does not exist yet is made by this process.
    """
    at = directory.resolve()
    existing = [place for place in (at, *at.parents) if place.exists()]
    for place in existing:
        status = place.stat()
        if status.st_uid not in trusted_owners():
            return f"{place} belongs to user {status.st_uid}"
        writers = writers_of(status)
        if writers and (place == existing[0] or not status.st_mode & stat.S_ISVTX):
            return f"{place} is writable by {writers} ({stat.filemode(status.st_mode)})"
    return ""


def writers_of(status: os.stat_result) -> str:
    """Return in words which other users may write; empty: none."""
    if status.st_mode & stat.S_IWOTH:
        return "everybody"
    if status.st_mode & stat.S_IWGRP and status.st_gid != _ROOT:
        return f"group {status.st_gid}"
    return ""
