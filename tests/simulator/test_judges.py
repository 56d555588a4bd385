"""The judges are told everything, and judge nothing less because they judge it only when due."""

from pyvrrp.simulator.judges.judges import Judges
from pyvrrp.simulator.world.observer import WorldObserver


def test_the_judges_hear_everything_that_a_world_tells() -> None:
    told = {name for name in vars(WorldObserver) | inherited() if not name.startswith("_")}
    assert len(told) > 20
    assert told <= vars(Judges).keys()


def inherited() -> dict[str, object]:
    return {
        name: value for base in WorldObserver.__mro__[:-1] for name, value in vars(base).items()
    }
