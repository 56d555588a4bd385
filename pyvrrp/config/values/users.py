"""The user that a check's program runs as."""

import grp
import os
import pwd
from dataclasses import dataclass

from pyvrrp.errors import VrrpError

UNPRIVILEGED = "nobody"
ROOT = 0


class UnknownUserError(VrrpError):
    """No user of this system has that name."""


@dataclass(frozen=True, slots=True)
class User:
    """A user of this system. *groups* are all groups of the user, the primary one first."""

    name: str
    uid: int
    groups: tuple[int, ...]


def user_of(configured: str) -> User | None:
    """Return the user that a program must run as; None: the user of the daemon.

    If no user is *configured* and the daemon runs as root, it is `UNPRIVILEGED`. Raise
    UnknownUserError if the system has no such user. May block: the system can ask a server.
    """
    if not configured and os.geteuid() != ROOT:
        return None
    name = configured or UNPRIVILEGED
    try:
        entry = pwd.getpwnam(name)
    except (KeyError, UnicodeError):
        raise UnknownUserError(f"there is no user {name}") from None
    if not configured:
        return User(name, entry.pw_uid, (_group_of_nobody(entry.pw_gid),))
    groups = os.getgrouplist(name, entry.pw_gid)
    return User(name, entry.pw_uid, tuple(dict.fromkeys((entry.pw_gid, *groups))))


def _group_of_nobody(default: int) -> int:
    try:
        return grp.getgrnam("nogroup").gr_gid
    except KeyError:
        return default  # on systems where the group has the name nobody too


def trusted_users(user: User | None) -> frozenset[int]:
    """Return the numbers of the users who may own and write a program that *user* runs.

    `UNPRIVILEGED` is not among them, because many services of a machine run as that user.
    """
    if user is None:
        return frozenset((ROOT, os.geteuid()))
    return frozenset((ROOT,) if user.name == UNPRIVILEGED else (ROOT, user.uid))
