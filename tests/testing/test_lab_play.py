"""The free-form stage of the lab: what it says of an address, and that it can be wrong."""

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

LAB = Path(__file__).parents[2] / "netns-lab"
ADDRESS = "10.9.0.100"
PAIR = """
[[virtual_router]]
name = "web"
interface = "eth0"
vrid = 51
priority = {priority}
addresses = ["10.9.0.100/24"]
advertisement_interval = "100ms"
"""


@pytest.fixture(scope="module", autouse=True)
def lab_on_the_path() -> Iterator[None]:
    sys.path.insert(0, str(LAB))
    yield
    sys.path.remove(str(LAB))


@pytest.fixture
def holding() -> ModuleType:
    return importlib.import_module("experiments.holding")


def test_two_hold_an_address_while_their_times_overlap(holding: ModuleType) -> None:
    held = {"r1": [(1.0, 4.0), (6.0, 7.0)], "r2": [(3.0, 5.0)], "r3": [(3.5, 6.5)]}
    assert holding.at_least(2, held) == [(3.0, 5.0), (6.0, 6.5)]
    assert holding.longest(holding.at_least(3, held)) == 0.5


def test_an_address_that_is_handed_over_at_one_moment_is_not_held_by_two(
    holding: ModuleType,
) -> None:
    assert holding.at_least(2, {"r1": [(1.0, 2.0)], "r2": [(2.0, 3.0)]}) == []


def test_nobody_holds_an_address_before_between_and_after(holding: ModuleType) -> None:
    held = {"r1": [(1.0, 2.0)], "r2": [(2.5, 3.0)]}
    assert holding.gaps(held, 0.0, 4.0) == [(0.0, 1.0), (2.0, 2.5), (3.0, 4.0)]
    assert holding.gaps({}, 0.0, 4.0) == [(0.0, 4.0)]
    assert holding.gaps(held, 1.5, 2.75) == [(2.0, 2.5)]


def test_the_succession_begins_with_who_had_it(holding: ModuleType) -> None:
    held = {"r1": [(1.0, 2.0), (4.0, 5.0)], "r2": [(2.5, 4.0)]}
    assert holding.succession(held, 1.5, 4.5) == ["r1", "r2", "r1"]
    assert holding.succession(held, 2.2, 3.0) == ["r2"]


@pytest.mark.kernel
def test_a_play_tells_who_had_the_address_and_what_the_client_lost() -> None:
    play_of = importlib.import_module("experiments.play").Play
    with play_of("the master dies") as play:
        r1, r2 = play.node("r1", "10.9.0.1/24"), play.node("r2", "10.9.0.2/24")
        for node, priority in ((r1, 200), (r2, 100)):
            node.pyvrrp(PAIR.format(priority=priority))
            node.echo()
        client = play.client("client", ADDRESS, "10.9.0.9/24", direct=(r1, r2))
        play.begin()
        r1.start()
        play.wait_for_holder(ADDRESS, "r1", within=5.0)
        r2.start()
        client.start()
        play.wait(lambda: '"to": "BACKUP"' in r2.daemon.output(), "r2 to listen")
        asked = r2.command("status", "--json")
        died = play.mark("r1 is paused, then its power fails")
        r1.pause()
        play.wait(lambda: play.holders(ADDRESS) == ["r1", "r2"], "both to hold it")
        r1.power_off()
        play.wait_for_holder(ADDRESS, "r2", within=5.0)
        r1.power_on()
        client.finish()
        play.never_two(ADDRESS, died)  # which is false: it is to be seen
        play.equal("the succession", play.succession(ADDRESS, died), ["r1", "r2"])
    result = play.result()
    assert not result.error
    assert asked.returncode == 0
    assert '"BACKUP"' in asked.stdout
    assert [check.passed for check in result.checks] == [True, True, False, True]
    assert client.answered_by(died)[-1] == "r2"
    assert 0.0 < play.longest_overlap(ADDRESS) < 2.0
    assert play.longest_gap(ADDRESS, died) < 0.5
    assert [(lane.node, lane.caption) for lane in result.lanes] == [
        ("r1", ADDRESS),
        ("r2", ADDRESS),
    ]


@pytest.mark.kernel
def test_what_is_waited_for_in_vain_breaks_the_play_off_and_is_told() -> None:
    play_of = importlib.import_module("experiments.play").Play
    with play_of("nobody comes") as play:
        play.node("r1", "10.9.0.1/24")
        play.begin()
        play.wait(lambda: play.holders(ADDRESS), "somebody to come", patience=0.1)
    result = play.result()
    assert result.error == "waited 0.1 s in vain: somebody to come"
    assert not result.passed
