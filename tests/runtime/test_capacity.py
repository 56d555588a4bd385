"""``max_held``: a crowded node leaves a claim to others, and serves if there are none."""

import tomllib

from hypothesis import given, settings
from hypothesis import strategies as st

from pyvrrp.config.parse import parse
from pyvrrp.config.report.placement import place, services
from tests.support.nodes import Nodes

WEB, DB, MAIL = "192.0.2.101/24", "192.0.2.102/24", "192.0.2.103/24"


def document(*orders: str, head: str = "max_held = 1") -> str:
    tables = [
        f"""
[[virtual_router]]
name = "{name}"
interface = "eth0"
vrid = {vrid}
addresses = ["192.0.2.{vrid + 50}/24"]
advertisement_interval = "100ms"
nodes = [{order}]
"""
        for (name, vrid), order in zip(
            (("web", 51), ("db", 52), ("mail", 53)), orders, strict=False
        )
    ]
    return head + "".join(tables)


THREE = document('"n1", "n2", "n3"', '"n2", "n1", "n3"')


def test_with_room_nothing_is_different() -> None:
    nodes = Nodes(THREE, ["n1", "n2", "n3"])
    nodes.boot()
    nodes.run(2)
    assert (nodes.holders(WEB), nodes.holders(DB)) == (["n1"], ["n2"])
    assert nodes["n1"].events("claim_deferred") == []


def test_a_node_without_room_leaves_a_second_one_to_a_third_node() -> None:
    nodes = Nodes(THREE, ["n1", "n2", "n3"])
    nodes.boot()
    nodes.run(2)
    nodes.die("n2")
    nodes.run(0.2)
    assert nodes.holders(DB) == []
    nodes.run(0.2)
    # n3 was last in the order, and has taken it within its own Master_Down_Interval.
    assert (nodes.holders(WEB), nodes.holders(DB)) == (["n1"], ["n3"])
    [deferred] = nodes["n1"].events("claim_deferred")
    assert deferred.fields == {"held": 1, "most": 1}
    nodes.run(10)
    assert nodes.holders(DB) == ["n3"]  # it is left alone although n1 is preferred to it
    assert nodes["n1"].router("db").waits_for == "another node to take it: here are 1 of at most 1"
    assert nodes["n1"].router("db").counters.get("claims_deferred") == 1


def test_the_only_node_takes_everything_one_master_down_interval_later() -> None:
    nodes = Nodes(THREE, ["n1", "n2", "n3"])
    nodes.boot()
    nodes.run(2)
    nodes.die("n2", "n3")
    nodes.run(0.5)
    assert nodes.holders(DB) == []
    nodes.run(0.2)
    assert (nodes.holders(WEB), nodes.holders(DB)) == (["n1"], ["n1"])


def test_of_nodes_that_all_are_full_the_most_preferred_one_takes_it() -> None:
    text = document('"n1", "n2"', '"n2", "n1"', '"n3", "n2", "n1"')
    nodes = Nodes(text, ["n1", "n2", "n3"])
    nodes.boot()
    nodes.run(2)
    nodes.die("n3")
    nodes.run(1)
    assert nodes.holders(MAIL) == ["n2"]
    assert nodes.holders(WEB) == ["n1"]


def test_when_there_is_room_again_it_takes_back_what_it_is_preferred_for() -> None:
    nodes = Nodes(THREE, ["n1", "n2", "n3"])
    nodes.boot()
    nodes.run(2)
    nodes.die("n2")
    nodes.run(2)
    assert nodes.holders(DB) == ["n3"]
    nodes["n1"].router("web").drain(drained=True)
    nodes.run(2)
    assert nodes.holders(DB) == ["n1"]
    assert nodes.holders(WEB) == ["n3"]


def test_a_full_node_that_has_waited_for_long_still_leaves_it_to_one_with_room() -> None:
    text = document('"n1", "n2"', '"n2", "n1", "n3", "n4"')
    nodes = Nodes(text, ["n1", "n2", "n3", "n4"])
    nodes.boot()
    nodes.run(2)
    nodes.die("n2")
    nodes.run(5)
    assert nodes.holders(DB) == ["n3"]
    nodes.die("n3")
    nodes.run(1)
    assert nodes.holders(DB) == ["n4"]  # n1 is better, was waiting already, and is full


def test_a_release_is_waited_for_once_only() -> None:
    nodes = Nodes(THREE, ["n1", "n2", "n3"])
    nodes.boot()
    nodes.run(2)
    nodes.die("n3")
    nodes.leave("n2")
    nodes.run(0.28)
    assert nodes.holders(DB) == []
    nodes.run(0.1)
    assert nodes.holders(DB) == ["n1"]


def test_a_deferred_claim_that_somebody_else_has_made_is_forgotten() -> None:
    nodes = Nodes(THREE, ["n1", "n2", "n3"])
    nodes.boot()
    nodes.run(2)
    nodes.die("n2")
    nodes.run(2)
    nodes.boot("n2")
    nodes.run(2)
    assert nodes.holders(DB) == ["n2"]
    assert nodes["n1"].router("db").waits_for == ""


def test_a_group_and_the_families_of_one_name_count_once() -> None:
    grouped = document('"n1", "n2"', '"n1", "n2"', '"n2", "n1"', head="max_held = 1").replace(
        'nodes = ["n1", "n2"]', 'nodes = ["n1", "n2"]\ngroup = "edge"'
    )
    nodes = Nodes(grouped, ["n1", "n2"])
    nodes.boot()
    nodes.run(2)
    assert (nodes.holders(WEB), nodes.holders(DB), nodes.holders(MAIL)) == (
        ["n1"],
        ["n1"],
        ["n2"],
    )
    assert nodes["n1"].supervisor.held_here() == {"group edge"}


FOUR = ("n1", "n2", "n3", "n4")
orders = st.lists(st.permutations(FOUR), min_size=2, max_size=3)


@settings(max_examples=25, deadline=None)
@given(orders=orders, failed=st.sampled_from(FOUR))
def test_after_any_one_failure_it_is_as_planned(orders: list[list[str]], failed: str) -> None:
    text = document(*(", ".join(f'"{node}"' for node in order) for order in orders))
    configuration = parse(tomllib.loads(text), "file", node=None, hostname="x", any_node=True)
    planned = services(configuration)
    nodes = Nodes(text, FOUR)
    nodes.boot()
    nodes.run(4)
    addresses = (WEB, DB, MAIL)[: len(orders)]
    assert [nodes.holders(a) for a in addresses] == [[n] for n in place(planned, (), 1).values()]
    nodes.die(failed)
    nodes.run(4)
    after = place(planned, (failed,), 1).values()
    assert [nodes.holders(a) for a in addresses] == [[node] for node in after]
