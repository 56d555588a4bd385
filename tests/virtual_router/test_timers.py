import pytest

from pyvrrp.identity import Version
from pyvrrp.units import Nanoseconds
from pyvrrp.virtual_router.timers import master_down_interval, reassertion_gap, skew_time

# (priority, interval in centiseconds, Skew_Time and Master_Down_Interval in ns, rounded down)
V3_TABLE = [
    (100, 100, 609_375_000, 3_609_375_000),
    (255, 100, 3_906_250, 3_003_906_250),
    (254, 100, 7_812_500, 3_007_812_500),
    (1, 100, 996_093_750, 3_996_093_750),
    (128, 100, 500_000_000, 3_500_000_000),
    (200, 100, 218_750_000, 3_218_750_000),
    (99, 100, 613_281_250, 3_613_281_250),
    (100, 10, 60_937_500, 360_937_500),
    (200, 10, 21_875_000, 321_875_000),
    (100, 20, 121_875_000, 721_875_000),
    (100, 50, 304_687_500, 1_804_687_500),
    (150, 50, 207_031_250, 1_707_031_250),
    (50, 20, 160_937_500, 760_937_500),
    (101, 3, 18_164_062, 108_164_062),
    (100, 1, 6_093_750, 36_093_750),
    (254, 1, 78_125, 30_078_125),
    (100, 4095, 24_953_906_250, 147_803_906_250),
    (254, 4095, 319_921_875, 123_169_921_875),
    (1, 4095, 40_790_039_062, 163_640_039_062),
    (100, 500, 3_046_875_000, 18_046_875_000),
]
# (priority, interval in seconds, the same)
V2_TABLE = [
    (100, 1, 609_375_000, 3_609_375_000),
    (255, 1, 3_906_250, 3_003_906_250),
    (254, 1, 7_812_500, 3_007_812_500),
    (1, 1, 996_093_750, 3_996_093_750),
    (128, 1, 500_000_000, 3_500_000_000),
    (100, 5, 609_375_000, 15_609_375_000),
    (200, 3, 218_750_000, 9_218_750_000),
    (100, 255, 609_375_000, 765_609_375_000),
]


@pytest.mark.rfc("9568:6.1:skew-and-down-interval")
@pytest.mark.parametrize(("priority", "centiseconds", "skew", "down"), V3_TABLE)
def test_v3_scales_the_skew_by_the_interval(
    priority: int, centiseconds: int, skew: int, down: int
) -> None:
    interval = Nanoseconds(centiseconds * 10_000_000)
    assert skew_time(Version.V3, priority, interval) == skew
    assert master_down_interval(Version.V3, priority, interval) == down


@pytest.mark.rfc("3768:6.1:skew-and-down-interval")
@pytest.mark.parametrize(("priority", "seconds", "skew", "down"), V2_TABLE)
def test_v2_takes_the_skew_from_one_second_whatever_the_interval(
    priority: int, seconds: int, skew: int, down: int
) -> None:
    interval = Nanoseconds(seconds * 1_000_000_000)
    assert skew_time(Version.V2, priority, interval) == skew
    assert master_down_interval(Version.V2, priority, interval) == down


@pytest.mark.parametrize(
    ("version", "priority", "interval", "gap"),
    [
        (Version.V3, 100, 1_000_000_000, 609_375_000),
        (Version.V3, 254, 1_000_000_000, 10_000_000),
        (Version.V3, 254, 10_000_000, 10_000_000),
        (Version.V3, 1, 10_000_000, 10_000_000),
        (Version.V3, 1, 20_000_000, 19_921_875),
        (Version.V2, 254, 1_000_000_000, 10_000_000),
        (Version.V2, 100, 5_000_000_000, 609_375_000),
    ],
)
def test_answers_are_a_skew_time_or_10_ms_apart_whichever_is_longer(
    version: Version, priority: int, interval: int, gap: int
) -> None:
    assert reassertion_gap(version, priority, Nanoseconds(interval)) == gap
