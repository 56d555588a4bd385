"""A scenario that breaks an invariant is made smaller, and the file of the result breaks it too."""

from dataclasses import replace
from pathlib import Path

import pytest

from pyvrrp.simulator.judges.rules.invariants import InvariantName
from pyvrrp.simulator.random.scenarios import random_scenario
from pyvrrp.simulator.random.shrink import shrink
from pyvrrp.simulator.scenario.fault import FaultKind
from pyvrrp.simulator.scenario.read import load_scenario
from pyvrrp.simulator.scenario.write import write_scenario
from pyvrrp.simulator.simulate import simulate
from tests.simulator.scenarios import fault, scenario


def nothing_is_put_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "pyvrrp.runtime.addresses.address_keeper.AddressKeeper._put_back",
        lambda _address_keeper: None,
    )


def test_only_the_fault_that_matters_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    nothing_is_put_back(monkeypatch)
    faults = [
        fault("6.25s", "duplicate", "client", chance=0.5, for_="9s"),
        fault("7.125s", "wall_step", "n2", by="5h"),
        fault("12.345s", "delete_address", "n1"),
        fault("14.5s", "loss", "n2", chance=0.1, for_="2s"),
        fault("20.5s", "freeze", "n2", for_="1s"),
    ]
    # The lease is so long that no renewal puts the address back in time.
    found = scenario("".join(faults), nodes=3)
    assert InvariantName.PUT_BACK in {v.invariant for v in simulate(found).violations}

    small = shrink(found, InvariantName.PUT_BACK)

    assert [f.kind for f in small.faults] == [FaultKind.DELETE_ADDRESS]
    assert [node.name for node in small.nodes] == ["n1"]
    assert small.clients == ()
    assert small.duration < found.duration
    assert InvariantName.PUT_BACK in {v.invariant for v in simulate(small).violations}


@pytest.mark.slow
def test_a_random_scenario_is_shrunk_written_and_replayed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    nothing_is_put_back(monkeypatch)
    found = next(
        made
        for made in (random_scenario(seed, 3) for seed in range(300))
        if InvariantName.PUT_BACK
        in {v.invariant for v in simulate(made, detailed=False).violations}
    )

    small = shrink(found, InvariantName.PUT_BACK)
    file = tmp_path / "small.toml"
    file.write_text(write_scenario(small))

    assert len(small.faults) == 1
    replayed = simulate(load_scenario(file))
    assert replayed.violations == simulate(small).violations
    assert replayed.violations


def test_a_scenario_that_breaks_nothing_stays_as_it_is() -> None:
    good = scenario(fault("10s", "crash", "n1"))
    assert shrink(good, InvariantName.ONE_HOLDER) == replace(good)
