"""Hooks hear what happens to a virtual router, in order, and never hold up the election."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from pyvrrp.config.model.hooks import HookConfig, HookEvent
from pyvrrp.ports import Command, CommandResult
from pyvrrp.runtime.base.journal import Journal
from pyvrrp.runtime.reloading import Reloading
from pyvrrp.runtime.supervisor import Supervisor
from pyvrrp.units import SECOND, Nanoseconds
from tests.support.cluster import Cluster, Node


@dataclass
class Programs:
    """Runs nothing: each program ends after *takes* seconds with *status*, or never."""

    node: Node
    takes: float | None = 0.1
    status: int = 0
    calls: list[tuple[str, ...]] = field(default_factory=list)
    told: list[dict[str, str]] = field(default_factory=list)
    held: list[bool] = field(default_factory=list)
    most_at_once: int = 0
    _running: int = 0

    def run(
        self, command: Command, timeout: Nanoseconds, done: Callable[[CommandResult], None]
    ) -> "Programs":
        self.calls.append(command.words)
        self.told.append(dict(command.environment))
        self.held.append(bool(self.node.host.held))
        self._running += 1
        self.most_at_once = max(self.most_at_once, self._running)
        clock, killed = self.node.host.clock, CommandResult(None, "killed after 10s")

        def end(result: CommandResult) -> None:
            self._running -= 1
            done(result)

        if self.takes is None or self.takes * SECOND > timeout:
            clock.call_at(Nanoseconds(clock.now() + timeout), lambda: end(killed))
        else:
            at = Nanoseconds(clock.now() + round(self.takes * SECOND))
            clock.call_at(at, lambda: end(CommandResult(self.status, "", "said")))
        return self

    def end_within(self, time: Nanoseconds) -> None:
        raise AssertionError(time)

    def words(self) -> list[str]:
        return [words[-2] for words in self.calls]


STATES = HookConfig("states", ("/h",))
BEFORE = HookConfig("before", ("/b",), on=(HookEvent.PRE_MASTER,), veto=True)


def pair(*hooks: HookConfig, **programs: object) -> tuple[Cluster, Node, Programs]:
    """Two nodes; the better one has *hooks*."""
    cluster = Cluster()
    node = cluster.node(200, start=False)
    spy = Programs(node)
    for key, value in programs.items():
        setattr(spy, key, value)
    old = node.supervisor.configuration
    router = replace(old.virtual_routers[0], hooks=tuple(hook.name for hook in hooks))
    configuration = replace(old, virtual_routers=(router,), hooks=hooks)
    node.journal = Journal(cluster.clock)
    ports = replace(node.host.ports(), commands=spy)
    node.supervisor = Supervisor(configuration, ports, node.journal)
    node.supervisor.start()
    cluster.node(100)
    return cluster, node, spy


def test_it_gets_the_arguments_of_keepalived_in_order() -> None:
    cluster, node, spy = pair(STATES)
    cluster.run(10)
    node.host.link(up=False)
    cluster.run(10)
    assert spy.calls == [
        ("/h", "INSTANCE", "web", "BACKUP", "200"),
        ("/h", "INSTANCE", "web", "MASTER", "200"),
        ("/h", "INSTANCE", "web", "FAULT", "200"),
    ]


def test_without_arguments_the_command_is_run_as_it_is() -> None:
    cluster, _, spy = pair(replace(STATES, keepalived_arguments=False))
    cluster.run(10)
    assert spy.calls == [("/h",), ("/h",)]


def test_it_learns_what_happened_and_why() -> None:
    cluster, node, spy = pair(STATES)
    cluster.run(10)
    node.supervisor.routers[0].drain(drained=True)
    cluster.run(10)
    last = spy.told[-1]
    assert last == {
        "PYVRRP_HOOK": "states",
        "PYVRRP_NODE": "n1",
        "PYVRRP_NAME": "web",
        "PYVRRP_EVENT": "fault",
        "PYVRRP_STATE": "INIT",
        "PYVRRP_PREVIOUS": "BACKUP",
        "PYVRRP_REASON": "drained",
        "PYVRRP_SEQUENCE": "4",
        "PYVRRP_PRIORITY": "200",
        "PYVRRP_ADDRESSES": "192.0.2.100/24",
        "PYVRRP_PEER": "192.0.2.2",
        "PYVRRP_INTERFACE": "eth0",
        "PYVRRP_NETNS": "",
        "PYVRRP_VRID": "51",
    }
    numbers = [int(told["PYVRRP_SEQUENCE"]) for told in spy.told]
    assert numbers == sorted(set(numbers))


def test_master_comes_when_the_addresses_are_there_and_fault_when_they_are_gone() -> None:
    cluster, node, spy = pair(STATES)
    node.host.kernel_delay = 0.3
    cluster.run(10)
    node.supervisor.routers[0].drain(drained=True)
    cluster.run(10)
    assert list(zip(spy.words(), spy.held, strict=True)) == [
        ("BACKUP", False),
        ("MASTER", True),
        ("FAULT", False),
    ]


def test_one_runs_at_a_time_and_only_the_last_state_is_told_afterwards() -> None:
    cluster, node, spy = pair(STATES, takes=8.0)
    cluster.run(4)
    assert (node.state, spy.words()) == ("MASTER", ["BACKUP"])
    for up in (False, True, False):
        node.host.link(up=up)
        cluster.run(1)
    cluster.run(20)
    assert spy.words() == ["BACKUP", "FAULT"]
    assert spy.most_at_once == 1
    assert node.count("hooks_replaced") == 3


def test_one_that_hangs_is_told_and_the_next_one_runs() -> None:
    cluster, node, spy = pair(STATES, takes=None)
    cluster.run(15)
    assert node.state == "MASTER"
    assert spy.words() == ["BACKUP", "MASTER"]
    (failed,) = node.events("hook_ended")
    assert failed.level == "warning"
    assert failed.text == "hook states for backup: killed after 10s, after 10 s"
    assert failed.fields["took_ms"] == 10_000.0
    assert (node.count("hook_runs"), node.count("hook_failures")) == (1, 1)


def test_the_stop_of_the_daemon_waits_for_its_stop_hook() -> None:
    cluster, node, spy = pair(STATES, takes=2.0)
    cluster.run(12)
    ended: list[float] = []
    node.supervisor.stop(lambda: ended.append(cluster.clock.now() / SECOND))
    cluster.run(1)
    assert (spy.words()[-1], spy.held[-1], ended) == ("STOP", False, [])
    cluster.run(2)
    assert len(ended) == 1
    assert spy.words().count("STOP") == 1


def test_a_veto_leaves_the_addresses_to_the_other_node_and_is_asked_again() -> None:
    cluster, node, spy = pair(BEFORE, status=1)
    cluster.run(12)
    assert cluster.holders() == ["n2"]
    assert node.supervisor.routers[0].waits_for == "hook before, which forbids it"
    assert node.count("hook_vetoes") >= 2
    spy.status = 0
    cluster.run(6)
    assert cluster.holders() == ["n1"]


def test_one_that_hangs_is_no_veto() -> None:
    cluster, node, _ = pair(replace(BEFORE, timeout=Nanoseconds(2 * SECOND)), takes=None)
    cluster.run(12)
    assert cluster.holders() == ["n1"]
    assert node.count("hook_vetoes") == 0


def test_without_the_right_to_a_veto_a_failure_only_delays() -> None:
    cluster, _, spy = pair(replace(BEFORE, veto=False), status=1)
    cluster.run(12)
    assert cluster.holders() == ["n1"]
    assert spy.calls == [("/b", "INSTANCE", "web", "PRE_MASTER", "200")]


def test_a_router_that_a_reload_removes_has_stopped_and_is_not_faulty() -> None:
    cluster, node, spy = pair(STATES)
    cluster.run(10)
    supervisor = node.supervisor
    reloading = Reloading(supervisor, cluster.clock, node.journal)
    reloading.apply(replace(supervisor.configuration, virtual_routers=()))
    cluster.run(10)
    assert spy.words() == ["BACKUP", "MASTER", "STOP"]
    assert (supervisor.routers, reloading.under_way) == ([], False)
