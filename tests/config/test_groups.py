"""Members of one group are one election: what they must have in common, and what is said."""

import pytest

from pyvrrp.config.report.lint import lint
from tests.config.documents import parsed, problems


def table(name: str, vrid: int, keys: str, group: str = "edge") -> str:
    return f"""
[[virtual_router]]
name = "{name}"
interface = "{name}0"
vrid = {vrid}
addresses = ["192.0.2.{vrid}/24"]
group = "{group}"
{keys}
"""


def group(first: str, second: str) -> str:
    return table("lan", 51, first) + table("wan", 52, second)


WHERE = 'in "lan": members of the group "edge" move as one'


def wrong(first: str, second: str, node: str = "n1") -> list[str]:
    return problems(group(first, second), node=node)


def test_members_that_agree_are_one_group() -> None:
    nodes = 'nodes = ["n1", "n2"]'
    found = parsed(group(nodes, nodes), node="n2").virtual_routers
    assert [(router.group, router.priority) for router in found] == [("edge", 244), ("edge", 244)]


def test_the_same_order_may_be_written_in_two_ways() -> None:
    assert wrong('nodes = ["n1", "n2"]', "priority = { n2 = 244, n1 = 254 }") == []


@pytest.mark.parametrize("node", ["n1", "n2", "n3"])
def test_opposite_priorities_are_refused_on_every_node_with_both_members_and_all_nodes_named(
    node: str,
) -> None:
    first = "priority = { n1 = 200, n2 = 100, n3 = 50 }"
    second = "priority = { n1 = 100, n2 = 200, n3 = 50 }"
    at = 'virtual_router[1] "wan".priority: '
    assert wrong(first, second, node) == [
        f"{at}n1 has priority 100 here and priority 200 {WHERE}",
        f"{at}n2 has priority 200 here and priority 100 {WHERE}",
    ]


def test_a_node_that_one_member_lists_and_another_one_does_not_is_refused() -> None:
    assert wrong('nodes = ["n1", "n2"]', 'nodes = ["n1"]') == [
        f'virtual_router[1] "wan".nodes: n2 has no priority here and priority 244 {WHERE}'
    ]


def test_numbers_that_differ_are_refused() -> None:
    assert wrong("priority = 150", "") == [
        f'virtual_router[1] "wan".priority: is 100 here and 150 {WHERE}'
    ]


def test_a_number_beside_names_is_refused_as_nobody_can_compare_them() -> None:
    [problem] = wrong('nodes = ["n1", "n2"]', "priority = 254")
    assert problem.startswith('virtual_router[1] "wan".priority: names the nodes in one place and')


@pytest.mark.parametrize(
    ("first", "second", "problem"),
    [
        ("preempt = false", "", "preempt: is true here and false"),
        ('preempt_delay = "5s"', "", "preempt_delay: is 0s here and 5s"),
    ],
)
def test_members_that_would_elect_otherwise_are_refused(
    first: str, second: str, problem: str
) -> None:
    assert wrong(first, second) == [f'virtual_router[1] "wan".{problem} {WHERE}']


def test_weights_of_checks_must_be_the_same() -> None:
    check = '\n[check.web]\ntcp = "127.0.0.1:80"\n'
    weighted = 'checks = [{ name = "web", weight = -20 }]'
    assert problems(group(weighted, weighted) + check) == []
    assert problems(group(weighted, 'checks = ["web"]') + check) == [
        f'virtual_router[1] "wan".checks: the weights are none here and web -20 {WHERE}'
    ]


def test_checks_without_weight_may_differ_as_one_fence_is_the_fence_of_all() -> None:
    check = '\n[check.web]\ntcp = "127.0.0.1:80"\n'
    assert problems(group('checks = ["web"]', "") + check) == []


def test_nodes_of_the_same_priority_are_refused_in_a_group() -> None:
    ties = "priority = { n1 = 100, n2 = 100 }"
    [problem] = problems(table("lan", 51, ties), node="n1")
    assert problem.startswith(
        'virtual_router[0] "lan".priority: n1 and n2 have the same priority, 100'
    )


def test_two_groups_have_nothing_to_do_with_each_other() -> None:
    first = table("lan", 51, 'nodes = ["n1", "n2"]')
    second = table("wan", 52, 'nodes = ["n2", "n1"]', group="core")
    assert problems(first + second, node="n1") == []


def test_a_group_of_one_and_intervals_that_differ_deserve_a_second_look() -> None:
    alone = parsed(table("lan", 51, ""))
    assert 'virtual_router "lan".group: is the only one of the group "edge" on this node' in [
        str(warning) for warning in lint(alone)
    ]
    uneven = parsed(group("", 'advertisement_interval = "2s"'))
    assert any("takes over when the slowest may" in str(warning) for warning in lint(uneven))


def test_one_table_of_two_families_may_be_a_group_of_its_own() -> None:
    document = table("web", 51, "").replace("/24", '/24", "2001:db8::1/64", "fe80::51/64')
    configuration = parsed(document)
    assert [router.group for router in configuration.virtual_routers] == ["edge", "edge"]
    assert not any(".group" in str(warning) for warning in lint(configuration))


def test_one_lease_is_that_of_all_members_and_a_second_one_is_refused() -> None:
    leases = """
[check.one]
lease = "http://192.0.2.7:2379"
[check.two]
lease = "http://192.0.2.7:2379"
"""
    assert problems(group('checks = ["one"]', "") + leases) == []
    assert problems(group('checks = ["one"]', 'checks = ["two"]') + leases) == [
        (
            'virtual_router[1] "wan".checks[0]: the group has the lease of "lan" already; '
            "one is for all"
        )
    ]


def test_a_group_has_no_last_resort() -> None:
    check = '\n[check.web]\ntcp = "127.0.0.1:80"\n'
    [problem] = problems(group('checks = ["web"]\nwhen_all_fail = "last-resort"', "") + check)
    assert problem.startswith('virtual_router[0] "lan".when_all_fail: cannot be "last-resort" in a')
