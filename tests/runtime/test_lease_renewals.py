from collections.abc import Callable, Sequence
from ipaddress import ip_interface

from pyvrrp.errors import KernelError
from pyvrrp.identity import Place
from pyvrrp.ports import AddressLease
from pyvrrp.runtime.addresses.lease_renewals import LeaseRenewals
from pyvrrp.units import MILLISECOND, SECOND, Nanoseconds
from tests.support.clock import FakeClock
from tests.support.cluster import Cluster
from tests.support.routers import Site

BUDGET = Nanoseconds(500 * MILLISECOND)


class FakeKernel:
    """Writes down each request for renewals and answers it *delay* seconds later."""

    def __init__(self, clock: FakeClock) -> None:
        self._clock = clock
        self.delay = 0.0
        self.requests: list[tuple[float, str, list[str]]] = []
        self.refuses: set[str] = set()

    def renew(
        self,
        netns: str,
        leases: Sequence[AddressLease],
        done: Callable[[Sequence[KernelError | None]], None],
    ) -> None:
        names = [str(lease.addresses[0].ip) for lease in leases]
        self.requests.append((self._clock.now() / SECOND, netns, names))
        answers = [KernelError("no") if name in self.refuses else None for name in names]
        at = Nanoseconds(self._clock.now() + round(self.delay * SECOND))
        self._clock.call_at(at, lambda: done(answers))

    def ensure_present(self, *_: object, **__: object) -> None:
        raise AssertionError

    def ensure_absent(self, *_: object, **__: object) -> None:
        raise AssertionError


class Holder:
    """Holds one address for as long as the test says."""

    def __init__(self, address: str, netns: str = "") -> None:
        self.lease = AddressLease(Place(netns, "eth0"), (ip_interface(address),), 2)
        self.may_hold = True
        self.answers: list[str] = []
        self.slow = 0

    def lease_to_renew(self) -> AddressLease | None:
        return self.lease if self.may_hold else None

    def renewal_answered(self, error: KernelError | None) -> None:
        self.answers.append("renewed" if error is None else str(error))

    def renewal_is_slow(self) -> None:
        self.slow += 1


class Bench:
    def __init__(self) -> None:
        self.clock = FakeClock()
        self.kernel = FakeKernel(self.clock)
        self.renewals = LeaseRenewals(self.clock, self.kernel, BUDGET)

    def join(self, holder: Holder, lifetime: int = 2) -> None:
        self.renewals.join(holder.lease.place.netns, lifetime, holder)

    def times(self, address: str) -> list[float]:
        return [at for at, _, names in self.kernel.requests if address in names]


def test_leases_that_began_at_different_times_are_renewed_together_and_none_is_late() -> None:
    bench = Bench()
    bench.join(Holder("10.0.0.1"))
    bench.clock.run(0.3)
    bench.join(Holder("10.0.0.2"))
    bench.clock.run(1.3)
    both = ["10.0.0.1", "10.0.0.2"]
    assert bench.kernel.requests == [(0.5, "", both), (1.0, "", both), (1.5, "", both)]


def test_a_long_lease_is_renewed_beside_short_ones_four_times_in_its_length_and_not_more() -> None:
    bench = Bench()
    bench.join(Holder("10.0.0.1"), lifetime=2)
    bench.join(Holder("10.0.0.2"), lifetime=7)
    bench.clock.run(7)
    assert len(bench.times("10.0.0.1")) == 14
    assert bench.times("10.0.0.2") == [1.5, 3.0, 4.5, 6.0]  # 1.75 s would lie between two ticks


def test_a_short_lease_that_joins_a_long_one_is_not_made_to_wait() -> None:
    bench = Bench()
    bench.join(Holder("10.0.0.1"), lifetime=60)
    bench.clock.run(3.1)
    bench.join(Holder("10.0.0.2"), lifetime=1)
    bench.clock.run(0.6)
    assert bench.times("10.0.0.2") == [3.35, 3.6]
    assert bench.times("10.0.0.1") == []


def test_each_network_namespace_has_requests_of_its_own() -> None:
    bench = Bench()
    bench.join(Holder("10.0.0.1", "left"))
    bench.join(Holder("10.0.0.2", "right"))
    bench.clock.run(0.6)
    assert bench.kernel.requests == [(0.5, "left", ["10.0.0.1"]), (0.5, "right", ["10.0.0.2"])]


def test_who_may_not_hold_at_that_moment_is_left_out_and_asked_again_the_next_time() -> None:
    bench = Bench()
    silent, other = Holder("10.0.0.1"), Holder("10.0.0.2")
    bench.join(silent)
    bench.join(other)
    silent.may_hold = False
    bench.clock.run(0.6)
    silent.may_hold = True
    bench.clock.run(0.5)
    assert bench.kernel.requests == [(0.5, "", ["10.0.0.2"]), (1.0, "", ["10.0.0.1", "10.0.0.2"])]


def test_who_has_left_is_not_renewed_and_nobody_is_asked_for_nothing() -> None:
    bench = Bench()
    one, other = Holder("10.0.0.1"), Holder("10.0.0.2")
    bench.join(one)
    bench.join(other)
    bench.renewals.leave("", one)
    bench.clock.run(0.6)
    bench.renewals.leave("", other)
    bench.renewals.leave("nowhere", other)
    bench.clock.run(5)
    assert bench.kernel.requests == [(0.5, "", ["10.0.0.2"])]


def test_the_refusal_of_one_lease_is_told_to_its_holder_alone() -> None:
    bench = Bench()
    refused, other = Holder("10.0.0.1"), Holder("10.0.0.2")
    bench.join(refused)
    bench.join(other)
    bench.kernel.refuses = {"10.0.0.1"}
    bench.clock.run(0.6)
    assert (refused.answers, other.answers) == (["no"], ["renewed"])


def test_a_kernel_that_is_slow_is_not_asked_twice_but_at_once_when_it_has_answered() -> None:
    bench = Bench()
    holder = Holder("10.0.0.1")
    bench.join(holder)
    bench.kernel.delay = 1.2
    bench.clock.run(1.6)
    assert (bench.kernel.requests, holder.slow, holder.answers) == (
        [(0.5, "", ["10.0.0.1"])],
        1,
        [],
    )
    bench.kernel.delay = 0.0
    bench.clock.run(1)
    assert bench.times("10.0.0.1") == [0.5, 1.7, 2.2]
    assert holder.answers == ["renewed", "renewed", "renewed"]


def test_a_kernel_that_was_slow_once_is_not_asked_out_of_turn_again() -> None:
    bench = Bench()
    bench.join(Holder("10.0.0.1"))
    bench.kernel.delay = 0.1
    bench.clock.run(1.9)
    assert bench.times("10.0.0.1") == [0.5, 1.0, 1.5]


def test_the_virtual_routers_of_a_node_are_renewed_in_one_request_while_they_are_masters() -> None:
    site = Site()
    router = site.router(200)
    site.run(10)
    asked = [
        at
        for side in ("lan", "wan")
        for at, what, _, _ in router.host(side).requests
        if what == "renew" and at > 8 * SECOND
    ]
    assert len(asked) == 8  # every 0.5 s, both at the same instant
    assert len(set(asked)) == 4


def test_a_renewal_does_not_keep_the_addresses_from_being_removed_at_once() -> None:
    cluster = Cluster()
    node = cluster.node(200)
    cluster.run(10)
    node.host.kernel_delay = 0.3  # a renewal is under way most of the time
    cluster.run(0.6)
    began = cluster.clock.now()
    node.router.obstacle(node.concern("fence"), "fenced by web: HTTP 503")
    cluster.run(0.001)
    assert [at for at, what, _, _ in node.host.requests if what == "absent"][-1] == began
    cluster.run(0.4)
    assert cluster.holders() == []


def test_two_renewals_that_fail_in_a_row_end_the_mastership_and_one_does_not() -> None:
    cluster = Cluster()
    node = cluster.node(200)
    cluster.run(10)
    node.host.kernel_error = "cannot renew 192.0.2.100/24 on eth0: operation not permitted"
    cluster.run(0.5)
    assert node.state == "MASTER"
    node.host.kernel_error = ""
    cluster.run(0.5)
    node.host.kernel_error = "cannot renew 192.0.2.100/24 on eth0: operation not permitted"
    cluster.run(0.5)
    assert node.state == "MASTER"
    cluster.run(0.5)
    node.host.kernel_error = ""
    cluster.run(0.1)
    assert node.state == "INIT"
    assert node.count("kernel_errors") >= 3


def test_addresses_that_ran_out_while_nothing_could_be_sent_are_announced_when_they_are_back() -> (
    None
):
    cluster = Cluster()
    node = cluster.node(200)
    node.host.kernel_delay = 0.001  # each renewal is due 1 ms after an advertisement
    cluster.run(10)
    node.host.send_error = "cannot send on eth0: no buffer space available"
    cluster.run(2.1)
    assert cluster.holders() == []
    node.host.send_error = ""
    node.host.kernel_delay = 0.0
    frames = len(node.host.announced)
    cluster.run(1)
    assert cluster.holders() == ["n1"]
    assert len(node.host.announced) == frames + 5
    assert node.count("addresses_restored") == 1
