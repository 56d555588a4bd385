"""Fixtures that several tests with the real kernel use."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from pyvrrp.testing.segment import Network
from tests.kernel.daemons import Bench


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    """Return a network with one segment, on which a test starts daemons."""
    with Network() as network:
        yield Bench(network, network.segment("lan"), tmp_path)
