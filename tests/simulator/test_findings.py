"""Scenarios in which the simulator once found a bug of pyvrrp, or of a judge: they stay fixed."""

from pathlib import Path

import pytest

from pyvrrp.simulator.scenario.read import load_scenario
from pyvrrp.simulator.simulate import simulate
from pyvrrp.units import SECOND, Nanoseconds
from pyvrrp.virtual_router.actions import ReportTransition
from pyvrrp.virtual_router.events import AddressesGone, Shutdown, TimerFired
from pyvrrp.virtual_router.states import Init, Releasing
from pyvrrp.virtual_router.transitions import step
from tests.virtual_router.examples import V3

FINDINGS = sorted((Path(__file__).parent / "findings").glob("*.toml"))


@pytest.mark.parametrize("file", FINDINGS, ids=lambda file: file.stem)
def test_a_bug_that_was_found_once_does_not_come_back(file: Path) -> None:
    assert simulate(load_scenario(file)).violations == ()


def test_there_are_findings() -> None:
    assert FINDINGS


@pytest.mark.parametrize("event", [TimerFired(), AddressesGone()])
def test_a_leaving_master_that_has_stalled_sends_nothing(
    event: TimerFired | AddressesGone,
) -> None:
    leaving = Releasing(adver_at=Nanoseconds(10 * SECOND), reason="fenced by web: HTTP 503")

    state, actions = step(leaving, event, V3, Nanoseconds(14 * SECOND))

    assert state == Init("fenced by web: HTTP 503")
    assert actions == (ReportTransition("MASTER", "INIT", "fenced by web: HTTP 503"),)


def test_a_leaving_master_that_has_stalled_takes_the_newest_reason() -> None:
    leaving = Releasing(adver_at=Nanoseconds(10 * SECOND), reason="fenced by web: HTTP 503")

    state, _ = step(leaving, Shutdown("link down"), V3, Nanoseconds(14 * SECOND))

    assert state == Init("link down")
