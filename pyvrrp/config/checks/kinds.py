"""What the kinds of checks have in common: how a kind is described, and keys that several have."""

from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import ip_address

from pyvrrp.config.model.configuration import EtcdLease, ProbeConfig
from pyvrrp.config.values.addresses import address
from pyvrrp.config.values.scalars import netns_name, optional
from pyvrrp.config.values.sections import Key, Section
from pyvrrp.identity import Address

SOURCE = Key("source", optional(address))
NETNS = Key("netns", netns_name, "")


@dataclass(frozen=True, slots=True)
class Subject:
    """Which check is read, on which node."""

    check: str
    node: str


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of check: the key that makes a check one, its other keys, and how it is read."""

    title: str  # with its article
    key: Key[object]
    others: tuple[Key[object], ...]
    read: Callable[[Section, Subject], ProbeConfig | EtcdLease]

    @property
    def keys(self) -> tuple[Key[object], ...]:
        """All keys that only some kinds have."""
        return (self.key, *self.others)


def refuse_other_family(
    section: Section, key: Key[object], source: Address | None, host: str
) -> None:
    """Report a source address that cannot reach *host*, which *key* names."""
    try:
        target = ip_address(host)
    except ValueError:
        return  # a name: its family is known only when it is looked up
    if source is not None and source.version != target.version and section.good(key, SOURCE):
        section.refuse(SOURCE, f"is of another address family than {target}")
