"""Settings of all tests, and fixtures that tests of several packages use."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.support.leaks import nothing_left_open

# Whether a test passes must not depend on how busy the machine is, nor on chance: every run tries
# the same examples. `tests/campaign` tries others, and many times as many.
TIMES_AS_MANY = int(os.environ.get("PYVRRP_EXAMPLES", "1"))
settings.register_profile(
    "busy",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    derandomize=TIMES_AS_MANY == 1,
    database=None,
)
settings.load_profile("busy")


@pytest.fixture(autouse=True)
def nothing_stays_open() -> Iterator[None]:
    """Fail a test that leaves a descriptor, thread, process or namespace open."""
    with nothing_left_open():
        yield


@pytest.fixture
def root_only() -> Iterator[Path]:
    """Return a directory below which only root can write. Directories below /tmp are not so."""
    path = Path(tempfile.mkdtemp(dir="/var/lib", prefix="pyvrrp-test-"))
    path.chmod(0o755)
    try:
        yield path
    finally:
        shutil.rmtree(path)


def try_more_examples(item: pytest.Function) -> None:
    """Have a property test try many times as many examples, by chance."""
    # A state machine has its settings in its class, a function in an attribute.
    for owner, name in (
        (item.cls, "settings"),
        (item.obj, "_hypothesis_internal_use_settings"),
    ):
        known = getattr(owner, name, None)
        if isinstance(known, settings):
            more = settings(
                known,
                max_examples=TIMES_AS_MANY * known.max_examples,
                derandomize=False,
                database=None,
            )
            setattr(getattr(owner, "__func__", owner), name, more)


@pytest.hookimpl(tryfirst=True)  # before the markers are selected
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what uses `root_only` as a test for root; have property tests try more examples."""
    for item in items:
        if TIMES_AS_MANY > 1 and isinstance(item, pytest.Function):
            try_more_examples(item)
        if isinstance(item, pytest.Function) and "root_only" in item.fixturenames:
            item.add_marker("kernel")
