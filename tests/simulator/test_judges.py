"""The judges are told everything, and find as much as if they judged at every look."""

import pytest

from pyvrrp.simulator.judges.events.advertisements import AdvertisementJudge
from pyvrrp.simulator.judges.judges import Judges
from pyvrrp.simulator.judges.lasting.rules import LastingRules
from pyvrrp.simulator.random.scenarios import random_scenario
from pyvrrp.simulator.simulate import simulate
from pyvrrp.simulator.world.network.sockets import TrafficObserver
from pyvrrp.simulator.world.observer import WorldObserver


@pytest.mark.parametrize(
    ("observer", "judge"), [(WorldObserver, Judges), (TrafficObserver, AdvertisementJudge)]
)
def test_the_judges_handle_everything_that_a_world_tells_its_observer(
    observer: type, judge: type
) -> None:
    bases = observer.__mro__[:-1]
    told = {name for base in bases for name in vars(base) if not name.startswith("_")}
    assert len(told) >= 5
    assert told <= vars(judge).keys()


BREAKS = {
    "no address is let go": ("runtime.addresses.address_keeper.AddressKeeper.let_go", None),
    "nothing is advertised": ("runtime.links.advertiser.Advertiser.send", None),
    "nobody claims": ("runtime.router.router.Router.ask_concerns", False),
}


@pytest.mark.slow
@pytest.mark.parametrize("mistake", BREAKS)
def test_a_rule_that_is_not_judged_at_a_look_cannot_be_broken_then(
    mistake: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    name, returned = BREAKS[mistake]
    monkeypatch.setattr(f"pyvrrp.{name}", lambda *_: returned)
    scenarios = [random_scenario(seed, 3) for seed in range(6)]
    when_due = [simulate(scenario, detailed=False).violations for scenario in scenarios]

    monkeypatch.setattr(LastingRules, "look", judge_all)
    at_every_look = [simulate(scenario, detailed=False).violations for scenario in scenarios]

    assert sum(map(bool, when_due)) > 1
    assert when_due == at_every_look


def judge_all(rules: LastingRules) -> None:
    for rule in rules._rules:
        rule()
