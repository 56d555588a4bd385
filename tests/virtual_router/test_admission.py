import pytest

from pyvrrp.virtual_router.rules.admission import Obstacle, hindrance, is_only, order

NONE = Obstacle("interface", "")
LINK = Obstacle("interface", "link down")
FENCED = Obstacle("fence", "fenced by web: HTTP 503")
WAIVED = Obstacle("fence", "fenced by web: HTTP 503", is_waived=True)
DRAINED = Obstacle("operator", "drained", is_order=True)


@pytest.mark.parametrize(
    ("obstacles", "why", "ordered"),
    [
        ([], None, None),
        ([NONE], None, None),
        ([NONE, FENCED], "fenced by web: HTTP 503", None),
        ([LINK, FENCED], "link down", None),
        ([DRAINED], None, "drained"),
        ([DRAINED, LINK], "link down", "drained"),
        ([WAIVED], None, None),
        ([WAIVED, LINK], "link down", None),
        ([DRAINED, WAIVED], None, "drained"),
    ],
)
def test_the_first_obstacle_is_the_reason_and_an_order_is_another_kind(
    obstacles: list[Obstacle], why: str | None, ordered: str | None
) -> None:
    assert (hindrance(obstacles), order(obstacles)) == (why, ordered)


@pytest.mark.parametrize(
    ("obstacles", "alone"),
    [
        ([NONE], False),
        ([NONE, FENCED], True),
        ([LINK, FENCED], False),
        ([DRAINED, FENCED], False),
        ([LINK], False),
    ],
)
def test_a_router_is_kept_away_by_its_fence_alone_if_nothing_else_is_in_the_way(
    obstacles: list[Obstacle], alone: bool
) -> None:
    assert is_only("fence", obstacles) is alone
