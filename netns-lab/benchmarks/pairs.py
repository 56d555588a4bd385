"""A pair of each implementation, to be measured alternately."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager

from experiments.experiment import Experiment
from pyvrrp.testing.errors import BenchError
from results.setting import RouterSpec, Setting

RIVALS = ("pyvrrp", "keepalived")
PATIENCE = 20.0


@contextmanager
def labs(setting: Setting) -> Iterator[Mapping[str, Experiment]]:
    """Both labs at once, started."""
    made = {
        rival: Experiment(rival, setting, (RouterSpec(rival, 200), RouterSpec(rival, 100)))
        for rival in RIVALS
    }
    with ExitStack() as stack:
        for lab in made.values():
            stack.enter_context(lab)
        for lab in made.values():
            lab.start()
        yield made
    # An experiment that is broken off keeps its error for a report; here there is none.
    for lab in made.values():
        if lab.error:
            raise BenchError(lab.error)


def until(condition: Callable[[], bool], patience: float) -> bool:
    """Wait until *condition* is true; False if it is not within *patience* seconds."""
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.005)
    return False
