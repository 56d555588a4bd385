"""The keys of a scenario file, of its network, its nodes and its clients."""

from collections.abc import Mapping, Sequence
from ipaddress import ip_interface

from pyvrrp.config.values.durations import duration_from
from pyvrrp.config.values.scalars import (
    array_of,
    integer,
    interface_name,
    name,
    netns_name,
    optional,
    shown,
    table,
    text,
    wrong,
)
from pyvrrp.config.values.sections import Key
from pyvrrp.identity import InterfaceAddress
from pyvrrp.simulator.scenario import fault_keys
from pyvrrp.units import MICROSECOND, MILLISECOND, SECOND, Nanoseconds

_NOTHING = Nanoseconds(0)
_YEAR = Nanoseconds(366 * fault_keys.DAY)
_up_to_a_second = duration_from(_NOTHING, SECOND)


def _tables(value: object) -> Sequence[object]:
    if not isinstance(value, list | tuple):
        raise wrong("must be an array of tables, in double brackets")
    return value


def _interfaces(value: object) -> Mapping[str, tuple[InterfaceAddress, ...]]:
    def address(written: object) -> InterfaceAddress:
        try:
            return ip_interface(text(written))
        except ValueError:
            raise wrong(f"{shown(written)} is no address with a prefix") from None

    listed = array_of(address, "addresses with prefix")
    return {interface_name(key): listed(entry) for key, entry in table(value).items()}


NAME = Key("name", text, "scenario")
DESCRIPTION = Key("description", text, "")
SEED = Key("seed", integer(0, 2**63 - 1), 0)
DURATION = Key("duration", duration_from(SECOND, fault_keys.DAY), "60s")
CONFIG = Key("config", optional(text))
CONFIGURATION = Key("configuration", optional(table))
NETWORK = Key("network", table, {})
NODES = Key("node", _tables, [], required=True)
CLIENTS = Key("client", _tables, [])
FAULTS = Key("fault", _tables, [])
KEYS: tuple[Key[object], ...] = (
    *(NAME, DESCRIPTION, SEED, DURATION, CONFIG, CONFIGURATION, NETWORK, NODES, CLIENTS, FAULTS),
)

DELAY = Key("delay", _up_to_a_second, "100us")
JITTER = Key("jitter", _up_to_a_second, "50us")
KERNEL_DELAY = Key("kernel_delay", duration_from(MICROSECOND, SECOND), "2ms")
NETWORK_KEYS: tuple[Key[object], ...] = (DELAY, JITTER, KERNEL_DELAY)

NODE_NAME = Key("name", name, "unnamed", required=True)
START = Key("start", duration_from(_NOTHING, fault_keys.DAY), "0s")
OFFSET = Key("offset", duration_from(_NOTHING, _YEAR), "0s")
DRIFT = Key("drift_ppm", integer(-100_000, 100_000), 0)
SWITCH = Key("switch", integer(0, 100), 0)
ADDRESSES = Key("addresses", _interfaces, {})
NODE_KEYS: tuple[Key[object], ...] = (
    *(NODE_NAME, CONFIG, CONFIGURATION, START, OFFSET, DRIFT, SWITCH, ADDRESSES),
)

INTERFACE = Key("interface", optional(interface_name))
NETNS = Key("netns", netns_name, "")
PERIOD = Key("period", duration_from(MILLISECOND, Nanoseconds(60 * SECOND)), "200ms")
CLIENT_KEYS: tuple[Key[object], ...] = (NODE_NAME, INTERFACE, NETNS, PERIOD, SWITCH)
