"""MariaDB on a data directory that two nodes share, with a lease in etcd: one server, no lost row.

A client commits rows through the virtual address. The active node is powered off, its daemon is
killed, hung and drained, its database hangs. Each time the standby starts the database on the same
data and every confirmed row is there. Two servers never run at once, as /proc and a lock show.
"""

from collections.abc import Callable, Iterator

from drivers.toml_text import virtual_router
from plays.node import LabNode
from plays.play import Play
from results.result import ExperimentResult
from scenarios.options import ScenarioOptions
from services.etcd_member import EtcdMember
from services.mariadb import ServerWatch, Storage, Writer, rows

NEEDS = ("pyvrrp",)
VIP = "10.9.0.100"
_STORE = "10.9.0.50"
_TTL = 10.0
_START = 4.0  # of a MariaDB that has to recover, on a busy machine
_EXPIRY = _TTL + 1.0 + 0.5  # etcd ends a lease up to a second later; the next look

_KEYS = (
    'nodes = ["n1", "n2"]',
    "preempt = false",
    'lease = "1s"',
    'hold_down = { initial = "1s", ceiling = "2s" }',
    'checks = ["cluster"]',
    'resources = ["database"]',
)
_MORE = """
[resource.database]
agent = "exec:{agent} ${{DIRECTORY}}"
exclusive = true
start_timeout = "15s"
stop_timeout = "1s"
monitor_interval = "500ms"
monitor_timeout = "1s"
max_restarts = 0

[check.cluster]
lease = "http://10.9.0.50:2379"
ttl = "10s"
interval = "500ms"
timeout = "400ms"
"""


class DatabaseNodes:
    """Two nodes, their database, the client that writes, and the one who counts servers."""

    def __init__(self, play: Play) -> None:
        self.play = play
        self.storage = Storage(play.network.directory)
        self.nodes = {name: play.node(name, f"10.9.0.{name[1]}/24") for name in ("n1", "n2")}
        self.store = play.node("store", f"{_STORE}/24")
        self.etcd = EtcdMember(self.store, _STORE, {"store": _STORE})
        router = virtual_router("db", 51, [f"{VIP}/24"], 100, *_KEYS)
        for node in self.nodes.values():
            node.pyvrrp(router + _MORE.format(agent=self.storage.agent))
        self.writer = Writer(play.node("client", "10.9.0.9/24").host, VIP)

    def moves_to(self, name: str, what: str, act: Callable[[], object], within: float) -> None:
        """Do *act*, and see *name* get the address, serve the data and take rows."""
        play = self.play
        done = play.mark(what)
        act()
        play.wait_for_holder(VIP, name, within=within, since=done, what=f"{name} serves: {what}")
        play.wait(lambda: self.writer.last() > done + 0.5, "rows are committed again", 10.0)
        play.wait(lambda: self.writer.last() > play.marks[-1].time + 0.1, "rows go on", 5.0)
        self.none_is_lost(name, what)
        play.equal(f"who serves the data: {what}", [*self.storage.servers().values()], [name])

    def none_is_lost(self, name: str, what: str) -> None:
        """Check that every row that was confirmed so far is there."""
        confirmed = {number for _, number in self.writer.committed}
        lost = sorted(confirmed - rows(self.nodes[name]))
        self.play.equal(f"confirmed rows that are lost: {what}", lost, [])


def experiments(options: ScenarioOptions) -> Iterator[ExperimentResult]:
    """Run it."""
    with Play("MariaDB on shared storage", "100 ms, ttl 10 s, real etcd", options.listen) as play:
        stage = DatabaseNodes(play)
        n1, n2 = stage.nodes.values()
        play.begin()
        stage.etcd.start()
        judge = ServerWatch(stage.storage)
        try:
            n1.start()
            play.mark("start")
            play.wait_for_holder(VIP, "n1", within=6.0 + _START)
            n2.start()
            stage.writer.start()
            play.wait(lambda: len(stage.writer.committed) > 5, "the first rows are committed")
            _acts(stage, n1, n2)
            stage.writer.finish()
        finally:
            judge.finish()
        play.equal("most servers at any instant", judge.most, 1)
        play.equal("where a second one was tried", stage.storage.attempts(), [])
        play.equal("who served", judge.succession(), ["n1", "n2", "n1", "n2", "n1", "n2"])
        play.never_two(VIP)
        play.check(
            "rows committed",
            len(stage.writer.committed),
            "more than 50",
            passed=len(stage.writer.committed) > 50,
        )
        n2.stop()
        play.equal("what runs when both are stopped in order", stage.storage.servers(), {})
    yield play.result()


def _acts(stage: DatabaseNodes, n1: LabNode, n2: LabNode) -> None:
    hung = 0.5 + 1.0 + 2 * 1.0  # to look, and to stop
    stage.moves_to("n2", "n1's database hangs (SIGSTOP)", stage.storage.hang, hung + _START)
    stage.moves_to("n1", "n2 is drained", lambda: n2.order("drain"), 2.0 + _START)
    n2.order("undrain")
    stage.moves_to("n2", "n1's power fails", n1.power_off, _EXPIRY + _START)
    n1.power_on()
    n1.start()
    stage.play.wait(lambda: _is_backup(n1), "n1 is BACKUP again", 15.0)
    stage.moves_to("n1", "n2's daemon is killed (SIGKILL)", n2.kill_daemon, _EXPIRY + _START)
    n2.start()
    stage.play.wait(lambda: _is_backup(n2), "n2 is BACKUP again", 15.0)
    stage.moves_to("n2", "n1's daemon hangs (SIGSTOP)", n1.pause, _EXPIRY + _START)
    n1.resume()
    stage.play.wait(lambda: _is_backup(n1), "n1 is BACKUP when it goes on", 15.0)
    n1.stop()


def _is_backup(node: LabNode) -> bool:
    said = node.command("status", "db")
    return "db  BACKUP" in said.stdout
