"""The router under test and its neighbours, as the specification's examples have them."""

from dataclasses import replace
from ipaddress import IPv4Address

from pyvrrp.identity import Version
from pyvrrp.units import MILLISECOND, SECOND, Nanoseconds
from pyvrrp.virtual_router.actions import Action
from pyvrrp.virtual_router.events import AdvertisementReceived, Event
from pyvrrp.virtual_router.parameters import Parameters
from pyvrrp.virtual_router.states import State
from pyvrrp.virtual_router.transitions import step

OWN = IPv4Address("192.0.2.10")
LOW = IPv4Address("192.0.2.5")
HIGH = IPv4Address("192.0.2.20")
OTHER = IPv4Address("192.0.2.30")

V3 = Parameters(Version.V3, 100, SECOND, OWN)
V2 = replace(V3, version=Version.V2)
OWNER3 = replace(V3, priority=255)
OWNER2 = replace(V2, priority=255)
PATIENT3 = replace(V3, preempt=False)
PATIENT2 = replace(V2, preempt=False)
DELAYED3 = replace(V3, preempt_delay=Nanoseconds(30 * SECOND))

T0 = Nanoseconds(100_000_000_000)  # an instant of the monotonic clock; nothing depends on it


def after(milliseconds: float) -> Nanoseconds:
    """Return the instant that many milliseconds after T0."""
    return Nanoseconds(T0 + round(milliseconds * MILLISECOND))


def heard(
    priority: int, sender: IPv4Address = HIGH, interval: Nanoseconds = SECOND
) -> AdvertisementReceived:
    return AdvertisementReceived(sender, priority, interval)


def play(
    state: State, parameters: Parameters, *script: tuple[float, Event]
) -> tuple[State, list[tuple[float, Action]]]:
    """Feed events at milliseconds after T0; return the last state and the timed actions."""
    seen: list[tuple[float, Action]] = []
    for milliseconds, event in script:
        state, actions = step(state, event, parameters, after(milliseconds))
        seen += [(milliseconds, action) for action in actions]
    return state, seen
