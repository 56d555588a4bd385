"""Seeds of made-up histories: all of them for CI, the first few for `make check`."""

import pytest
from _pytest.mark.structures import ParameterSet


def seeds(count: int, *, quick: int) -> list[ParameterSet]:
    """Return the seeds from 0 to *count*; those from *quick* on are marked slow."""
    return [
        pytest.param(seed, marks=() if seed < quick else pytest.mark.slow) for seed in range(count)
    ]
