"""Before a claim because of silence the neighbours are asked who has the addresses."""

from ipaddress import ip_address

import pytest

from pyvrrp.config.model.configuration import ClaimProbePolicy
from pyvrrp.ports import Claim
from pyvrrp.runtime.addresses.announcer import probe
from pyvrrp.units import SECOND
from tests.support.cluster import VIP, Cluster, Node

WARN, DEFER, REFUSE = ClaimProbePolicy.WARN, ClaimProbePolicy.DEFER, ClaimProbePolicy.REFUSE
VIRTUAL = ip_address("192.0.2.100")


def claim(number: int) -> Claim:
    return Claim(VIRTUAL, bytes([2, 0, 0, 0, 1, number]))


def questions(node: Node) -> list[float]:
    """When it asked for the virtual address, in seconds."""
    frame = probe(VIRTUAL, node.host.state.mac)
    return [round(at / SECOND, 6) for at, sent in node.host.announced if sent == frame]


def holders_besides(node: Node) -> list[tuple[str, str]]:
    known = node.router.addresses.other_holders.known
    return [(str(holder.address), holder.mac.hex(":")) for holder in known]


def pair(policy: ClaimProbePolicy) -> tuple[Cluster, Node, Node]:
    """A master of priority 200 and a backup of priority 100 with that policy, at 10.5 s."""
    cluster = Cluster()
    high = cluster.node(200)
    low = cluster.node(100, claim_probe=policy)
    cluster.run(10.5)
    assert cluster.holders() == ["n1"]
    return cluster, high, low


def test_a_master_that_is_gone_is_replaced_in_time_and_three_questions_are_asked_after_that() -> (
    None
):
    cluster, high, low = pair(WARN)
    high.host.connected = False
    cluster.run(6)
    assert low.transitions()[-1][0] == 13.828125
    assert low.advertisements()[0][0] == 13.828125
    assert questions(low)[:3] == [13.828125, 13.878125, 13.928125]
    assert low.events("claim_contested") == []


@pytest.mark.parametrize("policy", [DEFER, REFUSE])
def test_who_waits_for_the_answer_claims_150_ms_later_if_nobody_answers(
    policy: ClaimProbePolicy,
) -> None:
    cluster, high, low = pair(policy)
    high.host.connected = False
    cluster.run(6)
    assert low.advertisements()[0][0] == 13.978125
    assert questions(low)[:3] == [13.828125, 13.878125, 13.928125]
    assert low.count("claims_held_back") == 0


def test_a_master_that_is_not_heard_but_answers_is_told_of_and_the_claim_is_not_delayed() -> None:
    cluster, _high, low = pair(WARN)
    low.host.filtered = True
    cluster.run(6)
    assert cluster.holders() == ["n1", "n2"]
    assert low.transitions()[-1][0] == 13.828125
    (event,) = low.events("claim_contested")
    assert event.at == 13_828_325_000
    assert event.text == (
        "claimed although 192.0.2.100 is at 02:00:00:00:00:01: either its advertisements do not "
        "arrive here, or its daemon is dead and its kernel answers still"
    )
    assert low.count("claims_contested") == 1


def test_who_refuses_never_claims_while_somebody_answers_and_asks_again_each_time() -> None:
    cluster, high, low = pair(REFUSE)
    low.host.filtered = True
    cluster.run(30)
    assert cluster.holders() == ["n1"]
    assert low.advertisements() == []
    assert low.router.waits_for == "02:00:00:00:00:01 to have 192.0.2.100 no longer"
    assert questions(low)[:3] == [13.828125, 17.4377, 21.047275]
    assert low.count("claims_held_back") == 8
    assert low.host.announcements is not None
    assert low.host.announcements.watched == frozenset()  # it listens only while it asks
    assert len(low.events("claim_held_back")) == 1
    high.host.connected = False
    cluster.run(4)
    assert "n2" in cluster.holders()
    assert low.router.waits_for == ""


def test_who_defers_waits_three_master_down_intervals_and_then_claims_loudly() -> None:
    cluster, _, low = pair(DEFER)
    low.host.filtered = True
    cluster.run(13)
    assert cluster.holders() == ["n1"]
    assert low.router.waits_for == ("02:00:00:00:00:01 to have 192.0.2.100 no longer (wait 3 of 3)")
    cluster.run(4)
    assert cluster.holders() == ["n1", "n2"]
    assert low.advertisements()[0][0] == 24.65705
    assert low.count("claims_held_back") == 3
    assert low.count("claims_contested") == 1
    assert [event.level for event in low.events("claim_contested")] == ["error"]


def test_who_defers_claims_as_soon_as_a_dead_masters_kernel_has_let_go() -> None:
    cluster, high, low = pair(DEFER)
    high.host.connected = False
    third = cluster.node(1, start=False)
    third.host.answers_for = (VIRTUAL,)
    cluster.run(4)
    assert low.advertisements() == []
    third.host.answers_for = ()
    cluster.run(4)
    assert low.state == "MASTER"
    assert low.count("claims_held_back") == 1
    assert low.count("claims_contested") == 0


def test_a_master_that_is_heard_again_ends_the_waiting_and_what_was_counted() -> None:
    cluster, _, low = pair(DEFER)
    low.host.filtered = True
    cluster.run(9)
    assert low.count("claims_held_back") == 2
    low.host.filtered = False
    cluster.run(2)
    assert low.router.waits_for == ""
    low.host.filtered = True
    cluster.run(9)
    assert cluster.holders() == ["n1"]
    assert low.router.waits_for.endswith("(wait 2 of 3)")


def test_nobody_is_asked_after_a_release_nor_before_a_preemption() -> None:
    cluster = Cluster()
    low = cluster.node(100, claim_probe=REFUSE)
    cluster.run(10)
    before = len(questions(low))
    high = cluster.node(200, claim_probe=REFUSE)
    cluster.run(10)
    assert cluster.holders() == ["n2"]
    assert high.transitions()[-1][2].startswith("preempts")
    first_look_for_others = high.transitions()[-1][0] + 1
    assert questions(high)[0] == first_look_for_others
    high.router.stop()
    cluster.run(0.7)
    assert cluster.holders() == ["n1"]
    assert len(questions(low)) == before


def test_switched_off_nobody_is_asked() -> None:
    cluster, high, low = pair(ClaimProbePolicy.OFF)
    high.host.connected = False
    cluster.run(4)
    assert cluster.holders() == ["n1", "n2"]
    assert questions(low) == []


def test_an_interface_that_cannot_ask_claims_all_the_same() -> None:
    cluster, high, low = pair(REFUSE)
    low.host.announce_error = "cannot announce on eth0: Network is down"
    high.host.connected = False
    cluster.run(4)
    assert low.state == "MASTER"
    assert low.events("announcement_failed")


def test_a_virtual_router_that_waits_holds_no_other_one_up() -> None:
    cluster, _high, low = pair(REFUSE)
    other = cluster.node(50)
    low.host.filtered = other.host.filtered = True
    cluster.run(6)
    assert low.state == "BACKUP"
    assert other.state == "MASTER"


def test_a_second_holder_is_shown_while_it_answers_and_forgotten_after_two_silent_questions() -> (
    None
):
    cluster, high, low = pair(WARN)
    low.host.filtered = high.host.filtered = True
    cluster.run(5)
    assert holders_besides(low) == [("192.0.2.100", "02:00:00:00:00:01")]
    cluster.run(60)
    assert len(holders_besides(low)) == 1
    assert len(low.events("address_conflict")) == 2
    high.host.connected = False
    cluster.run(32)
    assert holders_besides(low) == []
    (over,) = low.events("address_conflict_over")
    assert over.text == "192.0.2.100 is not claimed by 02:00:00:00:00:01 any more"


def test_a_holder_that_falls_silent_is_forgotten_and_one_that_goes_on_is_not() -> None:
    cluster = Cluster()
    node = cluster.node(200)
    cluster.run(10)
    node.host.hear_claim(claim(1))
    node.host.hear_claim(claim(2))
    cluster.run(15)
    node.host.hear_claim(claim(2))
    cluster.run(10)
    assert holders_besides(node) == [("192.0.2.100", "02:00:00:00:01:02")]
    assert len(node.events("address_conflict_over")) == 1


def test_at_most_eight_other_holders_are_remembered() -> None:
    cluster = Cluster()
    node = cluster.node(200)
    cluster.run(10)
    for number in range(20):
        node.host.hear_claim(claim(number))
    assert len(holders_besides(node)) == 8
    assert node.count("address_conflicts") == 20
    node.router.stop()
    cluster.run(5)
    assert holders_besides(node) == []
    assert cluster.holders(VIP) == []
