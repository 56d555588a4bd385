"""What the tests of the simulator have in common."""

from multiprocessing import resource_tracker

import pytest


@pytest.fixture(scope="module", autouse=True)
def tracker_that_stays() -> None:
    """Start what a pool of processes keeps until this process ends, so no test has left it."""
    resource_tracker.ensure_running()
