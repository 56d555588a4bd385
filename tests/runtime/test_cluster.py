"""Several nodes and services, each with its own standbys: who holds what is what is planned."""

import tomllib
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pyvrrp.config.parse import parse
from pyvrrp.config.report.placement import place, services
from tests.support.nodes import Nodes

FOUR = ("n1", "n2", "n3", "n4")


def document(orders: Sequence[Sequence[str]], keys: str = "") -> str:
    return "".join(
        f"""
[[virtual_router]]
name = "s{number}"
interface = "eth0"
vrid = {number}
addresses = ["192.0.2.{100 + number}/24"]
advertisement_interval = "100ms"
nodes = {list(order)}
{keys}
"""
        for number, order in enumerate(orders, start=1)
    )


def address(number: int) -> str:
    return f"192.0.2.{100 + number}/24"


def holders(nodes: Nodes, count: int) -> dict[str, list[str]]:
    return {f"s{number}": nodes.holders(address(number)) for number in range(1, count + 1)}


def planned(text: str, failed: Sequence[str]) -> dict[str, list[str]]:
    configuration = parse(tomllib.loads(text), "file", node=None, hostname="x", any_node=True)
    placed = place(services(configuration), failed)
    return {name: [] if holder is None else [holder] for name, holder in placed.items()}


CLUSTER = document([("n1", "n4", "n2"), ("n2", "n4", "n3"), ("n3", "n1", "n4")])

orders = st.lists(
    st.permutations(FOUR).flatmap(
        lambda nodes: st.integers(2, 4).map(lambda count: tuple(nodes[:count]))
    ),
    min_size=1,
    max_size=4,
).filter(lambda found: {node for order in found for node in order} == set(FOUR))


@pytest.mark.slow
@settings(max_examples=25, deadline=None)
@given(orders=orders, failed=st.sets(st.sampled_from(FOUR), max_size=3))
def test_every_holder_is_the_first_living_node_of_its_list(
    orders: Sequence[Sequence[str]], failed: set[str]
) -> None:
    text = document(orders)
    nodes = Nodes(text, FOUR)
    nodes.boot()
    nodes.run(1)
    assert holders(nodes, len(orders)) == planned(text, ())
    nodes.die(*sorted(failed))
    nodes.run(1)
    assert holders(nodes, len(orders)) == planned(text, sorted(failed))
    nodes.boot(*sorted(failed))
    nodes.run(2)
    assert holders(nodes, len(orders)) == planned(text, ())


@pytest.mark.parametrize("first", FOUR)
@pytest.mark.parametrize("second", FOUR)
def test_any_two_nodes_may_die_and_no_service_moves_twice(first: str, second: str) -> None:
    nodes = Nodes(CLUSTER, FOUR)
    nodes.boot()
    nodes.run(2)
    down = sorted({first, second})
    nodes.die(*down)
    nodes.run(2)
    assert holders(nodes, 3) == planned(CLUSTER, down)
    before = planned(CLUSTER, ())
    for number in range(1, 4):
        moved = [move for move in nodes.moves(address(number), since=2) if move[1] not in down]
        [holder] = nodes.holders(address(number))
        # A renewal by the old holder is no move; a new holder is the only one that took it.
        assert {name for _, name in moved} == {holder}
        if holder not in before[f"s{number}"]:
            # Its own Master_Down_Interval at most: 3 intervals and the skew of 234.
            assert moved[0][0] <= 2 + 0.309 + 0.001


def test_without_preemption_a_node_that_returns_takes_nothing_until_the_holder_resigns() -> None:
    text = document([("n1", "n4", "n2"), ("n2", "n4", "n3"), ("n3", "n1", "n4")], "preempt = false")
    nodes = Nodes(text, FOUR)
    nodes.boot()
    nodes.run(2)
    nodes.die("n1")
    nodes.run(1)
    nodes.boot("n1")
    nodes.run(5)
    assert holders(nodes, 3) == {"s1": ["n4"], "s2": ["n2"], "s3": ["n3"]}
    nodes["n4"].router("s1").resign()
    nodes.run(1)
    assert holders(nodes, 3) == planned(text, ())


@pytest.mark.parametrize("keys", ["", "preempt = false"])
def test_a_rolling_restart_moves_a_service_only_with_its_holder(keys: str) -> None:
    text = document([("n1", "n4", "n2"), ("n2", "n4", "n3"), ("n3", "n1", "n4")], keys)
    nodes = Nodes(text, FOUR)
    nodes.boot()
    nodes.run(2)
    for restarted in FOUR:
        before = holders(nodes, 3)
        began = nodes.clock.now() / 1e9
        nodes.leave(restarted)
        nodes.run(1)
        nodes.boot(restarted)
        nodes.run(2)
        for number in range(1, 4):
            took = {name for _, name in nodes.moves(address(number), since=began)}
            new = took - set(before[f"s{number}"])
            if restarted in before[f"s{number}"]:
                assert len(new) == 1
            else:
                assert not new
                assert holders(nodes, 3)[f"s{number}"] == before[f"s{number}"]
    assert all(len(found) == 1 for found in holders(nodes, 3).values())
    if not keys:
        assert holders(nodes, 3) == planned(text, ())
