"""The lab's scenarios in virtual time: the same order of events, and the outages it promises.

The numbers are those of the protocol for the lab's settings, priorities 200 and 100: at 200 ms a
Skew_Time of 121.9 ms and a Master_Down_Interval of 721.9 ms for r2, at 100 ms half of that.
"""

from pathlib import Path

import pytest

from pyvrrp.simulator.report.measure import Period, both_held, holders, order, outages
from pyvrrp.simulator.report.result import SimulationResult
from pyvrrp.simulator.scenario.read import load_scenario
from pyvrrp.simulator.simulate import simulate

LAB = Path(__file__).parent / "lab"
ADDRESS = "10.9.0.100/24"
HAS, HAS_NOT = f"has {ADDRESS}", f"no longer has {ADDRESS}"


def replay(name: str) -> SimulationResult:
    outcome = simulate(load_scenario(LAB / f"{name}.toml"), detailed=False)
    assert outcome.good, outcome.violations
    return outcome


def longest_outage(outcome: SimulationResult) -> Period:
    return max(outages(outcome, "client"), key=lambda span: span.length)


def order_from(outcome: SimulationResult, text: str) -> list[tuple[str, str]]:
    seen = order(outcome)
    return seen[seen.index(("world", text)) + 1 :]


LINGER = 0.05  # how long both answer when another master has taken over


def test_neither_a_stop_nor_the_return_costs_an_answer() -> None:
    outcome = replay("asymmetric")

    assert outages(outcome, "client") == []
    assert both_held(holders(outcome, ADDRESS)) == pytest.approx(2 * LINGER, abs=0.01)
    assert order_from(outcome, "stop r1 for 5 s")[:6] == [
        ("r2", "MASTER"),
        ("r1", "BACKUP"),
        ("r2", HAS),
        ("r1", "INIT"),
        ("r1", HAS_NOT),
        ("world", "ends: stop r1 for 5 s"),
    ]


def test_a_killed_daemon_is_handed_over_and_costs_no_answer() -> None:
    outcome = replay("sigkill")

    assert outages(outcome, "client") == []
    assert both_held(holders(outcome, ADDRESS)) == pytest.approx(2 * LINGER, abs=0.01)
    assert order_from(outcome, "crash r1 for 5 s")[:3] == [
        ("r2", "MASTER"),
        ("r2", HAS),
        ("r1", HAS_NOT),
    ]


def test_a_port_that_goes_down_costs_master_down_interval() -> None:
    outcome = replay("power_off")

    assert 0.26 <= longest_outage(outcome).length <= 0.37
    assert order_from(outcome, "link down r1 for 5 s")[:4] == [
        ("r1", HAS_NOT),
        ("r1", "INIT"),
        ("r2", "MASTER"),
        ("r2", HAS),
    ]


@pytest.mark.parametrize(("name", "fault"), [("http_500", "500"), ("http_hang", "hang")])
def test_a_node_with_a_dead_service_releases_in_time_and_returns_after_the_hold_down(
    name: str, fault: str
) -> None:
    outcome = replay(name)
    spans = holders(outcome, ADDRESS)

    assert [span.who for span in spans] == ["r1", "r2", "r1"]
    assert 1.0 <= spans[0].end - 10.0 <= 2.8
    assert spans[1].start - spans[0].end == pytest.approx(0.1219, abs=0.01)
    assert longest_outage(outcome).length == pytest.approx(0.1219, abs=0.01)
    assert both_held(spans) == pytest.approx(LINGER, abs=0.005)  # when r1 takes over again
    assert order_from(outcome, f"service r1 every service {fault} for 10 s")[:4] == [
        ("r1", HAS_NOT),
        ("r1", "INIT"),
        ("r2", "MASTER"),
        ("r2", HAS),
    ]
