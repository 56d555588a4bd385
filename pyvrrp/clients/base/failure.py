"""The reason why a probe failed, in a few words."""

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
from pyvrrp.foreign_text import printable

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


class ProbeError(VrrpError):
    """A probe or a request to etcd failed. The message is the reason.

    It is raised and caught in `pyvrrp.clients` and `pyvrrp.probes` only.
    """


@dataclass(frozen=True, slots=True)
class Failure:
    """The reason of a failure as a value, for results that several callers get."""

    reason: str


def in_words(error: OSError) -> str:
    """Return the meaning of an error of the kernel for the probe of a service."""
    code = error.errno or 0
    return _WORDS.get(code) or (strerror(code).lower() if code else printable(str(error)))
