"""The exceptions that pyvrrp raises on purpose. All derive from `VrrpError`."""

from collections.abc import Sequence
from dataclasses import dataclass

from pyvrrp.foreign_text import escaped, printable

_LONGEST_PATH = 500  # characters
_LONGEST_PROBLEM = 4096  # characters; some list everything that is allowed


class VrrpError(Exception):
    """Base class of all exceptions that pyvrrp raises on purpose."""


class MalformedAdvertisementError(VrrpError):
    """The bytes are not a VRRP advertisement, or the values cannot be sent as one."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong in a configuration.

    *path* is the place in the file, such as ``virtual_router[1].priority``; empty: the file as a
    whole. *what* says what is wrong there and what is allowed. Both may contain words of the file:
    they become printable and short.
    """

    path: str
    what: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "path", printable(self.path, _LONGEST_PATH))
        object.__setattr__(self, "what", printable(self.what, _LONGEST_PROBLEM))

    def __str__(self) -> str:
        return f"{self.path}: {self.what}" if self.path else self.what


class ConfigurationError(VrrpError):
    """The configuration cannot be used.

    *source* is the file, *problems* is everything that is wrong in it.
    """

    def __init__(self, source: str, problems: Sequence[Problem]) -> None:
        where = escaped(source)
        super().__init__("\n".join(f"{where}: {problem}" for problem in problems))
        self.source = source
        self.problems = tuple(problems)


class UsageError(VrrpError):
    """A request makes no sense, such as one that names an unknown virtual router."""


class KernelError(VrrpError):
    """The kernel refused a request for a socket, an interface or an address.

    *code* is the errno; 0 if there is none.
    """

    def __init__(self, what: str, code: int = 0) -> None:
        super().__init__(what)
        self.code = code


class ControlError(VrrpError):
    """The control socket of the daemon cannot be reached, or its answer cannot be used."""
