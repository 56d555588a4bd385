"""What the members of one group must have in common, and the problems and warnings otherwise."""

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


WHERE = 'in "lan": members of the group "edge" move together'


def wrong(first: str, second: str, node: str = "n1") -> list[str]:
    return problems(group(first, second), node=node)


def test_members_with_the_same_order_of_nodes_are_accepted() -> None:
    nodes = 'nodes = ["n1", "n2"]'
    found = parsed(group(nodes, nodes), node="n2").virtual_routers
    assert [(router.group, router.priority) for router in found] == [("edge", 244), ("edge", 244)]


def test_members_may_write_the_same_order_in_two_ways() -> None:
    assert wrong('nodes = ["n1", "n2"]', "priority = { n2 = 244, n1 = 254 }") == []


@pytest.mark.parametrize("node", ["n1", "n2", "n3"])
def test_opposite_priorities_are_refused_on_every_node_and_the_problem_names_nodes_and_members(
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


def test_different_numbers_are_refused() -> None:
    assert wrong("priority = 150", "") == [
        f'virtual_router[1] "wan".priority: is 100 here and 150 {WHERE}'
    ]


def test_a_number_in_one_member_and_nodes_in_another_one_are_refused() -> None:
    [problem] = wrong('nodes = ["n1", "n2"]', "priority = 254")
    assert problem.startswith('virtual_router[1] "wan".priority: names nodes in one of the tables')


@pytest.mark.parametrize(
    ("first", "second", "problem"),
    [
        ("preempt = false", "", "preempt: is true here and false"),
        ('preempt_delay = "5s"', "", "preempt_delay: is 0s here and 5s"),
    ],
)
def test_different_preemption_is_refused(first: str, second: str, problem: str) -> None:
    assert wrong(first, second) == [f'virtual_router[1] "wan".{problem} {WHERE}']


def test_weights_of_checks_must_be_the_same() -> None:
    check = '\n[check.web]\ntcp = "127.0.0.1:80"\n'
    weighted = 'checks = [{ name = "web", weight = -20 }]'
    assert problems(group(weighted, weighted) + check) == []
    assert problems(group(weighted, 'checks = ["web"]') + check) == [
        f'virtual_router[1] "wan".checks: the weights are none here and web -20 {WHERE}'
    ]


def test_checks_without_a_weight_may_differ() -> None:  # one closed fence fences all members
    check = '\n[check.web]\ntcp = "127.0.0.1:80"\n'
    assert problems(group('checks = ["web"]', "") + check) == []


def test_nodes_with_the_same_priority_are_refused_in_a_group() -> None:
    ties = "priority = { n1 = 100, n2 = 100 }"
    [problem] = problems(table("lan", 51, ties), node="n1")
    assert problem.startswith(
        'virtual_router[0] "lan".priority: n1 and n2 have the same priority, 100'
    )


def test_two_groups_may_differ() -> None:
    first = table("lan", 51, 'nodes = ["n1", "n2"]')
    second = table("wan", 52, 'nodes = ["n2", "n1"]', group="core")
    assert problems(first + second, node="n1") == []


def test_a_group_of_one_member_and_different_intervals_get_a_warning() -> None:
    alone = parsed(table("lan", 51, ""))
    assert 'virtual_router "lan".group: is the only member of the group "edge" on this node' in [
        str(warning) for warning in lint(alone)
    ]
    different = parsed(group("", 'advertisement_interval = "2s"'))
    assert any("takes over as late as the member" in str(warning) for warning in lint(different))


def test_a_table_with_both_families_may_be_a_group_of_its_own() -> None:
    document = table("web", 51, "").replace("/24", '/24", "2001:db8::1/64", "fe80::51/64')
    configuration = parsed(document)
    assert [router.group for router in configuration.virtual_routers] == ["edge", "edge"]
    assert not any(".group" in str(warning) for warning in lint(configuration))


def test_a_second_lease_of_a_group_is_refused() -> None:
    leases = """
[check.one]
lease = "http://192.0.2.7:2379"
[check.two]
lease = "http://192.0.2.7:2379"
"""
    assert problems(group('checks = ["one"]', "") + leases) == []
    assert problems(group('checks = ["one"]', 'checks = ["two"]') + leases) == [
        (
            'virtual_router[1] "wan".checks[0]: the group has the lease of "lan" already, '
            "which is for all members"
        )
    ]


def test_a_last_resort_is_refused_in_a_group() -> None:
    check = '\n[check.web]\ntcp = "127.0.0.1:80"\n'
    [problem] = problems(group('checks = ["web"]\nwhen_all_fail = "last-resort"', "") + check)
    assert problem.startswith('virtual_router[0] "lan".when_all_fail: cannot be "last-resort" in a')
