"""The keys about tracking, and what is wrong with them."""

from pyvrrp.config.model.tracking import TrackedInterfaceConfig
from pyvrrp.units import MILLISECOND, SECOND
from pyvrrp.virtual_router.rules.tracking import InterfaceDelay
from tests.config.documents import parsed, problems

ROUTER = """
[[virtual_router]]
name = "web"
interface = "eth0"
vrid = 51
addresses = ["192.0.2.10/24"]
"""


def test_interfaces_are_names_or_tables() -> None:
    more = (
        'track_interfaces = ["eth1", { interface = "eth2", weight = -20, reverse = true }]\n'
        'track_primary = false\ninterface_delay = { up = "2s", down = "100ms" }'
    )
    top = 'startup_delay = "5s"\ndelay_after_boot = "60s"\n'
    found = parsed(top + ROUTER + more)
    router = found.virtual_routers[0]
    assert router.track_interfaces == (
        TrackedInterfaceConfig("eth1"),
        TrackedInterfaceConfig("eth2", -20, reverse=True),
    )
    assert router.track_primary is False
    assert router.interface_delay == InterfaceDelay(2 * SECOND, 100 * MILLISECOND)  # type: ignore[arg-type]
    assert (found.startup_delay, found.delay_after_boot) == (5 * SECOND, 60 * SECOND)


def test_what_is_wrong_is_named() -> None:
    more = (
        'track_interfaces = ["eth1", 7, { interface = "eth2", weight = 254 }, "a b"]\n'
        'interface_delay = { down = "2s" }'
    )
    where = 'virtual_router[0] "web"'
    names = 'the name of an interface or { interface = "...", weight = -20 }'
    kernel = "is no interface name: Linux allows no space, slash or colon"
    assert problems(ROUTER + more) == [
        f"{where}.interface_delay.down: must be shorter than two intervals, 2s, not 2s",
        f"{where}.track_interfaces[1]: must be {names}, not 7",
        f"{where}.track_interfaces[2].weight: must be from -253 to 253, not 254",
        f'{where}.track_interfaces[3]: "a b" {kernel}',
    ]


def test_an_interface_is_tracked_once() -> None:
    more = 'track_interfaces = ["eth1", { interface = "eth1", weight = 20 }]'
    assert problems(ROUTER + more) == [
        'virtual_router[0] "web".track_interfaces[1]: "eth1" is at [0] already'
    ]
