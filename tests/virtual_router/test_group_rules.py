"""The rules of a group as a function of the facts of its members."""

from dataclasses import replace

import pytest

from pyvrrp.units import SECOND
from pyvrrp.virtual_router.events import (
    AddressesGone,
    HandOver,
    Shutdown,
    Startup,
    StepDown,
)
from pyvrrp.virtual_router.rules.group import (
    Member,
    Told,
    consequences,
    is_claim_due,
    lingers,
    release_heard,
)
from pyvrrp.virtual_router.states import Backup, HandingOver, Heard, Init, Master, Releasing
from tests.virtual_router.examples import HIGH, LOW, T0, after, heard

MASTER = Member("lan", Master(after(500)), reason="nobody was heard for 3 s")
WAN = replace(MASTER, name="wan")
BACKUP = Member("lan", Backup(after(3000), SECOND), reason="192.0.2.1 has priority 200")
LEAVING = Member("lan", Releasing(after(500), "fenced"))


@pytest.mark.parametrize(
    ("members", "told"),
    [
        ([MASTER, WAN], []),
        ([BACKUP, replace(BACKUP, name="wan")], []),
        (
            [replace(MASTER, hindrance="link down"), WAN],
            [(0, Shutdown("link down")), (1, Shutdown("lan of group edge: link down"))],
        ),
        (
            [MASTER, replace(WAN, order="drained")],
            [(0, HandOver("wan of group edge: drained")), (1, HandOver("drained"))],
        ),
        (
            [MASTER, replace(WAN, order="drained", is_exclusive=True)],
            [(0, Shutdown("wan of group edge: drained")), (1, Shutdown("drained"))],
        ),
        (
            [replace(MASTER, state=Init("link down")), replace(WAN, state=Init("starting"))],
            [(0, Startup()), (1, Startup())],
        ),
        (
            [replace(MASTER, state=Init("resigned"), defers=True)],
            [(0, Startup(defers=True))],
        ),
    ],
)
def test_what_keeps_one_member_away_keeps_all_and_names_it(
    members: list[Member], told: list[Told]
) -> None:
    assert consequences(members, "edge") == told


def test_where_one_member_is_not_master_no_other_stays_master() -> None:
    assert consequences([BACKUP, WAN], "edge") == [
        (1, StepDown("follows lan: 192.0.2.1 has priority 200"))
    ]


def test_a_member_that_follows_keeps_its_addresses_if_the_other_does() -> None:
    holding = replace(BACKUP, state=Backup(after(3000), SECOND, holds_until=after(50)))
    assert consequences([holding, WAN], "edge") == [
        (1, StepDown("follows lan: 192.0.2.1 has priority 200", lingers=True))
    ]


@pytest.mark.parametrize(
    ("members", "told"),
    [
        ([replace(LEAVING, hindrance="fenced", addresses_gone=True)], [(0, AddressesGone())]),
        ([replace(LEAVING, hindrance="fenced")], []),
        ([replace(LEAVING, hindrance="fenced", addresses_gone=True, has_let_go=False)], []),
        (
            [
                replace(LEAVING, hindrance="fenced", addresses_gone=True),
                replace(LEAVING, name="wan"),
            ],
            [],
        ),
        (
            [
                replace(LEAVING, hindrance="fenced", addresses_gone=True),
                replace(LEAVING, name="wan", addresses_gone=True),
            ],
            [(0, AddressesGone()), (1, AddressesGone())],
        ),
        (
            [
                replace(LEAVING, hindrance="fenced", addresses_gone=True),
                Member("wan", HandingOver(after(900), "drained"), hindrance="x"),
            ],
            [(1, Shutdown("x"))],
        ),
        (
            [
                replace(LEAVING, hindrance="fenced", addresses_gone=True),
                Member("wan", Init("lan of group edge: fenced")),
            ],
            [],
        ),
        (
            [
                replace(LEAVING, hindrance="fenced", addresses_gone=True),
                Member("wan", Init("lan of group edge: fenced"), addresses_gone=True),
            ],
            [(0, AddressesGone())],
        ),
        (
            [
                replace(LEAVING, addresses_gone=True),
                Member("wan", Backup(after(3000), SECOND, holds_until=after(50))),
            ],
            [(0, AddressesGone())],
        ),
    ],
)
def test_no_member_sends_priority_0_before_the_addresses_of_all_are_gone(
    members: list[Member], told: list[Told]
) -> None:
    assert consequences(members, "edge") == told


def test_a_claim_is_due_when_it_is_due_for_every_member() -> None:
    due, later = Backup(T0, SECOND), Backup(after(1), SECOND)
    both = [replace(BACKUP, state=due), replace(BACKUP, state=due)]
    assert is_claim_due(both, T0)
    assert not is_claim_due([both[0], replace(BACKUP, state=later)], T0)
    assert not is_claim_due([both[0], MASTER], T0)
    holding = replace(BACKUP, state=Backup(T0, SECOND, holds_until=after(50)))
    assert not is_claim_due([holding], T0)


def test_one_exclusive_member_keeps_all_from_lingering() -> None:
    assert lingers([MASTER, WAN])
    assert not lingers([MASTER, replace(WAN, is_exclusive=True)])


def test_a_release_that_one_member_hears_counts_for_all_that_would_wait_longer() -> None:
    listening = Backup(after(3000), SECOND, Heard(HIGH, 200))
    released = replace(BACKUP, state=Backup(after(200), SECOND, Heard(HIGH, 0)))
    members = [BACKUP, BACKUP, released, MASTER]
    event = heard(0, HIGH)
    assert release_heard(members, 0, event, listening) == [(1, event)]
    assert release_heard(members, 1, event, listening) == [(0, event)]


def test_a_release_of_a_stranger_or_while_master_counts_for_nobody_else() -> None:
    listening = Backup(after(3000), SECOND, Heard(HIGH, 200))
    members = [BACKUP, BACKUP]
    assert release_heard(members, 0, heard(0, LOW), listening) == []
    assert release_heard(members, 0, heard(100, HIGH), listening) == []
    assert release_heard(members, 0, heard(0, HIGH), Master(after(500))) == []
