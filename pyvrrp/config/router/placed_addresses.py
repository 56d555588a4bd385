"""Virtual addresses with their options: a text, or a table with an interface, a label and more."""

from ipaddress import IPv4Address, IPv4Interface

from pyvrrp.config.model.addresses import AddressShape, PlacedAddress
from pyvrrp.config.values.addresses import interface_address
from pyvrrp.config.values.scalars import (
    Parser,
    array_of,
    boolean,
    interface_name,
    one_of,
    optional,
    refuse_repeated,
    shown,
    text,
    wrong,
)
from pyvrrp.config.values.sections import Key, Section, table_of

LONGEST_LABEL = 15  # octets; IFNAMSIZ without the closing zero
SCOPES = {"global": 0, "site": 200, "link": 253, "host": 254}


def _label(value: object) -> str:
    label = text(value)
    if not (1 <= len(label) <= LONGEST_LABEL and label.isascii() and label.isprintable()):
        raise wrong(f"{shown(label)} is no label: 1 to {LONGEST_LABEL} ASCII characters")
    return label


def _broadcast(value: object) -> IPv4Address | str:
    if value in {"+", "-"}:
        return str(value)
    try:
        return IPv4Address(text(value))
    except ValueError:
        raise wrong(f'must be an IPv4 address, "+" or "-", not {shown(value)}') from None


ADDRESS = Key("address", interface_address, "192.0.2.1", required=True)
INTERFACE = Key("interface", optional(interface_name))
LABEL = Key("label", optional(_label))
SCOPE = Key("scope", one_of(SCOPES), "global")
BROADCAST = Key("broadcast", optional(_broadcast))
PREFIX_ROUTE = Key("prefix_route", boolean, default=True)
TRACK = Key("track", boolean, default=True)
KEYS: tuple[Key[object], ...] = (
    *(ADDRESS, INTERFACE, LABEL, SCOPE, BROADCAST, PREFIX_ROUTE, TRACK),
)


def _read(section: Section) -> PlacedAddress:
    address = section.read(ADDRESS)
    if not isinstance(address, IPv4Interface):
        for key in filter(section.given, (LABEL, SCOPE, BROADCAST)):
            section.refuse(key, "has a meaning for IPv4 only")
    return PlacedAddress(
        address,
        section.read(INTERFACE) or "",
        AddressShape(
            label=section.read(LABEL) or "",
            scope=section.read(SCOPE),
            broadcast=_broadcast_of(address, section.read(BROADCAST)),
            prefix_route=section.read(PREFIX_ROUTE),
        ),
        section.read(TRACK),
    )


def _broadcast_of(address: object, written: IPv4Address | str | None) -> IPv4Address | None:
    if not isinstance(address, IPv4Interface) or written is None:
        return None
    if written == "+":
        return address.network.broadcast_address
    return address.network.network_address if isinstance(written, str) else written


_table = table_of(KEYS, _read)


def virtual_address(value: object) -> PlacedAddress:
    """Return one virtual address; raise WrongValueError if it is none."""
    return _table(value) if isinstance(value, dict) else PlacedAddress(interface_address(value))


_several: Parser[tuple[PlacedAddress, ...]] = array_of(
    virtual_address, 'addresses, such as "192.0.2.10/24"'
)


def virtual_addresses(value: object) -> tuple[PlacedAddress, ...]:
    """Return virtual addresses of both families, in the order of the file.

    An address may be there once only, on whatever interface.
    """
    found = _several(value)
    refuse_repeated([one.address.ip for one in found])
    return found
