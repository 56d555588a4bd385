"""Sockets that another process gets too, so that they outlive this one."""

from enum import StrEnum
from typing import Protocol

from pyvrrp.identity import Family, Place


class LentSocket(StrEnum):
    """What a lent socket is for."""

    PACKETS = "packets"  # sends to the group, and receives all advertisements
    GROUP = "group"  # is the membership in the group
    HOSTS = "hosts"  # sends to single hosts
    CLAIMS = "claims"  # receives announcements of other hosts


class Borrower(Protocol):
    """The process that gets the sockets."""

    def lend(self, name: str, descriptor: int) -> None:
        """Lend a socket under *name*, instead of the one that had this name."""

    def want_back(self, name: str) -> None:
        """Have the other process close its copy of the socket."""


class NoBorrower:
    """Gets nothing."""

    def lend(self, name: str, descriptor: int) -> None:
        """Do nothing."""

    def want_back(self, name: str) -> None:
        """Do nothing."""


NOBODY = NoBorrower()


def lent_name(place: Place, family: Family, what: LentSocket) -> str:
    """Return the name of a lent socket; there is one of each kind on an interface."""
    return f"{place}/{family.label}/{what}"
