"""Fixtures that tests of several packages use."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def root_only() -> Iterator[Path]:
    """Return a directory below which only root can write. Directories below /tmp are not so."""
    path = Path(tempfile.mkdtemp(dir="/var/lib", prefix="pyvrrp-test-"))
    path.chmod(0o755)
    try:
        yield path
    finally:
        shutil.rmtree(path)
