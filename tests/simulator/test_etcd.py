"""The lease in etcd in the simulator: its promise holds, and a mistake that breaks it is found."""

import pytest

from pyvrrp.ports import Found, Grant, Granted, Look, Revoke, Unanswered, Write
from pyvrrp.simulator.judges.rules.invariants import InvariantName
from pyvrrp.simulator.random import scenarios as swarm
from pyvrrp.simulator.report.result import SimulationResult
from pyvrrp.simulator.scenario.scenario import Scenario
from pyvrrp.simulator.simulate import simulate
from pyvrrp.simulator.world.etcd.store import EtcdStore
from pyvrrp.units import SECOND
from tests.simulator.scenarios import ROUTER, fault, holding, overlap, scenario

LEASED = (
    ROUTER
    + """
checks = ["cluster"]
[configuration.check.cluster]
lease = "http://etcd:2379"
ttl = "10s"
"""
)
APART = [["n1"], ["n2"]]


def leased(*faults: str, nodes: int = 2, top: str = "") -> Scenario:
    return scenario("".join(faults), nodes=nodes, router=LEASED, top=top)


def first(outcome: SimulationResult, node: str) -> tuple[float, float]:
    return holding(outcome, node)[0]


def test_a_partition_has_one_holder_where_without_a_lease_it_has_two() -> None:
    cut = fault("10s", "partition", groups=APART, for_="20s")

    plain, safe = simulate(scenario(cut)), simulate(leased(cut))

    assert overlap(holding(plain, "n1"), holding(plain, "n2")) > 10
    assert overlap(holding(safe, "n1"), holding(safe, "n2")) == 0
    assert holding(safe, "n2") == []
    assert safe.good


def test_a_holder_that_is_cut_off_from_etcd_lets_go_before_the_other_takes_over() -> None:
    outcome = simulate(leased(fault("10s", "etcd", "n1", for_="25s")))

    assert 14.3 < first(outcome, "n1")[1] < 16.5
    assert 17.9 < first(outcome, "n2")[0] < 20.6
    assert outcome.good


def test_without_etcd_no_node_holds_and_when_it_is_back_one_does_within_the_ttl() -> None:
    outcome = simulate(leased(fault("10s", "etcd", for_="12s"), top='duration = "60s"'))

    held = sorted([*holding(outcome, "n1"), *holding(outcome, "n2")])
    assert held[0][1] < 16.5
    assert 22 < held[1][0] < 33
    assert outcome.good


def test_a_stopped_process_has_lost_its_address_before_its_key() -> None:
    outcome = simulate(leased(fault("10s", "freeze", "n1", for_="15s")))

    assert first(outcome, "n1")[1] < 12.6
    assert first(outcome, "n2")[0] > 17.9
    assert outcome.good


def test_a_better_node_has_its_address_back_after_its_key_was_free() -> None:
    crash = fault("10s", "crash", "n1", for_="15s")
    outcome = simulate(leased(crash, top='duration = "60s"'))

    assert len(holding(outcome, "n1")) == 2
    assert 28 < holding(outcome, "n1")[1][0] < 34
    assert outcome.good


def test_a_machine_that_wakes_up_is_excused_and_no_longer_than_it_takes() -> None:
    for hidden in (False, True):
        outcome = simulate(leased(fault("10s", "suspend", "n1", for_="20s", hidden=hidden)))

        both = overlap(holding(outcome, "n1"), holding(outcome, "n2"))
        # The kernel of the suspended machine has the address all the time, and does not answer.
        assert 10 < both < 20
        assert outcome.good


def test_two_holders_are_found_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    too_long = lambda ttl, *_: ttl * 3 * SECOND  # noqa: E731 - one wrong sum
    monkeypatch.setattr("pyvrrp.runtime.etcd_lease.lease.holding_time", too_long)
    cut = fault("10s", "partition", groups=APART, for_="20s")

    outcome = simulate(leased(cut, fault("10s", "etcd", "n1", for_="25s")))

    seen = [v.at for v in outcome.violations if v.invariant is InvariantName.NEVER_TWO]
    assert seen
    assert seen[0] < 21 * SECOND


def test_a_holding_time_without_margin_is_found_when_the_process_is_stopped_at_its_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    cut = fault("10s", "partition", groups=APART, for_="25s")
    away = fault("10s", "etcd", "n1", for_="25s")
    stopped = fault("19.4s", "freeze", "n1", for_="10s")
    monkeypatch.setattr(
        "pyvrrp.runtime.etcd_lease.lease.holding_time", lambda ttl, *_: ttl * SECOND
    )

    wrong = simulate(leased(cut, away, stopped))
    monkeypatch.undo()
    right = simulate(leased(cut, away, stopped))

    assert InvariantName.NEVER_TWO in {violation.invariant for violation in wrong.violations}
    assert right.good


@pytest.mark.slow
def test_one_in_five_random_scenarios_has_a_lease_and_none_of_them_two_holders() -> None:
    scenarios = [swarm.random_scenario(seed, 3) for seed in range(60)]
    with_lease = [s for s in scenarios if s.nodes[0].configuration.virtual_routers[0].is_exclusive]

    assert 5 <= len(with_lease) <= 20
    for random_one in with_lease:
        assert not simulate(random_one, detailed=False).violations, random_one.name


def test_a_lease_changes_nothing_in_the_scenarios_that_have_none() -> None:
    scenarios = [swarm.random_scenario(seed, 3) for seed in range(30)]
    for random_one in scenarios:
        kinds = {str(fault.kind) for fault in random_one.faults}
        exclusive = random_one.nodes[0].configuration.virtual_routers[0].is_exclusive
        assert exclusive or "etcd" not in kinds


def test_the_store_writes_a_key_only_at_the_revision_that_the_request_names() -> None:
    store = EtcdStore()
    assert store.apply(Grant(1, 10), 0) == Granted(10)
    first_write = store.apply(Write("k", b"a", 1, 0), 0)
    assert isinstance(first_write, Found)
    assert first_write.record is not None
    second = store.apply(Write("k", b"b", 1, 0), 0)
    assert isinstance(second, Found)
    assert (second.written, second.record) == (False, first_write.record)
    third = store.apply(Write("k", b"b", 1, first_write.record.revision), 0)
    assert isinstance(third, Found)
    assert third.written


def test_the_store_ends_a_lease_with_its_keys_and_no_others() -> None:
    store = EtcdStore()
    store.apply(Grant(1, 10), 0)
    store.apply(Grant(2, 20), 0)
    store.apply(Write("a", b"", 1, None), 0)
    store.apply(Write("b", b"", 1, None), 0)
    store.apply(Write("b", b"", 2, None), 0)
    assert store.apply(Look("a"), 10 * SECOND) == Found(None)
    assert store.keys.keys() == {"b"}
    store.apply(Revoke(2), 11 * SECOND)
    assert store.keys == {}
    assert isinstance(store.apply(Write("a", b"", 2, None), 11 * SECOND), Unanswered)


def test_a_new_leader_counts_every_lease_anew() -> None:
    store = EtcdStore()
    store.apply(Grant(1, 10), 0)
    store.apply(Write("a", b"", 1, None), 0)
    store.begin_anew(8 * SECOND)
    store.expire(17 * SECOND)
    assert "a" in store.keys
    store.expire(18 * SECOND)
    assert store.keys == {}
