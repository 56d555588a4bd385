"""How much of what invariants speak of is judged; the documentation lists what is not."""

from pathlib import Path

import pytest

from pyvrrp.simulator.judges.rules.invariants import InvariantName
from pyvrrp.simulator.judges.rules.shares import Share, Shares, Suspension
from pyvrrp.simulator.random.campaign import campaign
from pyvrrp.simulator.simulate import simulate
from pyvrrp.units import SECOND
from tests.simulator.scenarios import ROUTER, fault, scenario

ENOUGH_TIME = 10 * SECOND
ENOUGH_CASES = 20
DOCUMENTATION = Path(__file__).parents[2] / "docs" / "simulator.md"


def test_a_share_tells_what_was_judged_and_why_the_rest_was_not() -> None:
    shares = Shares()
    shares.lasted([(InvariantName.SERVED, None)], 97 * SECOND)
    shares.lasted([(InvariantName.SERVED, Suspension.KEY)], 3 * SECOND)

    share = shares.share(InvariantName.SERVED)

    assert share.part == 0.97
    assert str(share) == "somebody-holds: 97.0 % of 100 s, key-elsewhere 3.0 %"
    assert share.as_values() == {
        "invariant": "somebody-holds",
        "judged": 0.97,
        "of": 100.0,
        "unit": "s",
        "suspended": {"key-elsewhere": 3.0},
    }


def test_where_nothing_happened_there_is_no_share() -> None:
    share = Shares().share(InvariantName.EXCLUSIVE)

    assert share == Share(InvariantName.EXCLUSIVE, 0, {}, lasts=False)
    assert share.part is None
    assert str(share) == "never-on-two-nodes: nothing happened that it speaks of"


def test_shares_of_several_runs_are_those_of_all_their_time() -> None:
    one, other = Shares(), Shares()
    one.case(InvariantName.TAKEOVER)
    other.case(InvariantName.TAKEOVER)
    other.lasted([(InvariantName.FENCED, Suspension.ENDLESS)], SECOND)

    one.add(other)

    assert str(one.share(InvariantName.TAKEOVER)) == "takeover-is-due: 100.0 % of 2 cases"
    assert one.lowest().name is InvariantName.FENCED


def share_of_a_fenced_node_with_a_stubborn_kernel(lease: str) -> Share:
    faults = fault("10s", "kernel_refuses", "n1", for_="20s")
    faults += fault("12s", "service", "n1", for_="20s", check="web", state="500")
    world = scenario(faults, router=f'{ROUTER}lease = "{lease}"\n', fenced=True)
    return simulate(world, detailed=False).shares.share(InvariantName.FENCED)


def test_a_kernel_that_refuses_is_judged_by_the_address_lease() -> None:
    leased = share_of_a_fenced_node_with_a_stubborn_kernel("auto")
    endless = share_of_a_fenced_node_with_a_stubborn_kernel("off")

    assert leased.judged > 0
    assert leased.suspended == {}
    assert list(endless.suspended) == [Suspension.ENDLESS]


def test_the_documentation_lists_exactly_the_suspensions_that_there_are() -> None:
    text = DOCUMENTATION.read_text()
    table = text.partition("## What is not judged")[2].partition("## Random scenarios")[0]
    listed = [line.split("`")[1] for line in table.splitlines() if line.startswith("| `")]

    assert listed == list(Suspension)


@pytest.mark.slow
@pytest.mark.parametrize("only", [(), ("lease",), ("resources",)])
def test_of_what_every_invariant_speaks_of_95_percent_is_judged(only: tuple[str, ...]) -> None:
    result = campaign(70_000, 150, 3, jobs=2, only=only)

    for share in result.shares.all():
        # Of a few seconds or cases, a part says nothing.
        if share.whole >= (ENOUGH_TIME if share.lasts else ENOUGH_CASES):
            assert share.part is not None
            assert share.part >= 0.95, str(share)
