import pytest

from pyvrrp.runtime.base.counters import Counters


def test_each_declared_counter_counts_from_0() -> None:
    counters = Counters(("sent", "received"))
    counters.add("sent")
    counters.add("sent")
    assert (counters.get("sent"), counters.get("received")) == (2, 0)
    assert counters.snapshot() == {"sent": 2, "received": 0}
    assert list(counters.snapshot()) == ["sent", "received"]
    assert counters.has("received")


def test_a_name_that_was_not_declared_is_an_error() -> None:
    counters = Counters(("sent",))
    assert not counters.has("lost")
    with pytest.raises(KeyError):
        counters.add("lost")
    with pytest.raises(KeyError):
        counters.get("lost")
    assert counters.snapshot() == {"sent": 0}
