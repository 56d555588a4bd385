from dataclasses import replace

import pytest

from pyvrrp.virtual_router.admission import (
    Conditions,
    is_fenced_alone,
    obstacle,
)

READY = Conditions(
    interface_known=True,
    interface_exists=True,
    link_up=True,
    has_primary_address=True,
    leftovers=False,
    fence="",
)


def test_a_router_that_lacks_nothing_may_take_part() -> None:
    assert obstacle(READY) is None


def test_without_any_knowledge_it_may_not() -> None:
    assert obstacle(Conditions()) == "starting"


@pytest.mark.parametrize(
    ("conditions", "why"),
    [
        (replace(READY, stopping=True), "stopping"),
        (replace(READY, interface_known=False), "starting"),
        (replace(READY, interface_exists=False), "no such interface"),
        (replace(READY, link_up=False), "link down"),
        (replace(READY, has_primary_address=False), "no primary address"),
        (replace(READY, leftovers=True), "removing what an earlier life left behind"),
        (replace(READY, kernel="cannot add 192.0.2.1"), "cannot add 192.0.2.1"),
        (replace(READY, etcd_lease="lease lost: gone"), "lease lost: gone"),
        (replace(READY, heartbeat="no peer but this node itself"), "no peer but this node itself"),
        (replace(READY, resources="db does not start"), "db does not start"),
        (replace(READY, fence="fenced by web: HTTP 503"), "fenced by web: HTTP 503"),
        (replace(READY, fence=Conditions().fence), "no result yet"),
    ],
)
def test_each_obstacle_is_named(conditions: Conditions, why: str) -> None:
    assert obstacle(conditions) == why


def test_the_cause_is_named_before_its_consequences() -> None:
    broken = Conditions(kernel="refused", fence="fenced")
    causes = (
        broken,
        replace(broken, interface_known=True),
        replace(READY, link_up=False, has_primary_address=False, leftovers=True, kernel="refused"),
        replace(READY, has_primary_address=False, leftovers=True, kernel="refused"),
        replace(READY, leftovers=True, kernel="refused", fence="fenced"),
        replace(READY, kernel="refused", fence="fenced"),
        replace(READY, fence="fenced"),
    )
    assert [obstacle(conditions) for conditions in causes] == [
        "starting",
        "no such interface",
        "link down",
        "no primary address",
        "removing what an earlier life left behind",
        "refused",
        "fenced",
    ]


def test_the_last_resort_serves_although_fenced_and_waits_for_everything_else() -> None:
    desperate = replace(READY, last_resort=True, fence="fenced by web: HTTP 503")
    assert obstacle(desperate) is None
    assert obstacle(replace(desperate, link_up=False)) == "link down"
    assert obstacle(replace(desperate, drained=True)) == "drained"
    assert obstacle(replace(desperate, kernel="refused")) == "refused"


def test_who_is_fenced_alone_has_a_closed_fence_and_no_other_obstacle() -> None:
    assert is_fenced_alone(replace(READY, fence="fenced by web: HTTP 503"))
    assert not is_fenced_alone(READY)
    assert not is_fenced_alone(replace(READY, fence="fenced by web: HTTP 503", link_up=False))
    assert not is_fenced_alone(replace(READY, fence="fenced by web: HTTP 503", stopping=True))
