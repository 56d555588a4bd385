"""A short run of each target, always the same. `python -m tests.fuzz` runs longer ones."""

import pytest

from tests.fuzz.engine import fuzz
from tests.fuzz.targets import TARGETS

SEED = 20261128
EXECUTIONS = 400  # a second or so on an idle machine
SLOW = {"heartbeat": 60, "keepalived": 60}


@pytest.mark.parametrize("name", TARGETS)
def test_no_input_raises_hangs_or_fills_the_memory(name: str) -> None:
    executions = SLOW.get(name, EXECUTIONS)
    outcome = fuzz(TARGETS[name], SEED, executions=executions)
    assert [failure.what for failure in outcome.failures] == []
    assert outcome.executions >= executions
    assert outcome.is_good, f"the memory grew by {outcome.growth} octets"
