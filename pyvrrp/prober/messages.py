"""What the daemon and its prober tell each other. One datagram is one message.

The prober works on what strangers send, so the daemon takes each of its messages as those of a
stranger: `read_from_prober` gives a value of the expected type or raises MalformedError.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from pyvrrp.clients.rights.wants import (
    CopyOfFile,
    LookUp,
    NeighbourSocket,
    PatternSearcher,
    PingSocket,
    TcpSocket,
    UnixStream,
    Want,
)
from pyvrrp.config.model.configuration import (
    ArpProbeConfig,
    EtcdServers,
    HttpProbeConfig,
    PingProbeConfig,
    TcpProbeConfig,
)
from pyvrrp.identity import Address
from pyvrrp.ports import EtcdAnswer, EtcdRequest, ProbeResult
from pyvrrp.prober.codec import decode, encode

MOST = 160_000  # octets of a message; the largest is an answer of etcd with 64 long records
NetworkProbeConfig: TypeAlias = HttpProbeConfig | TcpProbeConfig | PingProbeConfig | ArpProbeConfig
Subject: TypeAlias = NetworkProbeConfig | EtcdServers


@dataclass(frozen=True, slots=True)
class Introduce:
    """A check or a cluster, which later messages call by this number."""

    number: int
    subject: Subject


@dataclass(frozen=True, slots=True)
class StartProbe:
    """Probe once. Of *timeout* nanoseconds so many are *left*: another prober may have died."""

    call: int
    subject: int
    left: int
    timeout: int


@dataclass(frozen=True, slots=True)
class AskEtcd:
    """Ask a cluster, within *timeout* nanoseconds."""

    call: int
    subject: int
    request: EtcdRequest
    timeout: int


@dataclass(frozen=True, slots=True)
class CancelCall:
    """No answer is wanted any more."""

    call: int


@dataclass(frozen=True, slots=True)
class AreYouThere:
    """Answer at once."""


@dataclass(frozen=True, slots=True)
class Lent:
    """What was wanted: a descriptor with the message, or addresses, or why there is none.

    *error* is an errno, 0 if there is none; *problem* is the reason of a ProbeError.
    """

    number: int
    scope: int = 0
    stamp: str = ""
    addresses: tuple[Address, ...] = ()
    problem: str = ""
    error: int = 0


@dataclass(frozen=True, slots=True)
class ProbeEnded:
    """The result of a probe."""

    call: int
    result: ProbeResult


@dataclass(frozen=True, slots=True)
class EtcdAnswered:
    """The answer of a cluster."""

    call: int
    answer: EtcdAnswer


@dataclass(frozen=True, slots=True)
class Wanted:
    """A probe needs something that takes rights. *stamp* is that of a file that is known."""

    number: int
    want: Want
    address: Address | None = None
    stamp: str = ""


@dataclass(frozen=True, slots=True)
class IAmHere:
    """The answer to `AreYouThere`. It is also sent once when the prober is ready."""


@dataclass(frozen=True, slots=True)
class CannotGoOn:
    """The prober ends, for this reason."""

    reason: str


ToProber: TypeAlias = Introduce | StartProbe | AskEtcd | CancelCall | AreYouThere | Lent
FromProber: TypeAlias = ProbeEnded | EtcdAnswered | Wanted | IAmHere | CannotGoOn


def to_prober(message: ToProber) -> bytes:
    """Return the octets of a message of the daemon."""
    return encode(ToProber, message)


def read_from_daemon(octets: bytes) -> ToProber:
    """Return the message of the daemon. Raise MalformedError if there is none."""
    message: ToProber = decode(ToProber, octets)
    return message


def from_prober(message: FromProber) -> bytes:
    """Return the octets of a message of the prober."""
    return encode(FromProber, message)


def read_from_prober(octets: bytes) -> FromProber:
    """Return the message of the prober. Raise MalformedError if there is none."""
    message: FromProber = decode(FromProber, octets)
    return message


def wants_of(subject: Subject) -> frozenset[Want]:
    """Return everything that the prober may want for *subject*."""
    wants: set[Want] = set()
    match subject:
        case HttpProbeConfig():
            wants.add(TcpSocket(subject.source, subject.netns))
            wants |= {CopyOfFile(path) for path in _files(subject)}
            if subject.unix_socket is not None:
                wants.add(UnixStream(subject.unix_socket))
            if subject.body_regex:
                wants.add(PatternSearcher(subject.body_regex))
        case TcpProbeConfig():
            wants.add(TcpSocket(subject.source, subject.netns))
        case PingProbeConfig():
            wants.add(PingSocket(subject.source, subject.interface, subject.netns))
        case ArpProbeConfig(address=address):
            ipv6 = address.version == 6  # noqa: PLR2004 - the version of IP
            wants.add(NeighbourSocket(subject.interface, subject.netns, ipv6))
        case EtcdServers():
            wants.add(TcpSocket(None, subject.netns))
            wants |= {CopyOfFile(path) for path in _files(subject)}
    return frozenset(wants)


def may_look_up(subject: Subject, want: LookUp) -> bool:
    """Return whether the prober may want the addresses of this name for *subject*.

    The name itself is not compared: it is in a URL, and to look up another one does no harm.
    """
    return not isinstance(subject, ArpProbeConfig) and subject.netns == want.name.netns


def _files(subject: HttpProbeConfig | EtcdServers) -> list[Path]:
    if isinstance(subject, HttpProbeConfig):
        named = [subject.ca, subject.certificate, subject.key]
    else:
        named = [subject.ca, subject.certificate, subject.private_key, subject.password_file]
    return [path for path in named if path is not None]
