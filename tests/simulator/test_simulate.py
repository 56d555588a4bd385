"""What a simulated cluster does, with numbers that follow from the protocol."""

import pytest

from pyvrrp.simulator.judges.rules.invariants import InvariantName
from pyvrrp.simulator.report.result import SimulationResult
from pyvrrp.simulator.simulate import simulate
from pyvrrp.units import SECOND
from tests.simulator.scenarios import fault, holding, overlap, scenario, transitions


def test_the_highest_priority_takes_the_address_after_its_master_down_interval() -> None:
    outcome = simulate(scenario())

    # 3 s and (256 - 150) / 256 s.
    assert transitions(outcome, "n1") == [(0.0, "BACKUP"), (3.4, "MASTER")]
    assert transitions(outcome, "n2") == [(0.0, "BACKUP")]
    assert outcome.good


def test_a_killed_daemon_without_guardian_loses_its_address_with_the_lease() -> None:
    cold = "guardian = false"
    document = scenario(fault("10s", "crash", "n1")).nodes[0].configuration
    assert document.guardian

    from_file = scenario(
        fault("10s", "crash", "n1"), router=f"[configuration]\n{cold}\n" + _ROUTER_INSIDE
    )
    outcome = simulate(from_file)

    (held,) = holding(outcome, "n1")
    assert 11.5 <= held[1] <= 12.51
    assert overlap(holding(outcome, "n1"), holding(outcome, "n2")) == 0
    assert outcome.good


def test_the_guardian_of_a_killed_daemon_has_the_address_until_the_successor_announced_it() -> None:
    outcome = simulate(scenario(fault("10s", "crash", "n1")))

    (held,) = holding(outcome, "n1")
    # The successor waits for Skew_Time of priority 100, 609 ms. 50 ms later the address goes.
    assert 10.65 < held[1] < 10.67
    assert outcome.good


def test_a_stopped_process_loses_its_address_and_comes_back_as_a_backup() -> None:
    outcome = simulate(scenario(fault("10s", "freeze", "n1", for_="8s")))

    assert (18.0, "BACKUP") in transitions(outcome, "n1")
    # When n1 takes over again, n2 goes on answering for 50 ms.
    assert overlap(holding(outcome, "n1"), holding(outcome, "n2")) == pytest.approx(0.05, abs=0.01)
    assert outcome.good


def test_a_backup_that_was_stopped_reads_its_socket_before_it_acts_on_its_deadline() -> None:
    for seed in range(4):
        outcome = simulate(
            scenario(fault("10s", "freeze", "n2", for_="8s"), top=f'seed = {seed}\nduration="30s"')
        )
        assert transitions(outcome, "n2") == [(0.0, "BACKUP")]
        assert outcome.good


def test_a_dead_service_moves_the_address_within_fall_times_interval_and_the_timeout() -> None:
    outcome = simulate(scenario(fault("10s", "service", "n1", state="hang"), fenced=True))

    (held,) = holding(outcome, "n1")
    assert 10.8 <= held[1] <= 12.81
    assert holding(outcome, "n2")[0][0] - held[1] == pytest.approx(0.61, abs=0.01)  # Skew_Time
    assert outcome.good


def test_both_halves_of_a_cut_network_serve_and_the_lower_one_yields_when_it_heals() -> None:
    cut = fault("10s", "partition", groups=[["n1"], ["n2", "client"]], for_="10s")
    outcome = simulate(scenario(cut))

    first, second = holding(outcome, "n1"), holding(outcome, "n2")
    assert overlap(first, second) == pytest.approx(7.3, abs=1.1)
    assert second[-1][1] < 21.01
    assert outcome.good
    answers = [e.fields["answered_by"] for e in outcome.trace if e.what == "client"]
    assert answers[-1] == "n1"


def test_one_way_loss_makes_two_masters_and_no_invariant_forbids_it() -> None:
    cut = fault("10s", "partition", groups=[["n1"], ["n2"]], one_way=True, for_="20s")
    outcome = simulate(scenario(cut))

    # VRRP alone cannot avoid it: n2 does not hear n1, and n1 can only announce again.
    assert overlap(holding(outcome, "n1"), holding(outcome, "n2")) > 10
    assert outcome.good


def test_a_refusing_kernel_makes_a_master_give_up_and_another_take_over() -> None:
    outcome = simulate(scenario(fault("10s", "kernel_refuses", "n1", for_="5s")))

    assert any(state == "MASTER" for _, state in transitions(outcome, "n2"))
    assert outcome.good


def test_a_stopped_daemon_answers_until_its_successor_has_announced_itself() -> None:
    outcome = simulate(scenario(fault("10s", "stop", "n1")))

    (mine,), (theirs,) = holding(outcome, "n1"), holding(outcome, "n2")
    assert theirs[0] == pytest.approx(10.61, abs=0.01)  # Skew_Time
    assert mine[1] == pytest.approx(10.66, abs=0.01)
    assert _unanswered(outcome) == 0
    assert outcome.good


def test_a_stopped_daemon_without_a_successor_leaves_when_its_wait_is_over() -> None:
    outcome = simulate(scenario(fault("10s", "stop", "n1"), nodes=1))

    # Skew_Time of priority 1 and an interval.
    assert holding(outcome, "n1")[0][1] == pytest.approx(11.996, abs=0.01)
    assert outcome.good


def test_a_drained_node_comes_back_when_it_is_undrained_and_not_before() -> None:
    faults = fault("10s", "drain", "n1") + fault("15s", "stop", "n1", for_="2s")
    outcome = simulate(scenario(faults + fault("30s", "undrain", "n1")))

    assert transitions(outcome, "n1")[-2:] == [(30.0, "BACKUP"), (33.4, "MASTER")]
    assert _unanswered(outcome) == 0
    assert outcome.good


def test_a_node_that_resigned_leaves_the_address_where_it_is() -> None:
    outcome = simulate(scenario(fault("10s", "resign", "n1")))

    assert transitions(outcome, "n1")[-1] == (10.6, "BACKUP")
    assert holding(outcome, "n2")[0][1] == 40.0
    assert _unanswered(outcome) == 0
    assert outcome.good


def test_a_node_that_resigns_without_a_successor_stays_master() -> None:
    outcome = simulate(scenario(fault("10s", "resign", "n1"), nodes=1))

    ((since, until),) = holding(outcome, "n1")
    assert (round(since, 1), until) == (3.4, 40.0)
    assert outcome.good


def test_an_operator_moves_the_address_with_a_priority_and_back() -> None:
    faults = fault("10s", "priority", "n2", priority=200, for_="10s")
    outcome = simulate(scenario(faults))

    assert transitions(outcome, "n2")[1:] == [(12.6, "MASTER"), (23.0, "BACKUP")]
    assert _unanswered(outcome) == 0
    assert outcome.good


def test_members_of_a_group_move_together_when_one_of_them_has_no_link() -> None:
    group = """
[[configuration.virtual_router]]
name = "lan"
interface = "eth0"
vrid = 51
addresses = ["192.0.2.100/24"]
priority = { n1 = 150, n2 = 100 }
group = "edge"
[[configuration.virtual_router]]
name = "wan"
interface = "eth1"
vrid = 52
addresses = ["198.51.100.100/24"]
priority = { n1 = 150, n2 = 100 }
group = "edge"
"""
    down = fault("10s", "link_down", "n1", interface="eth1", for_="10s")
    outcome = simulate(scenario(down, router=group))

    # n1 loses both addresses, although eth0 worked all the time.
    gone = [
        entry.fields["address"]
        for entry in outcome.trace
        if entry.what == "address" and entry.who == "n1" and 9 < entry.at / SECOND < 11
    ]
    assert sorted(map(str, gone)) == ["192.0.2.100/24", "198.51.100.100/24"]
    assert [state for _, state in transitions(outcome, "n2")].count("MASTER") == 2
    assert outcome.good


def _unanswered(outcome: SimulationResult) -> int:
    """Return how often the client lost its answer once it had got one."""
    answers = [e.fields["answered_by"] for e in outcome.trace if e.what == "client"]
    return sum(answer is None for answer in answers[1:])


def test_an_address_that_was_deleted_by_hand_is_back_within_milliseconds() -> None:
    outcome = simulate(scenario(fault("10s", "delete_address", "n1")))

    (_, gone), (back, _) = holding(outcome, "n1")
    assert gone == 10.0
    assert back < 10.005
    assert outcome.good


def test_invalid_packets_change_nothing() -> None:
    outcome = simulate(scenario(fault("10s", "inject", count=200)))

    assert outcome.good
    assert len(transitions(outcome, "n1") + transitions(outcome, "n2")) == 3


def test_a_forged_interval_delays_a_takeover_by_ten_intervals_at_most() -> None:
    forged = fault("10s", "forge", priority=200, interval="40.95s")
    outcome = simulate(scenario(forged, top='duration = "90s"'))

    # n1 sends a last advertisement as it yields, so n2 waits for one ordinary interval only.
    assert holding(outcome, "n2")[0][0] == pytest.approx(13.6, abs=0.1)
    # n1 accepts ten of its own intervals: 3 x 10 s and 106 / 256 of 10 s.
    assert (44.1, "MASTER") in transitions(outcome, "n1")
    assert outcome.good


def test_an_exception_of_the_program_is_a_violation_and_not_a_crash(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def broken(*_anything: object) -> int:
        raise ZeroDivisionError

    monkeypatch.setattr("pyvrrp.virtual_router.transitions.skew_time", broken)
    outcome = simulate(scenario(fault("10s", "stop", "n1")))

    assert [violation.invariant for violation in outcome.violations] == [InvariantName.NO_ERROR]


def test_an_error_that_a_node_survives_is_a_violation_too(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_anything: object) -> int:
        raise ZeroDivisionError

    monkeypatch.setattr("pyvrrp.runtime.links.interface.examine", broken)
    outcome = simulate(scenario())

    broken_ones = {violation.invariant for violation in outcome.violations}
    assert InvariantName.NO_ERROR in broken_ones


_ROUTER_INSIDE = """
[[configuration.virtual_router]]
name = "web"
interface = "eth0"
vrid = 51
addresses = ["192.0.2.100/24"]
priority = { n1 = 150, n2 = 100 }
"""
