"""A reload: what it names changes as it says, and what it does not name notices nothing."""

import gc
import weakref
from dataclasses import replace
from ipaddress import ip_interface

import pytest

from pyvrrp.config.changes.difference import Difference
from pyvrrp.config.model.addresses import HeldAddresses
from pyvrrp.config.model.configuration import (
    CheckConfig,
    Configuration,
    HttpProbeConfig,
    VirtualRouterConfig,
)
from pyvrrp.config.model.tracking import TrackedInterfaceConfig
from pyvrrp.errors import UsageError
from pyvrrp.identity import Family, Place, VirtualRouterId
from pyvrrp.ports import ProbeResult
from pyvrrp.runtime.reloading import Reloading
from pyvrrp.runtime.router.router import Router
from pyvrrp.units import MILLISECOND, SECOND, Nanoseconds
from pyvrrp.virtual_router.states import name
from tests.support.cluster import VIP, Cluster, Node
from tests.support.world import ETH0, FakeCard, Lan

OTHER = "192.0.2.101/24"
PASSED, FAILED = ProbeResult(True, "HTTP 200"), ProbeResult(False, "HTTP 503")


def router_config(vrid: int, address: str = VIP, **changes: object) -> VirtualRouterConfig:
    config = VirtualRouterConfig(
        name=f"vr{vrid}",
        id=VirtualRouterId(ETH0, Family.IPV4, vrid),
        addresses=(ip_interface(address),),
        priority=200,
    )
    return replace(config, **changes)  # type: ignore[arg-type] # a test's shorthand


class Reloaded:
    """A node with a reload that may be asked for again and again."""

    def __init__(self, cluster: Cluster, node: Node) -> None:
        self.cluster, self.node = cluster, node
        self.reloading = Reloading(node.supervisor, cluster.clock, node.journal)

    @property
    def configuration(self) -> Configuration:
        return self.node.supervisor.configuration

    def apply(self, **changes: object) -> Difference:
        return self.reloading.apply(replace(self.configuration, **changes))  # type: ignore[arg-type]

    def change(self, **changes: object) -> Difference:
        """Change the first virtual router."""
        first, *others = self.configuration.virtual_routers
        changed = replace(first, **changes)  # type: ignore[arg-type] # a test's shorthand
        return self.apply(virtual_routers=(changed, *others))

    def add(self, *configs: VirtualRouterConfig) -> Difference:
        return self.apply(virtual_routers=(*self.configuration.virtual_routers, *configs))

    def states(self) -> dict[str, str]:
        return {one.config.name: name(one.state) for one in self.node.supervisor.routers}


def master(**changes: object) -> Reloaded:
    cluster = Cluster()
    node = cluster.node(200, **changes)  # type: ignore[arg-type] # a test's shorthand
    cluster.run(10)
    assert node.state == "MASTER"
    return Reloaded(cluster, node)


def test_a_reload_without_a_change_changes_nothing() -> None:
    here = master()
    before = here.node.router
    assert here.change().is_empty
    here.cluster.run(5)
    assert here.node.router is before
    assert len(here.node.transitions()) == 2
    assert here.node.events("reloaded")[0].text == "nothing has changed"


def test_a_priority_is_in_force_at_once() -> None:
    here = master()
    here.change(priority=150)
    here.cluster.run(0.01)
    at, priority = here.node.advertisements()[-1]
    assert (at, priority) == (10.0, 150)
    assert here.node.state == "MASTER"
    assert len(here.node.transitions()) == 2


def test_a_backup_whose_priority_rises_preempts() -> None:
    cluster = Cluster()
    cluster.node(200)
    low = cluster.node(100)
    cluster.run(10)
    Reloaded(cluster, low).change(priority=250)
    cluster.run(5)
    assert cluster.masters() == ["n2"]


def test_an_order_of_the_operator_counts_more_than_a_new_priority() -> None:
    here = master()
    here.node.router.set_priority(50)
    here.change(priority=150)
    here.cluster.run(1)
    assert here.node.router.priority == 50
    here.node.router.set_priority(None)
    assert here.node.router.priority == 150


def test_a_master_keeps_its_state_with_another_interval() -> None:
    here = master()
    sent = len(here.node.advertisements())
    here.change(advertisement_interval=Nanoseconds(100 * MILLISECOND))
    here.cluster.run(1.05)
    assert len(here.node.advertisements()) - sent == 11
    assert here.node.state == "MASTER"
    assert len(here.node.transitions()) == 2


def test_a_backup_that_preempts_nobody_any_more_forgets_the_preemption_that_was_due() -> None:
    cluster = Cluster()
    high = cluster.node(200, preempt_delay=Nanoseconds(30 * SECOND), start=False)
    cluster.node(100)
    cluster.run(10)
    high.supervisor.start()
    cluster.run(10)
    assert cluster.masters() == ["n2"]
    Reloaded(cluster, high).change(preempt=False)
    cluster.run(60)
    assert cluster.masters() == ["n2"]


def test_an_address_is_added_and_advertised_at_once_and_the_others_stay() -> None:
    here = master()
    host, events = here.node.host, len(here.node.events("announced"))
    here.change(addresses=(ip_interface(VIP), ip_interface(OTHER)))
    here.cluster.run(0.1)
    assert host.holds(VIP)
    assert host.holds(OTHER)
    assert here.node.advertisements()[-1][0] == 10.0
    assert len(here.node.events("announced")) == events + 1
    assert here.node.count("addresses_restored") == 0
    assert len(here.node.transitions()) == 2
    here.cluster.run(20)
    assert host.holds(OTHER)


def test_an_address_is_removed_alone() -> None:
    here = master(addresses=(VIP, OTHER))
    here.change(addresses=(ip_interface(OTHER),))
    here.cluster.run(0.1)
    assert not here.node.host.holds(VIP)
    assert here.node.host.holds(OTHER)
    assert len(here.node.transitions()) == 2


def test_an_address_that_is_added_during_the_takeover_is_there_too() -> None:
    cluster = Cluster()
    node = cluster.node(200)
    here = Reloaded(cluster, node)
    while node.state != "MASTER":
        cluster.run(0.01)
    here.change(addresses=(ip_interface(VIP), ip_interface(OTHER)))
    cluster.run(2)
    assert node.host.holds(VIP)
    assert node.host.holds(OTHER)
    assert node.router.addresses.keeper.idle


def test_an_address_of_a_backup_is_not_added() -> None:
    cluster = Cluster()
    cluster.node(200)
    low = cluster.node(100)
    cluster.run(10)
    Reloaded(cluster, low).change(addresses=(ip_interface(VIP), ip_interface(OTHER)))
    cluster.run(5)
    assert not low.host.holds(OTHER)
    cluster.nodes[0].host.link(up=False)
    cluster.run(10)
    assert low.host.holds(OTHER)


def test_an_address_may_move_from_one_virtual_router_to_another() -> None:
    here = master(addresses=(VIP, OTHER))
    here.add(router_config(52, "192.0.2.110/24"))
    here.cluster.run(10)
    first, second = here.configuration.virtual_routers
    here.apply(
        virtual_routers=(
            replace(second, addresses=(*second.addresses, ip_interface(OTHER))),
            replace(first, addresses=(ip_interface(VIP),)),
        )
    )
    here.cluster.run(0.5)
    assert here.node.host.holds(OTHER)
    assert here.states() == {"web": "MASTER", "vr52": "MASTER"}


@pytest.mark.parametrize("lease", [0, 3, 30])
def test_another_address_lease_is_used_and_renewed(lease: int) -> None:
    here = master()
    here.change(lease=lease)
    here.cluster.run(100)
    assert here.node.host.holds(VIP)
    assert here.node.router.addresses.keeper.idle
    assert len(here.node.transitions()) == 2


def test_a_virtual_router_is_added_and_the_others_notice_nothing() -> None:
    here = master()
    first = here.node.router
    here.add(router_config(52, OTHER))
    here.cluster.run(10)
    assert here.node.router is first
    assert here.states() == {"web": "MASTER", "vr52": "MASTER"}
    assert len(here.node.transitions()) == 4
    times = [at for at, _ in here.node.advertisements() if at > 9]
    assert any(at % 1 == pytest.approx(times[0] % 1) for at in times[1:])


def test_a_virtual_router_is_removed_after_it_has_said_goodbye() -> None:
    here = master()
    here.add(router_config(52, OTHER))
    here.cluster.run(10)
    here.apply(virtual_routers=here.configuration.virtual_routers[:1])
    before = here.reloading.under_way
    here.cluster.run(10)
    assert (before, here.reloading.under_way) == (True, False)
    assert here.states() == {"web": "MASTER"}
    assert not here.node.host.holds(OTHER)
    assert 0 in [priority for _, priority in here.node.advertisements()]


def test_a_virtual_router_with_another_vrid_begins_anew() -> None:
    here = master()
    before = here.node.router
    found = here.change(id=VirtualRouterId(ETH0, Family.IPV4, 60))
    assert found.routers[0].how == "anew"
    here.cluster.run(15)
    assert here.node.router is not before
    assert here.states() == {"web": "MASTER"}
    assert here.node.host.holds(VIP)


def test_orders_survive_that_a_virtual_router_begins_anew() -> None:
    here = master()
    here.node.router.set_priority(77)
    here.node.router.drain(drained=True)
    here.cluster.run(10)
    here.change(id=VirtualRouterId(ETH0, Family.IPV4, 60))
    here.cluster.run(10)
    assert here.node.router.config.id.vrid == 60
    assert here.node.router.operator.drained
    assert here.node.router.priority == 77


def test_a_reload_while_the_first_is_under_way_counts_from_its_result() -> None:
    cluster = Cluster()
    node, _ = cluster.node(200), cluster.node(100)
    here = Reloaded(cluster, node)
    cluster.run(10)
    here.change(id=VirtualRouterId(ETH0, Family.IPV4, 60))
    here.change(id=VirtualRouterId(ETH0, Family.IPV4, 51))
    here.change(priority=210)
    cluster.run(20)
    assert [one.config.id.vrid for one in node.supervisor.routers] == [51]
    assert node.router.priority == 210
    assert node.state == "MASTER"


def test_a_reload_is_refused_while_the_daemon_stops() -> None:
    here = master()
    here.node.supervisor.stop(lambda: None)
    with pytest.raises(UsageError, match="stops"):
        here.change(priority=5)


def test_a_reload_during_a_handover_leaves_the_handover_alone() -> None:
    cluster = Cluster()
    high, _ = cluster.node(200), cluster.node(100)
    cluster.run(10)
    high.router.drain(drained=True)
    Reloaded(cluster, high).change(priority=220, addresses=(ip_interface(VIP), ip_interface(OTHER)))
    cluster.run(10)
    assert cluster.masters() == ["n2"]
    assert cluster.holders(OTHER) == []


def fenced(check: str = "web") -> CheckConfig:
    return CheckConfig(check, HttpProbeConfig("http://127.0.0.1/"))


def test_a_new_check_throws_no_master_out_before_its_first_verdict() -> None:
    here = master()
    here.node.set_service(FAILED)
    configs = [replace(one, checks=("web",)) for one in here.configuration.virtual_routers]
    here.apply(virtual_routers=tuple(configs), checks=(fenced(),))
    here.cluster.run(0.5)
    assert here.node.state == "MASTER"
    here.cluster.run(5)
    assert here.node.state == "INIT"


def test_a_new_check_that_passes_keeps_the_master() -> None:
    here = master()
    configs = [replace(one, checks=("web",)) for one in here.configuration.virtual_routers]
    here.apply(virtual_routers=tuple(configs), checks=(fenced(),))
    here.cluster.run(20)
    assert len(here.node.transitions()) == 2
    here.node.set_service(FAILED)
    here.cluster.run(10)
    assert here.node.state == "INIT"


def test_a_new_check_begins_as_failing_for_a_backup() -> None:
    cluster = Cluster()
    cluster.node(200)
    low = cluster.node(100)
    cluster.run(10)
    low.set_service(FAILED)
    here = Reloaded(cluster, low)
    configs = [replace(one, checks=("web",)) for one in here.configuration.virtual_routers]
    here.apply(virtual_routers=tuple(configs), checks=(fenced(),))
    cluster.run(0.1)
    assert low.state == "INIT"


def test_a_check_that_is_removed_opens_the_fence() -> None:
    here = master(fenced=True)
    here.node.set_service(FAILED)
    here.cluster.run(10)
    assert here.node.state == "INIT"
    configs = [replace(one, checks=()) for one in here.configuration.virtual_routers]
    here.apply(virtual_routers=tuple(configs), checks=())
    here.cluster.run(20)
    assert here.node.state == "MASTER"
    assert here.node.supervisor.checks == {}


def test_a_check_that_asks_something_else_keeps_its_verdict_but_no_claim_rests_on_it() -> None:
    here = master(fenced=True)
    changed = CheckConfig("web", HttpProbeConfig("http://127.0.0.1/other"))
    here.apply(checks=(changed,))
    runner = here.node.supervisor.checks["web"]
    assert runner.verdict.passing
    assert runner.verdict.last_pass_at is None
    here.cluster.run(10)
    assert len(here.node.transitions()) == 2
    assert runner.verdict.last_pass_at is not None


def test_many_reloads_leave_nothing_behind() -> None:
    here = master()
    built: list[weakref.ref[Router]] = []
    for _ in range(30):
        here.add(router_config(52, OTHER))
        here.cluster.run(5)
        built.append(weakref.ref(here.node.supervisor.routers[1]))
        here.apply(virtual_routers=here.configuration.virtual_routers[:1])
        here.cluster.run(5)
    here.cluster.run(100)
    gc.collect()
    assert [one for one in built if one() is not None] == []
    supervisor = here.node.supervisor
    assert len(supervisor.routers) == 1
    assert supervisor.checks == {}
    interface = supervisor.interfaces[ETH0]
    assert len(interface._links) == 1
    assert len(interface._watched) <= 2
    assert here.reloading.count == 60


def test_the_checks_of_what_was_removed_run_no_longer() -> None:
    here = master()
    here.apply(
        virtual_routers=(
            *here.configuration.virtual_routers,
            router_config(52, OTHER, checks=("web",)),
        ),
        checks=(fenced(),),
    )
    here.cluster.run(10)
    assert here.states() == {"web": "MASTER", "vr52": "MASTER"}
    here.apply(virtual_routers=here.configuration.virtual_routers[:1], checks=())
    here.cluster.run(10)
    assert here.node.supervisor.checks == {}
    assert here.states() == {"web": "MASTER"}


def test_a_virtual_router_that_is_removed_asks_etcd_for_nothing_more() -> None:
    here = master(leased=True)
    first = here.configuration.virtual_routers[0]
    here.apply(virtual_routers=(router_config(52, OTHER),))
    here.cluster.run(10)
    assert here.states() == {"vr52": "MASTER"}
    assert here.node.events("lease_given_back")[-1].virtual_router is first
    asked = len(here.node.host.etcd.asked)
    here.cluster.run(60)
    assert len(here.node.host.etcd.asked) == asked


def test_a_member_joins_a_group_that_serves_when_it_serves_itself() -> None:
    here = master(group="all")
    here.add(router_config(52, OTHER, group="all"))
    here.cluster.run(0.5)
    first, second = here.node.supervisor.routers
    assert first.group is not second.group
    here.cluster.run(10)
    assert here.states() == {"web": "MASTER", "vr52": "MASTER"}
    assert first.group is second.group
    assert len([one for one in here.node.transitions() if one[1] == "MASTER>BACKUP"]) == 0


def test_a_group_goes_on_without_a_member_that_is_removed() -> None:
    here = master(group="all")
    here.add(router_config(52, OTHER, group="all"))
    here.cluster.run(10)
    here.apply(virtual_routers=here.configuration.virtual_routers[:1])
    here.cluster.run(10)
    assert here.states() == {"web": "MASTER"}
    web = [one for one in here.node.events("transition") if one.virtual_router is first_of(here)]
    assert [one.fields["to"] for one in web] == ["BACKUP", "MASTER"]


def test_another_group_has_a_virtual_router_begin_anew_in_it() -> None:
    here = master()
    here.add(router_config(52, OTHER, group="all"))
    here.cluster.run(10)
    here.change(group="all")
    here.cluster.run(20)
    one, two = here.node.supervisor.routers
    assert one.group is two.group
    assert here.states() == {"web": "MASTER", "vr52": "MASTER"}


def first_of(here: Reloaded) -> VirtualRouterConfig:
    return here.configuration.virtual_routers[0]


def test_an_excluded_address_is_still_put_back_after_a_change_in_place() -> None:
    addresses = (ip_interface(VIP), ip_interface(OTHER))
    here = master(placed=(HeldAddresses(ETH0, addresses),))
    assert here.node.host.holds(OTHER)
    here.change(priority=150)
    here.cluster.run(1)
    here.node.host.delete(OTHER)
    here.cluster.run(0.1)
    assert here.node.host.holds(OTHER)
    assert here.states() == {"web": "MASTER"}


def test_an_excluded_address_may_move_to_another_virtual_router() -> None:
    def excluding(vrid: int, *excluded: str) -> VirtualRouterConfig:
        own = f"192.0.2.{vrid}/24"
        held = HeldAddresses(ETH0, tuple(map(ip_interface, (own, *excluded))))
        return router_config(vrid, own, placed=(held,))

    here = master()
    here.apply(virtual_routers=(excluding(61, OTHER), excluding(62)))
    here.cluster.run(10)
    here.apply(virtual_routers=(excluding(61), excluding(62, OTHER)))
    here.cluster.run(10)
    assert here.states() == {"vr61": "MASTER", "vr62": "MASTER"}
    assert here.node.host.holds(OTHER)


def test_a_router_that_begins_knows_a_tracked_interface_that_another_one_has_seen() -> None:
    here = master()
    place = Place("", "eth1")
    here.node.host.cards[place] = FakeCard(here.node.host, place, Lan(here.cluster.clock), "")
    tracked = (TrackedInterfaceConfig("eth1"),)
    here.add(
        router_config(61, "192.0.2.61/24", track_interfaces=tracked),
    )
    here.cluster.run(10)
    here.add(router_config(62, "192.0.2.62/24", track_interfaces=tracked))
    here.cluster.run(10)
    assert here.states() == {"web": "MASTER", "vr61": "MASTER", "vr62": "MASTER"}
    here.apply(virtual_routers=here.configuration.virtual_routers[:1])
    here.cluster.run(10)
    assert here.node.supervisor.tracked_interfaces == {}
