"""A chain of three resources: started in order, stopped in reverse, a defined end for each failure.

A start that fails, a stop that hangs, a monitor that fails several times, a peer that is still
primary, a daemon that is killed in the middle of a start, a daemon that is stopped: nothing runs on
two nodes at once, no node has the address before all resources run, and priority 0 leaves when
nothing runs any more.
"""

import threading
from collections.abc import Iterator
from functools import partial

from drivers.toml_text import virtual_router
from plays.node import LabNode
from plays.play import Play
from results.result import ExperimentResult
from scenarios.options import ScenarioOptions
from services.scripted_resources import ORDER, ScriptedResources

NEEDS = ("pyvrrp",)
VIP = "10.9.0.100"
_SOON = 2.0
_UP = [f"start {name}" for name in ORDER]
_DOWN = [f"{verb} {name}" for name in reversed(ORDER) for verb in ("stop", "stopped")]

_KEYS = (
    'nodes = ["n1", "n2"]',
    "preempt = false",
    'lease = "2s"',
    'hold_down = { initial = "1s", ceiling = "1s" }',
    'resources = ["disk", "mount", "app"]',
)
_RESOURCE = """
[resource.{name}]
agent = "exec:{agent} ${{DIRECTORY}}"
exclusive = true
start_timeout = "1s"
stop_timeout = "1s"
monitor_interval = "200ms"
monitor_timeout = "1s"
max_restarts = 2
restart_window = "10s"
"""


class StorageNodes:
    """Two nodes with the chain, n1 the better one."""

    def __init__(self, play: Play) -> None:
        self.play = play
        self.chain = ScriptedResources(play.network.directory)
        self.n1, self.n2 = (play.node(f"n{n}", f"10.9.0.{n}/24") for n in (1, 2))
        agent = self.chain.agent
        switch = f'on_stop_failure = "exec:{agent} ${{DIRECTORY}} switch"'
        text = virtual_router("files", 51, [f"{VIP}/24"], 100, *_KEYS, switch) + "".join(
            _RESOURCE.format(name=name, agent=agent) for name in ORDER
        )
        for node in (self.n1, self.n2):
            node.pyvrrp(text)

    def back_to_n1(self) -> None:
        """Have n1 hold it again, by an orderly stop of n2."""
        self.play.mark("n2 is stopped, and n1 takes over")
        self.n2.stop()
        self.play.wait_for_holder(VIP, "n1", within=3 * _SOON)
        self.n2.start()
        self.play.wait(lambda: self.says(self.n2, "BACKUP"), "n2 is BACKUP", 10.0)

    def says(self, node: LabNode, what: str) -> bool:
        """Tell whether `pyvrrp status` of a node has *what* in it."""
        return what in node.command("status", "files").stdout


def experiments(options: ScenarioOptions) -> Iterator[ExperimentResult]:
    """Run it."""
    with Play("a chain of three", "100 ms, a fake DRBD below", options.listen) as play:
        stage = StorageNodes(play)
        play.begin()
        # One after the other: neither preempts, so the first that is ready keeps it.
        started = play.mark("start")
        stage.n1.start()
        play.wait_for_holder(VIP, "n1", within=2 * _SOON)
        play.equal("n1 starts in order", stage.chain.done("n1", started), _UP)
        stage.n2.start()
        play.wait(lambda: stage.says(stage.n2, "BACKUP"), "n2 is BACKUP", 10.0)
        _in_order(stage)
        _start_fails(stage)
        _stop_hangs(stage)
        _monitor_flaps(stage)
        _peer_is_primary(stage)
        _killed(stage)
        _stalled(stage)
        play.equal("what ran on two nodes at once", stage.chain.overlaps(), [])
        play.never_two(VIP)
        for node in (stage.n1, stage.n2):
            node.stop()
    yield play.result()


def _in_order(stage: StorageNodes) -> None:
    play, chain = stage.play, stage.chain
    stopped = play.mark("n1 is stopped in order")
    stage.n1.stop()
    play.equal("n1 stops in reverse", chain.done("n1", stopped), _DOWN)
    last = chain.steps(stopped)[len(_DOWN) - 1].time
    play.wait_for_holder(VIP, "n2", within=_SOON, since=stopped)
    first = chain.wait("n2", "start disk", stopped)
    play.check("n2 starts after that", f"{first - last:.3f} s", "> 0 s", passed=first > last)
    stage.n1.start()
    play.wait(lambda: stage.says(stage.n1, "BACKUP"), "n1 is BACKUP", 10.0)
    stage.back_to_n1()


def _start_fails(stage: StorageNodes) -> None:
    play, chain = stage.play, stage.chain
    chain.tell(stage.n2, "app", "start", "fail")
    failed = play.mark("n1 is drained, and n2's app does not start")
    stage.n1.order("drain")
    chain.wait("n2", "stopped disk", failed)
    tried = ["start disk", "start mount", "start-failed app"]
    play.equal("n2 releases what it started", chain.done("n2", failed), [*tried, *_DOWN])
    play.equal("who has the address", play.holders(VIP), [])
    play.wait(
        lambda: stage.says(stage.n2, "app does not start: exit status 1: told to fail"),
        "n2 says why",
        5.0,
    )
    play.mark("n1 is undrained")
    stage.n1.order("undrain")
    play.wait_for_holder(VIP, "n1", within=2 * _SOON)
    chain.tell(stage.n2, "app", "start")


def _stop_hangs(stage: StorageNodes) -> None:
    play, chain = stage.play, stage.chain
    chain.tell(stage.n1, "mount", "stop", "hang")
    hung = play.mark("n1 is drained, and its mount does not stop")
    # It answers when nothing runs here any more.
    drain = threading.Thread(target=stage.n1.command, args=("drain",))
    drain.start()
    chain.wait("n1", "switch mount", hung)
    play.check(
        "n1 holds on",
        stage.says(stage.n1, "mount does not stop"),
        "True",
        passed=stage.says(stage.n1, "MASTER"),
    )
    play.equal("n2 has started nothing", chain.done("n2", hung), [])
    play.equal("the disk below stays", "stop disk" in chain.done("n1", hung), False)
    chain.tell(stage.n1, "mount", "stop")
    play.wait_for_holder(VIP, "n2", within=6 * _SOON, since=hung)
    drain.join()
    stage.n1.order("undrain")
    play.wait(lambda: stage.says(stage.n1, "BACKUP"), "n1 is BACKUP", 10.0)
    stage.back_to_n1()


def _monitor_flaps(stage: StorageNodes) -> None:
    play, chain = stage.play, stage.chain
    flapping = play.mark("n1's mount dies again and again")
    for number in range(3):
        since = play.mark(f"n1's mount dies, number {number + 1}")
        chain.lose(stage.n1, "mount")
        if number < 2:
            restarted = partial(_has_ended_with, chain, since, "start app")
            play.wait(restarted, "it is restarted with what stands on it", 5.0)
            below = [step for step in chain.done("n1", since) if step.endswith(" disk")]
            play.equal("what is done to the disk below", below, [])
            play.wait(lambda: play.holders(VIP) == ["n1"], "n1 has the address again", 5.0)
    play.wait_for_holder(VIP, "n2", within=2 * _SOON)
    play.equal("n1 has started it", chain.done("n1", flapping).count("start mount"), 2)
    stage.back_to_n1()


def _has_ended_with(chain: ScriptedResources, since: float, step: str) -> bool:
    return chain.done("n1", since)[-1:] == [step]


def _peer_is_primary(stage: StorageNodes) -> None:
    play, chain = stage.play, stage.chain
    play.mark("another node is primary, and n1 is drained")
    other = stage.n1.host.spawn("flock", str(chain.shared / "primary"), "sleep", "1000")
    since = play.mark("n1's disk dies")
    # The lock passes to the other one when n1's own holder has gone.
    chain.tell(stage.n1, "disk", "monitor", "fail")
    play.wait(lambda: "start disk" in chain.done("n2", since), "n2 tries", 10.0)
    play.wait(lambda: stage.says(stage.n2, "peer is primary"), "n2 says why not", 5.0)
    play.equal("nobody mounts", "start mount" in chain.done("n2", since), False)
    play.equal("who has the address", play.holders(VIP), [])
    other.kill()
    chain.tell(stage.n1, "disk", "monitor")
    play.mark("nobody is primary any more")
    play.wait(lambda: len(play.holders(VIP)) == 1, "a node has it again", 10.0)
    if play.holders(VIP) == ["n2"]:
        stage.back_to_n1()


def _killed(stage: StorageNodes) -> None:
    play, chain = stage.play, stage.chain
    chain.tell(stage.n2, "app", "start", "hang")
    since = play.mark("n1 is stopped; n2's daemon is killed in the middle of a start")
    stage.n1.stop()
    chain.wait("n2", "start-hangs app", since)
    killed = play.mark("n2's daemon is killed (SIGKILL)")
    stage.n2.kill_daemon()
    chain.wait("n2", "stopped disk", killed)
    play.equal("its guardian stops in reverse", chain.done("n2", killed), _DOWN)
    chain.tell(stage.n2, "app", "start")
    for node in (stage.n2, stage.n1):
        node.start()
    play.wait(lambda: len(play.holders(VIP)) == 1, "a node has it again", 10.0)
    if play.holders(VIP) == ["n2"]:
        play.wait(lambda: stage.says(stage.n1, "BACKUP"), "n1 is BACKUP", 10.0)
        stage.back_to_n1()


def _stalled(stage: StorageNodes) -> None:
    play, chain = stage.play, stage.chain
    stage.n2.stop()
    since = play.mark("n1's daemon is stopped (SIGSTOP)")
    stage.n1.pause()
    chain.wait("n1", "stopped disk", since)
    play.equal("its guardian stops in reverse", chain.done("n1", since), _DOWN)
    play.equal("who has the address", play.holders(VIP), [])
    stage.n1.resume()
    play.mark("it goes on (SIGCONT)")
    play.wait_for_holder(VIP, "n1", within=5 * _SOON)
    stage.n2.start()
