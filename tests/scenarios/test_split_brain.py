"""Two masters: how they come about, and how they become one again."""

from dataclasses import replace
from ipaddress import IPv4Address

import pytest

from pyvrrp.identity import Version
from pyvrrp.units import SECOND, Nanoseconds
from pyvrrp.virtual_router.actions import (
    AnnounceAddresses,
    CountSuppressed,
    RemoveAddresses,
    ReportSplitBrain,
    ReportTransition,
)
from pyvrrp.virtual_router.states import Backup, Master
from tests.scenarios.lan import Lan, Router, lan

BOTH = pytest.mark.parametrize("version", list(Version), ids=["v2", "v3"])


def cut(sender: Router, receiver: Router, _now: Nanoseconds) -> bool:
    """The switch between a and everybody else is broken."""
    return "a" in {sender.name, receiver.name}


def deaf(_sender: Router, receiver: Router, _now: Nanoseconds) -> bool:
    """B hears nothing, but is heard."""
    return receiver.name == "b"


def mute(sender: Router, _receiver: Router, _now: Nanoseconds) -> bool:
    """A is not heard, but hears."""
    return sender.name == "a"


def whole(_sender: Router, _receiver: Router, _now: Nanoseconds) -> bool:
    return False


def partitioned(version: Version) -> Lan:
    net = lan(version, a=200, b=100, c=50)
    net.start()
    net.run(10)
    net.loses = cut
    net.run(20)
    assert net.masters() == ["a", "b"]
    assert net["a"].when(ReportSplitBrain) == []
    return net


@BOTH
def test_a_partition_heals_within_one_interval_to_the_better_master_which_announces(
    version: Version,
) -> None:
    net = partitioned(version)
    net.loses = whole
    net.run(21)
    assert net.masters() == ["a"]
    assert net["b"].when(RemoveAddresses)[-1] <= 21_000_000_000
    announced = net["a"].when(AnnounceAddresses)
    # b's last advertisement is what tells a that there was a rival.
    assert announced[0] - net["b"].when(RemoveAddresses)[-1] == 100_000
    net.run(40)
    assert net.masters() == ["a"]
    # Once at once and once more when the rival had been silent for an interval and a half.
    assert len(net["a"].when(AnnounceAddresses)) == 2
    assert net["a"].when(AnnounceAddresses)[1] - announced[0] == 1_500_000_000
    assert len(net["a"].when(ReportSplitBrain)) == 1
    assert net["b"].sent(0) == []


@BOTH
def test_the_lowest_of_a_healed_partition_never_stood(version: Version) -> None:
    net = partitioned(version)
    net.loses = whole
    net.run(60)
    assert len(net["c"].when(ReportTransition)) == 1
    assert net["c"].sent(50) == []


@BOTH
def test_equal_priorities_resolve_by_the_higher_address(version: Version) -> None:
    net = lan(version, low=100, middle=100, high=100)
    net.start()
    net.run(10)
    assert net.masters() == ["high"]
    assert all(isinstance(net[name].state, Backup) for name in ("low", "middle"))
    net.kill("high")
    net.run(20)
    assert net.masters() == ["middle"]


@BOTH
def test_equal_priority_alone_does_not_move_the_addresses(version: Version) -> None:
    """RFC 9568 section 6.4.2 compares addresses only between two masters."""
    net = lan(version, low=100, high=100)
    net.start("low")
    net.run(10)
    net.start("high")
    net.run(60)
    assert net.masters() == ["low"]


@BOTH
def test_two_masters_of_the_same_address_do_not_storm(version: Version) -> None:
    """A duplicate address: neither wins, each is limited, both say so.

    The receive checks drop these (sender = own primary address); the machine is safe without.
    """
    net = lan(version, a=254, b=254)
    for router in net.routers:
        router.parameters = replace(
            router.parameters,
            primary_address=IPv4Address("192.0.2.1"),
            advertisement_interval=Nanoseconds(1_000_000_000),
        )
    net.start()
    net.run(13.0078125)
    assert sorted(net.masters()) == ["a", "b"]
    for router in net.routers:
        # Own ones once a second; v3 answers each of the other's at most once per 10 ms.
        assert len(router.sent(254)) <= 11 + 12
        assert len(router.when(ReportSplitBrain)) == 1
        assert len(router.when(AnnounceAddresses)) <= 12
    if version is Version.V3:
        assert net["a"].when(CountSuppressed)


@BOTH
def test_a_deaf_backup_becomes_a_second_master_and_stays_one(version: Version) -> None:
    """One-way loss: VRRP cannot help it. The better master sees it, says so, and holds its own."""
    net = lan(version, a=200, b=100)
    net.start()
    net.run(10)
    net.loses = deaf
    net.run(60)
    assert net.masters() == ["a", "b"]
    assert len(net["a"].when(ReportSplitBrain)) == 1
    assert len(net["a"].when(AnnounceAddresses)) >= 40  # the neighbours are won back each interval
    assert net["b"].when(ReportSplitBrain) == []  # it cannot know
    net.loses = whole
    net.run(62)
    assert net.masters() == ["a"]


@BOTH
def test_a_mute_master_hears_its_successor_and_there_are_two(version: Version) -> None:
    """The same from the other side: a hears b, wins by the rules, and nobody hears that."""
    net = lan(version, a=200, b=100)
    net.start()
    net.run(10)
    net.loses = mute
    net.run(60)
    assert net.masters() == ["a", "b"]
    assert len(net["a"].when(ReportSplitBrain)) == 1
    net.loses = whole
    net.run(61)
    assert net.masters() == ["a"]


@BOTH
def test_a_preempted_master_that_cannot_hear_is_reported_after_one_interval(
    version: Version,
) -> None:
    net = lan(version, a=200, b=100)
    net.start("b")
    net.run(20)
    net.loses = deaf
    net.start("a")
    net.run(40)
    assert net.masters() == ["a", "b"]
    took_over = 23_218_750_000
    (reported,) = net["a"].when(ReportSplitBrain)
    assert took_over + SECOND < reported <= took_over + 2 * SECOND


@BOTH
def test_a_process_that_was_stopped_gives_way_before_it_listens(version: Version) -> None:
    net = lan(version, a=200, b=100)
    net.start()
    net.run(10)
    net.pause("a")
    net.run(20)
    assert net.masters() == ["b"]
    assert net.holders() == ["a", "b"]  # the addresses are still there: what the lease is for
    net.resume("a")
    net.run(20.001)
    assert net.holders() == ["b"]
    assert net.masters() == ["b"]
    assert isinstance(net["a"].state, Backup)
    assert net["a"].sent(200)[-1] < 11 * SECOND
    net.run(40)  # it preempts like anybody who comes back
    assert net.masters() == ["a"]


@BOTH
def test_a_short_stop_costs_nothing(version: Version) -> None:
    net = lan(version, a=200, b=100)
    net.start()
    net.run(10)
    net.pause("a")
    net.run(12)
    net.resume("a")
    net.run(60)
    assert net.masters() == ["a"]
    assert len(net["b"].when(ReportTransition)) == 1
    assert isinstance(net["a"].state, Master)
