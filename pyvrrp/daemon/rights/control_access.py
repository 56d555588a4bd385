"""Who may send which request to the control socket.

The mode of the socket decides who may connect. Then the kernel says who a peer is (SO_PEERCRED,
SO_PEERGROUPS), and `REQUESTS` says whether a request reads or acts. Root and the user of the daemon
may do both, and so may the members of ``control_group``. With ``control_read = "all"`` everybody
else may read.
"""

import grp
import os
import socket
import struct
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from pyvrrp.config.model.process_options import ControlReaders, ProcessOptions
from pyvrrp.errors import KernelError

ROOT = 0
NO_GROUP = -1
_CREDENTIALS = struct.Struct("=iII")  # struct ucred: pid, uid, gid
_GROUP = struct.Struct("=I")
_MOST_GROUPS = 1024  # octets: Python reads no more
_FOR_OWNER, _FOR_GROUP, _FOR_ALL = 0o600, 0o660, 0o666


class Access(Enum):
    """What a request does: it only reads, or it changes what the daemon does."""

    READ = "read"
    ACT = "act"


# A request that is missing here counts as one that acts.
REQUESTS: dict[str, Access] = {
    "status": Access.READ,
    "events": Access.READ,
    "drain": Access.ACT,
    "undrain": Access.ACT,
    "resign": Access.ACT,
    "undo_resign": Access.ACT,
    "priority": Access.ACT,
    "announce": Access.ACT,
    "reload": Access.ACT,
}


@dataclass(frozen=True, slots=True)
class Asker:
    """The user at the other end of a connection, and what the user may do."""

    uid: int
    may_act: bool = False
    may_read: bool = False
    group: str = ""  # whose members may act; empty: there is no such group

    def refusal(self, command: str) -> str:
        """Return why *command* is refused, as a sentence; empty: it is allowed."""
        if self.may_act or (self.may_read and REQUESTS.get(command) is Access.READ):
            return ""
        allowed = "root and the user of the daemon"
        if self.group:
            allowed = f"root, the user of the daemon and members of the group {self.group}"
        return f"the user with uid {self.uid} may not send {command}: only {allowed} may"


IN_PROCESS = Asker(ROOT, may_act=True, may_read=True)  # a request that came over no socket


class ControlAccess:
    """The rules of one control socket."""

    def __init__(self, options: ProcessOptions = ProcessOptions()) -> None:
        """Raise KernelError if this machine does not know the group."""
        self._group = options.control_group
        self._gid = _group_number(options.control_group)
        self._all_read = options.control_read is ControlReaders.ALL
        self.refused = 0  # requests of users who may not send them

    @property
    def mode(self) -> int:
        """The mode of the socket: who may connect."""
        if self._all_read:
            return _FOR_ALL
        return _FOR_OWNER if self._gid == NO_GROUP else _FOR_GROUP

    def set_group(self, path: Path) -> None:
        """Give the socket at *path* to the group. Raise KernelError if the kernel refuses."""
        if self._gid == NO_GROUP:
            return
        try:
            os.chown(path, -1, self._gid)
        except PermissionError as error:
            if self._all_read:
                return  # everybody may connect, and the credentials decide
            raise KernelError(
                f"cannot give the control socket {path} to the group {self._group}: the user of "
                f"the daemon is not in it (with systemd, set SupplementaryGroups={self._group})",
                error.errno or 0,
            ) from error

    def asker(self, peer: socket.socket) -> Asker:
        """Return who is at the other end of *peer*. Raise OSError if the kernel does not say it."""
        raw = peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
        _pid, uid, gid = _CREDENTIALS.unpack(raw)
        may_act = uid in {ROOT, os.geteuid()}
        if not may_act and self._gid != NO_GROUP:
            may_act = gid == self._gid or self._gid in _further_groups(peer)
        return Asker(uid, may_act, may_act or self._all_read, self._group)

    def refusal(self, asker: Asker, command: str) -> str:
        """Return why *asker* may not send *command*, and count it; empty: it is allowed."""
        refusal = asker.refusal(command)
        self.refused += bool(refusal)
        return refusal


def _group_number(group: str) -> int:
    if not group:
        return NO_GROUP
    try:
        return grp.getgrnam(group).gr_gid
    except KeyError:
        raise KernelError(
            f"there is no group {group} on this machine, which control_group names"
        ) from None


def _further_groups(peer: socket.socket) -> tuple[int, ...]:
    so_peergroups = 59  # asm-generic/socket.h; Python has no name for it
    try:
        raw = peer.getsockopt(socket.SOL_SOCKET, so_peergroups, _MOST_GROUPS)
    except OSError:
        return ()  # more than 256 groups, or a kernel before 4.13: only the first group counts
    return tuple(number for (number,) in _GROUP.iter_unpack(raw[: len(raw) // 4 * 4]))
