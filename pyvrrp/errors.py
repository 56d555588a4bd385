"""Every exception pyvrrp raises on purpose."""

from collections.abc import Sequence
from dataclasses import dataclass


class VrrpError(Exception):
    """Base class: catch this to catch everything pyvrrp raises."""


class MalformedAdvertisementError(VrrpError):
    """The bytes are not a VRRP advertisement."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong in a configuration: where, what, and what is allowed."""

    path: str
    what: str

    def __str__(self) -> str:
        return f"{self.path}: {self.what}" if self.path else self.what


class ConfigurationError(VrrpError):
    """The configuration cannot be honoured; *problems* lists everything that is wrong with it."""

    def __init__(self, source: str, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(f"{source}: {problem}" for problem in problems))
        self.source = source
        self.problems = tuple(problems)


class UsageError(VrrpError):
    """What was asked for cannot be meant, such as a name that nothing has."""


class KernelError(VrrpError):
    """The kernel turned down a socket, link or address request; *code* is its errno."""

    def __init__(self, what: str, code: int = 0) -> None:
        super().__init__(what)
        self.code = code


class ControlError(VrrpError):
    """The daemon's control socket cannot be reached or gave no usable answer."""
