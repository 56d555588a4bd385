"""What a tracked interface does, and when a change of an interface counts."""

import pytest

from pyvrrp.units import SECOND, Nanoseconds
from pyvrrp.virtual_router.rules.tracking import Debounce, Effect, InterfaceDelay, interface_effect

DELAY = InterfaceDelay(up=Nanoseconds(2 * SECOND), down=Nanoseconds(SECOND))


def at(seconds: int) -> Nanoseconds:
    return Nanoseconds(seconds * SECOND)


@pytest.mark.parametrize(
    ("trouble", "weight", "reverse", "effect"),
    [
        ("", 0, False, Effect()),
        ("is down", 0, False, Effect(obstacle="tracked interface eth1 is down")),
        ("", 0, True, Effect(obstacle="tracked interface eth1 is up")),
        ("is down", 0, True, Effect()),
        ("", 20, False, Effect(20)),
        ("is down", 20, False, Effect()),
        ("", -20, False, Effect()),
        ("is down", -20, False, Effect(-20)),
        ("", 20, True, Effect()),
        ("is down", 20, True, Effect(20)),
        ("", -20, True, Effect(-20)),
        ("is down", -20, True, Effect()),
    ],
)
def test_an_interface_keeps_out_or_weighs(
    trouble: str, weight: int, reverse: bool, effect: Effect
) -> None:
    assert interface_effect("eth1", trouble, weight, reverse=reverse) == effect


def test_a_change_counts_after_its_delay_without_a_break() -> None:
    up = Debounce(up=True)
    assert up.due(DELAY) is None
    down = up.seen(at(10), DELAY, up=False)
    assert (down.up, down.due(DELAY)) == (True, at(11))
    assert down.seen(at(11), DELAY, up=False) == Debounce(up=False)
    back = down.seen(at(10), DELAY, up=True)
    assert (back.up, back.due(DELAY)) == (True, None)
    rising = Debounce(up=False).seen(at(20), DELAY, up=True)
    assert (rising.up, rising.due(DELAY)) == (False, at(22))


def test_without_a_delay_a_change_counts_at_once() -> None:
    assert Debounce(up=True).seen(at(5), InterfaceDelay(), up=False) == Debounce(up=False)
