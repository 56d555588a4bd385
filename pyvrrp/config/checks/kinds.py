"""What a kind of check consists of, and the keys and rules that several kinds share."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from ipaddress import ip_address

from pyvrrp.config.model.configuration import EtcdLease, ProbeConfig
from pyvrrp.config.values.addresses import address
from pyvrrp.config.values.durations import write_duration
from pyvrrp.config.values.scalars import absolute_path, boolean, netns_name, optional
from pyvrrp.config.values.sections import Key, Section
from pyvrrp.identity import Address
from pyvrrp.units import Nanoseconds

SOURCE = Key("source", optional(address))
NETNS = Key("netns", netns_name, "")
VERIFY = Key("verify", boolean, default=True)
CA = Key("ca", optional(absolute_path))
CERTIFICATE = Key("certificate", optional(absolute_path))


@dataclass(frozen=True, slots=True)
class CheckContext:
    """The name of the check that is read, and that of the node."""

    check: str
    node: str


@dataclass(frozen=True, slots=True)
class CheckKind:
    """One kind of check. A check is of this kind if it has *key*; it may have the *others* too."""

    title: str  # with an article: ``a tcp check``
    key: Key[object]
    others: tuple[Key[object], ...]
    read: Callable[[Section, CheckContext], ProbeConfig | EtcdLease]

    @property
    def keys(self) -> tuple[Key[object], ...]:
        """All keys of this kind, without those that every kind has."""
        return (self.key, *self.others)


def refuse_long_timeout(
    section: Section,
    timeout: tuple[Key[object], Nanoseconds],
    interval: tuple[Key[object], Nanoseconds],
) -> None:
    """Report a timeout that is longer than the interval. Both are a key and its value."""
    if timeout[1] > interval[1] and section.good(interval[0], timeout[0]):
        allowed = f"at most the interval, {write_duration(interval[1])}"
        section.refuse(timeout[0], f"must be {allowed}, not {write_duration(timeout[1])}")


def refuse_wrong_tls_keys(
    section: Section,
    tls_only: Iterable[Key[object]],
    private_key: Key[object],
    *,
    tls: bool,
    verify: bool,
) -> None:
    """Report keys for TLS that have no meaning: the URL has no *tls*, or others contradict them.

    *tls_only* are the keys that need TLS, *private_key* is one of them.
    """
    if not tls:
        for key in filter(section.given, tls_only):
            section.refuse(key, "has a meaning for https:// only, and the URL is http://")
    elif section.given(private_key) and not section.given(CERTIFICATE):
        section.refuse(private_key, "needs a certificate too")
    if section.given(CA) and not verify:
        section.refuse(CA, "has no meaning with verify = false")


def refuse_other_family(
    section: Section, key: Key[object], source: Address | None, host: str
) -> None:
    """Report a source address of another family than *host*, the value of *key*."""
    try:
        target = ip_address(host)
    except ValueError:
        return  # a host name: it may have addresses of both families
    if source is not None and source.version != target.version and section.good(key, SOURCE):
        section.refuse(SOURCE, f"is of another address family than {target}")
