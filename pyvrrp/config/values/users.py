"""Whom a check's program runs as."""

import grp
import os
import pwd
from dataclasses import dataclass

from pyvrrp.errors import VrrpError

UNPRIVILEGED = "nobody"
ROOT = 0


class UnknownUserError(VrrpError):
    """There is no user of that name on this system."""


@dataclass(frozen=True, slots=True)
class User:
    """A user of this system by numbers; *groups* are all of his, his own first."""

    name: str
    uid: int
    groups: tuple[int, ...]


def user_of(configured: str) -> User | None:
    """Return the user that a program shall become; None: the one that the daemon is.

    Without a configured one that is `UNPRIVILEGED` for root. Asks the system, which may take
    time; raises UnknownUserError.
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
        return default  # where the group is called nobody like the user


def trusted_users(user: User | None) -> frozenset[int]:
    """Return who may write to the program that *user* runs.

    Not `UNPRIVILEGED`: half of the services of a machine may be that user.
    """
    if user is None:
        return frozenset((ROOT, os.geteuid()))
    return frozenset((ROOT,) if user.name == UNPRIVILEGED else (ROOT, user.uid))
