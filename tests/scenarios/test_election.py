"""Who becomes master, and when."""

from dataclasses import replace

import pytest

from pyvrrp.identity import Version
from pyvrrp.units import SECOND, Nanoseconds
from pyvrrp.virtual_router.actions import (
    AnnounceAddresses,
    NewMasterReason,
    RemoveAddresses,
    ReportSplitBrain,
    ReportTransition,
)
from pyvrrp.virtual_router.states import Backup, Init
from tests.scenarios.lan import Router, lan

BOTH = pytest.mark.parametrize("version", list(Version), ids=["v2", "v3"])
DELAY = Nanoseconds(30 * SECOND)


@BOTH
@pytest.mark.parametrize(
    ("priorities", "winner", "due"),
    [
        ({"a": 200, "b": 100}, "a", 3.21875),
        ({"a": 50, "b": 100}, "b", 3.609375),
        ({"a": 1, "b": 128, "c": 254}, "c", 3.0078125),
        ({"a": 99, "b": 100, "c": 50, "d": 1}, "b", 3.609375),
    ],
)
def test_a_cold_start_gives_one_master_the_best_after_its_master_down_interval(
    version: Version, priorities: dict[str, int], winner: str, due: float
) -> None:
    net = lan(version, **priorities)
    net.start()
    net.run(due - 1e-9)
    assert net.masters() == []
    net.run(due)
    assert net.masters() == [winner]
    net.run(120)
    assert net.masters() == [winner]
    assert net.overlap == 0
    assert [r.name for r in net.routers if r.sent(r.parameters.priority)] == [winner]


@BOTH
def test_an_owner_is_master_at_once(version: Version) -> None:
    net = lan(version, a=255, b=100)
    net.start()
    assert net.masters() == ["a"]
    net.run(60)
    assert net.masters() == ["a"]


@BOTH
def test_a_dead_master_is_replaced_by_the_best_of_the_others_and_takes_over_again(
    version: Version,
) -> None:
    net = lan(version, a=200, b=100, c=50)
    net.start()
    net.run(10)  # the last advertisement was heard at 9.218850 s
    net.kill("a")
    net.run(12.828224)
    assert net.masters() == []
    net.run(12.828226)
    assert net.masters() == ["b"]
    net.boot("a")
    net.run(20)
    assert net.masters() == ["a"]
    assert net.holders() == ["a"]


@BOTH
def test_failback_waits_for_master_down_interval_and_is_no_split_brain(version: Version) -> None:
    net = lan(version, a=200, b=100)
    net.start("b")
    net.run(20)
    net.start("a")
    net.run(23.21874)
    assert net.masters() == ["b"]
    net.run(23.22)
    assert net.masters() == ["a"]
    # The last advertisement of the yielding master has made the winner announce. No warning.
    assert net["a"].when(AnnounceAddresses) == [23_218_950_000]
    net.run(60)
    assert net.masters() == ["a"]
    assert net["a"].when(ReportSplitBrain) == []
    assert net["b"].sent(0) == []
    assert net.overlap == 100_000  # one frame's way
    transitions = [action for _, action in net["a"].log if isinstance(action, ReportTransition)]
    assert transitions[-1].new_master_reason is NewMasterReason.PREEMPTED


@BOTH
def test_without_preemption_the_returning_node_stays_backup_until_the_master_is_gone(
    version: Version,
) -> None:
    net = lan(version, a=200, b=100)
    net["a"].parameters = replace(net["a"].parameters, preempt=False)
    net.start("b")
    net.run(20)
    net.start("a")
    net.run(100)
    assert net.masters() == ["b"]
    net.stop("b")
    net.run(100.23)  # 1 ms for the kernel, 100 us on the wire, 218.75 ms of skew
    assert net.masters() == ["a"]


@BOTH
def test_a_preempt_delay_of_30_s_counts_from_the_first_advertisement_heard(
    version: Version,
) -> None:
    net = lan(version, a=200, b=100)
    net["a"].parameters = replace(net["a"].parameters, preempt_delay=DELAY)
    net.start("b")
    net.run(20)  # b advertises at 20.609375 s
    net.start("a")
    net.run(50.609474)
    assert net.masters() == ["b"]
    net.run(50.61)
    assert net.masters() == ["a"]


@BOTH
def test_a_master_that_dies_during_the_preempt_delay_is_replaced_at_once(version: Version) -> None:
    net = lan(version, a=200, b=100)
    net["a"].parameters = replace(net["a"].parameters, preempt_delay=DELAY)
    net.start("b")
    net.run(20)
    net.start("a")
    net.run(25)  # the last advertisement was heard at 24.609475 s
    net.kill("b")
    net.run(27.82822)
    assert net.masters() == []
    net.run(27.82823)
    assert net.masters() == ["a"]


@BOTH
def test_a_planned_stop_costs_the_skew_of_the_successor_and_never_two_holders(
    version: Version,
) -> None:
    net = lan(version, a=200, b=100, c=50)
    net.start()
    net.run(10)
    net.stop("a")
    net.run(10.61)
    assert net.masters() == []
    net.run(10.611)  # 1 ms for the kernel, 100 us on the wire, 609.375 ms of skew
    assert net.masters() == ["b"]
    assert net["a"].when(RemoveAddresses) == [10_000_000_000]
    assert net["a"].sent(0) == [10_001_000_000, 10_001_000_000]
    assert net["a"].state == Init("stopping")
    net.run(30)
    assert net.masters() == ["b"]
    assert net.overlap == 0
    assert net["b"].when(ReportSplitBrain) == []


@BOTH
def test_one_of_the_two_releases_may_be_lost(version: Version) -> None:
    net = lan(version, a=200, b=100)
    net.start()
    net.run(10)
    releases = iter((True, False))
    net.loses = lambda sender, _receiver, _now: sender.name == "a" and next(releases)
    net.stop("a")
    net.run(10.611)
    assert net.masters() == ["b"]


@BOTH
def test_the_loss_of_one_or_two_advertisements_in_a_row_changes_nothing(version: Version) -> None:
    net = lan(version, a=200, b=100, c=50)
    net.start()
    net.run(10)
    before = [(r.name, len(r.when(ReportTransition))) for r in net.routers]
    heard = 0

    def two_of_three(_sender: Router, _receiver: Router, now: Nanoseconds) -> bool:
        nonlocal heard
        heard += 1
        return (now // SECOND) % 3 != 0

    net.loses = two_of_three
    net.run(300)
    assert heard > 500
    assert net.masters() == ["a"]
    assert [(r.name, len(r.when(ReportTransition))) for r in net.routers] == before


def test_backups_of_v3_follow_the_interval_of_the_master() -> None:
    net = lan(Version.V3, a=200, b=100)
    slow = Nanoseconds(5 * SECOND)
    net["a"].parameters = replace(net["a"].parameters, advertisement_interval=slow)
    net.start()
    net.run(8)  # b, being quicker, is master first; a takes over at 16.09375 s
    assert net.masters() == ["b"]
    net.run(200)
    assert net.masters() == ["a"]
    assert isinstance(net["b"].state, Backup)
    assert net["b"].state.master_adver_interval == 5_000_000_000
    assert len(net["b"].when(ReportTransition)) == 3
