"""The keys of a virtual router about what it tracks beside its checks."""

from collections.abc import Mapping
from dataclasses import replace

from pyvrrp.config.model.configuration import VirtualRouterConfig
from pyvrrp.config.model.tracking import TrackedInterfaceConfig
from pyvrrp.config.values.durations import duration_from, write_duration
from pyvrrp.config.values.scalars import (
    Parser,
    array_of,
    boolean,
    integer,
    interface_name,
    refuse_repeated,
    shown,
    wrong,
)
from pyvrrp.config.values.sections import Key, Section, table_of
from pyvrrp.units import SECOND, Nanoseconds
from pyvrrp.virtual_router.rules.tracking import InterfaceDelay

_LONGEST_DELAY = Nanoseconds(255 * SECOND)
_MOST_OF_AN_INTERFACE = 253  # the difference between the lowest and the highest priority

TRACKED_INTERFACE = Key("interface", interface_name, "eth0", required=True)
INTERFACE_WEIGHT = Key("weight", integer(-_MOST_OF_AN_INTERFACE, _MOST_OF_AN_INTERFACE), 0)
REVERSE = Key("reverse", boolean, default=False)
UP = Key("up", duration_from(Nanoseconds(0), _LONGEST_DELAY), "0s")
DOWN = Key("down", duration_from(Nanoseconds(0), _LONGEST_DELAY), "0s")
_table_of_interface: Parser[TrackedInterfaceConfig] = table_of(
    (TRACKED_INTERFACE, INTERFACE_WEIGHT, REVERSE),
    lambda section: TrackedInterfaceConfig(
        section.read(TRACKED_INTERFACE), section.read(INTERFACE_WEIGHT), section.read(REVERSE)
    ),
)
_delay: Parser[InterfaceDelay] = table_of(
    (UP, DOWN), lambda section: InterfaceDelay(section.read(UP), section.read(DOWN))
)


def _interface(value: object) -> TrackedInterfaceConfig:
    if isinstance(value, str):
        return TrackedInterfaceConfig(interface_name(value))
    if not isinstance(value, Mapping):
        raise wrong(
            'must be the name of an interface or { interface = "...", weight = -20 }, '
            f"not {shown(value)}"
        )
    return _table_of_interface(value)


_interfaces = array_of(_interface, "interfaces")


def _tracked_interfaces(value: object) -> tuple[TrackedInterfaceConfig, ...]:
    tracked = _interfaces(value)
    refuse_repeated([one.interface for one in tracked])
    return tracked


TRACK_INTERFACES = Key("track_interfaces", _tracked_interfaces, [])
TRACK_PRIMARY = Key("track_primary", boolean, default=True)
INTERFACE_DELAY = Key("interface_delay", _delay, {})
KEYS: tuple[Key[object], ...] = (TRACK_INTERFACES, TRACK_PRIMARY, INTERFACE_DELAY)


def with_tracking(section: Section, router: VirtualRouterConfig) -> VirtualRouterConfig:
    """Return *router* with what *section* says about tracking."""
    delay = section.read(INTERFACE_DELAY)
    longest = 2 * router.advertisement_interval
    if delay.down >= longest > 0:
        # A backup takes over a master whose advertisements do not leave for longer.
        allowed = f"shorter than two intervals, {write_duration(Nanoseconds(longest))}"
        what = f"must be {allowed}, not {write_duration(delay.down)}"
        section.refuse(INTERFACE_DELAY, what, inside=".down")
    return replace(
        router,
        track_primary=section.read(TRACK_PRIMARY),
        interface_delay=delay,
        track_interfaces=section.read(TRACK_INTERFACES),
    )
