"""Why a probe failed, in the few words that a status line has room for."""

from dataclasses import dataclass
from errno import (
    EACCES,
    EADDRNOTAVAIL,
    ECONNABORTED,
    ECONNREFUSED,
    ECONNRESET,
    EHOSTUNREACH,
    EMFILE,
    ENETDOWN,
    ENETUNREACH,
    ENFILE,
    ENODEV,
    ENOENT,
    ENOTCONN,
    EPERM,
    EPIPE,
    ETIMEDOUT,
)
from os import strerror

from pyvrrp.errors import VrrpError

_WORDS = {
    EACCES: "permission denied",
    EADDRNOTAVAIL: "no local address can reach it",
    ECONNABORTED: "connection aborted",
    ECONNREFUSED: "connection refused",
    ECONNRESET: "connection reset",
    EHOSTUNREACH: "no route to host",
    EMFILE: "too many open files in this process",
    ENETDOWN: "the interface is down",
    ENETUNREACH: "network is unreachable",
    ENFILE: "too many open files in the system",
    ENODEV: "no such interface",
    ENOENT: "no such socket",
    ENOTCONN: "connection reset",
    EPERM: "forbidden by the local firewall",
    EPIPE: "connection reset",
    ETIMEDOUT: "the host does not answer",
}
_LONGEST = 160  # a peer chooses parts of some reasons, so they are cut


class ProbeError(VrrpError):
    """The probe failed; the message is the reason. It never leaves `pyvrrp.probes`."""


@dataclass(frozen=True, slots=True)
class Failure:
    """The reason of a failure that several probes share, as a value."""

    reason: str


def in_words(error: OSError) -> str:
    """Return what the kernel's *error* means for somebody who looks at a service."""
    code = error.errno or 0
    return _WORDS.get(code) or (strerror(code).lower() if code else printable(str(error)))


def printable(text: str) -> str:
    """Return *text*, which a peer may have written, short and harmless for a terminal or a log."""
    clean = "".join(character if character.isprintable() else "?" for character in text)
    return clean if len(clean) <= _LONGEST else f"{clean[:_LONGEST]}..."
