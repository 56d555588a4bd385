"""What the importer asks the machine about. The caller gives it, so the importer stays pure."""

from collections.abc import Sequence
from typing import Protocol


class FileSurroundings(Protocol):
    """The files and the environment around a keepalived.conf."""

    def matching(self, pattern: str) -> Sequence[str]:
        """Return the absolute paths of the files that match *pattern*, in order."""

    def text(self, path: str) -> str:
        """Return the content of a file. Raise ConfigurationError if it cannot be read."""

    def variable(self, name: str) -> str | None:
        """Return an environment variable, None if it is not set."""

    def program(self, name: str) -> str | None:
        """Return the path of a program that is given without one, None if there is none."""

    def has_user(self, name: str) -> bool:
        """Return whether the machine has this user."""


class Nowhere:
    """FileSurroundings without files and variables: for a text whose machine is another one."""

    def matching(self, pattern: str) -> Sequence[str]:
        """Return nothing: there are no files."""
        del pattern
        return ()

    def text(self, path: str) -> str:
        """Return no text."""
        del path
        return ""

    def variable(self, name: str) -> str | None:
        """Return None: no variable is set."""
        del name
        return None

    def program(self, name: str) -> str | None:
        """Return where a program usually is."""
        return f"/usr/bin/{name}"

    def has_user(self, name: str) -> bool:
        """Return that the user does not exist."""
        del name
        return False
