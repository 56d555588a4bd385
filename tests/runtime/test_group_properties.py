"""Whatever happens, in whatever order: the members of a group never disagree."""

from collections.abc import Sequence

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from pyvrrp.fencing.policy import HoldDown
from pyvrrp.ports import ProbeResult
from pyvrrp.units import Nanoseconds
from pyvrrp.virtual_router.states import is_transient
from tests.support.routers import GroupNode, Site

SIDES = ("lan", "wan", "dmz")
sides = st.sampled_from(SIDES)
nodes = st.sampled_from([0, 1])
PRIORITIES = (200, 100)
NO_HOLD_DOWN = HoldDown(initial=Nanoseconds(0))


class AnyHistory(RuleBasedStateMachine):
    """Two nodes, three segments; after every event the states of a node's members are compared."""

    @initialize(checked=st.lists(sides, unique=True), preempt=st.booleans())
    def begin(self, checked: Sequence[str], preempt: bool) -> None:
        self.site = Site(sides=SIDES)
        self.routers: list[GroupNode] = [
            self.site.router(priority, checked=checked, preempt=preempt, hold_down=NO_HOLD_DOWN)
            for priority in PRIORITIES
        ]
        self.site.clock.after_each = self.compare

    def compare(self) -> None:
        for router in self.routers:
            # One that lets go is neither, until its addresses are off or its successor has spoken.
            states = [member.state for member in router.members if not is_transient(member.state)]
            assert len({type(state) for state in states}) <= 1, (self.site.clock.now(), states)

    @rule(seconds=st.sampled_from([0.001, 0.05, 0.6, 1.0, 3.7]))
    def time_passes(self, seconds: float) -> None:
        self.site.run(seconds)

    @rule(node=nodes, side=sides, up=st.booleans())
    def the_link_changes(self, node: int, side: str, up: bool) -> None:
        self.routers[node].host(side).link(up=up)

    @rule(node=nodes, side=sides, connected=st.booleans())
    def the_segment_is_cut_or_healed(self, node: int, side: str, connected: bool) -> None:
        self.routers[node].connect(side, connected=connected)

    @rule(node=nodes, passes=st.booleans())
    def the_service_changes(self, node: int, passes: bool) -> None:
        for host in self.routers[node].hosts.values():
            host.service = lambda: ProbeResult(passes, "HTTP 200" if passes else "HTTP 500")

    @rule(node=nodes, side=sides, slow=st.booleans(), refuses=st.booleans())
    def the_kernel_changes(self, node: int, side: str, slow: bool, refuses: bool) -> None:
        host = self.routers[node].host(side)
        host.kernel_delay = 0.3 if slow else 0.0
        host.kernel_error = "no buffer space" if refuses else ""

    @rule(node=nodes, side=sides, drained=st.booleans())
    def the_operator_drains(self, node: int, side: str, drained: bool) -> None:
        self.routers[node].member(side).drain(drained=drained)

    @rule(node=nodes, side=sides)
    def the_operator_has_it_resign(self, node: int, side: str) -> None:
        self.routers[node].member(side).resign()

    @rule(node=nodes, side=sides, priority=st.sampled_from([None, 50, 150, 250]))
    def the_operator_sets_a_priority(self, node: int, side: str, priority: int | None) -> None:
        self.routers[node].member(side).set_priority(priority)

    @rule(seconds=st.sampled_from([0.5, 2.0, 4.0]))
    def everything_stalls(self, seconds: float) -> None:
        self.site.clock.stall(seconds)

    @invariant()
    def they_agree(self) -> None:
        if hasattr(self, "routers"):
            self.compare()

    def teardown(self) -> None:
        if not hasattr(self, "routers"):
            return
        for router in self.routers:
            for side in SIDES:
                host = router.host(side)
                host.kernel_error, host.kernel_delay = "", 0.0
                host.service = lambda: ProbeResult(True, "HTTP 200")
                host.link(up=True)
                router.member(side).drain(drained=False)
                router.member(side).set_priority(None)
            router.connect(*SIDES)
        # Once all is well, one node has everything.
        self.site.run(30)
        held = self.site.all_held_by()
        assert held in ([["n1"]] * 3, [["n2"]] * 3), held


AnyHistory.TestCase.settings = settings(max_examples=30, stateful_step_count=25, deadline=None)
TestAnyHistory = AnyHistory.TestCase
