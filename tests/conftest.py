"""Settings of all tests, and fixtures that tests of several packages use."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.support.properties import FACTOR, examples

# Whether a test passes must not depend on how busy the machine is, nor on chance.
_ALWAYS = settings(
    deadline=None, derandomize=True, database=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("always-the-same", _ALWAYS)
settings.register_profile(
    "long",
    _ALWAYS,
    derandomize=False,
    max_examples=examples(settings.get_profile("default").max_examples),
    print_blob=True,
)
settings.load_profile("long" if FACTOR else "always-the-same")


@pytest.fixture
def root_only() -> Iterator[Path]:
    """Return a directory below which only root can write. Directories below /tmp are not so."""
    path = Path(tempfile.mkdtemp(dir="/var/lib", prefix="pyvrrp-test-"))
    path.chmod(0o755)
    try:
        yield path
    finally:
        shutil.rmtree(path)


@pytest.hookimpl(tryfirst=True)  # before the markers are selected
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what uses `root_only` as a test for root."""
    for item in items:
        if isinstance(item, pytest.Function) and "root_only" in item.fixturenames:
            item.add_marker("kernel")
