"""The free-form stage of the lab: what it says of an address, and that it can be wrong."""

import pytest

from plays.play import Play
from results.held import at_least, gaps, longest, succession

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


def test_two_hold_an_address_while_their_times_overlap() -> None:
    held = {"r1": [(1.0, 4.0), (6.0, 7.0)], "r2": [(3.0, 5.0)], "r3": [(3.5, 6.5)]}
    assert at_least(2, held) == [(3.0, 5.0), (6.0, 6.5)]
    assert longest(at_least(3, held)) == 0.5


def test_an_address_that_is_handed_over_at_one_moment_is_not_held_by_two() -> None:
    assert at_least(2, {"r1": [(1.0, 2.0)], "r2": [(2.0, 3.0)]}) == []


def test_nobody_holds_an_address_before_between_and_after() -> None:
    held = {"r1": [(1.0, 2.0)], "r2": [(2.5, 3.0)]}
    assert gaps(held, 0.0, 4.0) == [(0.0, 1.0), (2.0, 2.5), (3.0, 4.0)]
    assert gaps({}, 0.0, 4.0) == [(0.0, 4.0)]
    assert gaps(held, 1.5, 2.75) == [(2.0, 2.5)]


def test_the_succession_begins_with_who_had_it() -> None:
    held = {"r1": [(1.0, 2.0), (4.0, 5.0)], "r2": [(2.5, 4.0)]}
    assert succession(held, 1.5, 4.5) == ["r1", "r2", "r1"]
    assert succession(held, 2.2, 3.0) == ["r2"]


@pytest.mark.kernel
def test_a_play_tells_who_had_the_address_and_what_the_client_lost() -> None:
    with Play("the master dies") as play:
        r1, r2 = play.node("r1", "10.9.0.1/24"), play.node("r2", "10.9.0.2/24")
        r1.pyvrrp(PAIR.format(priority=200))
        standby = r2.pyvrrp(PAIR.format(priority=100))
        r1.echo()
        r2.echo()
        client = play.client("client", ADDRESS, "10.9.0.9/24", direct=(r1, r2))
        play.begin()
        r1.start()
        play.wait_for_holder(ADDRESS, "r1", within=5.0)
        r2.start()
        client.start()
        play.wait(lambda: '"to": "BACKUP"' in standby.output(), "r2 to listen")
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
def test_waiting_without_result_breaks_the_play_off_and_is_reported() -> None:
    with Play("no holder") as play:
        play.node("r1", "10.9.0.1/24")
        play.begin()
        play.wait(lambda: play.holders(ADDRESS), "a holder", patience=0.1)
    result = play.result()
    assert result.error == "waited 0.1 s without result: a holder"
    assert not result.passed
