"""The disk is full where the daemons keep sockets, state and logs; keepalived beside it.

The addresses, the election and `pyvrrp status` do not need a disk: the master is stopped and the
standby takes over in time. When there is room again, the log continues with whole lines and says
how many are missing. A daemon that cannot make its control socket says so and exits with status 3.
"""

import errno
import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from drivers.pyvrrp_daemon import PyvrrpDaemon
from plays.duel import Duel, Pair, duel
from plays.node import LabNode
from plays.play import Play
from pyvrrp.testing.commands import run
from results.result import ExperimentResult
from results.setting import NOISE
from scenarios.options import ScenarioOptions

NEEDS = ("pyvrrp", "keepalived")
_SIZE, _FILES = "256k", 16


def experiments(options: ScenarioOptions) -> Iterator[ExperimentResult]:
    """Run it."""
    interval_ms = options.interval_ms or 100
    with Play("a full disk", f"{interval_ms} ms", options.listen) as play, ExitStack() as disks:
        both = duel(play, interval_ms=interval_ms)
        for pair in both.pairs:
            for node in (pair.first, pair.second):
                disks.enter_context(_disk(node.directory))
                if isinstance(node.daemon, PyvrrpDaemon):
                    node.daemon.log = node.directory / "log"
        both.start(clients=False)
        play.mark("the disks are full")
        both.each_node(lambda node: _fill(node.directory))
        _fail_over(play, both)
        _drain(play, both.pyvrrp.second)
        _log_goes_on(play, both.pyvrrp.second)
        _no_room_for_a_socket(play, both.pyvrrp)
        both.each_node(LabNode.kill)
    yield play.result()


@contextmanager
def _disk(directory: Path) -> Iterator[None]:
    run("mount", "-t", "tmpfs", "-o", f"size={_SIZE},nr_inodes={_FILES}", "tmpfs", str(directory))
    try:
        yield
    finally:
        run("umount", "--lazy", str(directory))


def _fill(directory: Path) -> None:
    """Write until not a byte more is possible."""
    with (directory / "ballast").open("wb", buffering=0) as ballast:
        try:
            while True:
                ballast.write(bytes(4096))
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise


def _fail_over(play: Play, both: Duel) -> None:
    died = play.mark("the masters are stopped")
    both.each(lambda pair: pair.first.stop())
    for pair in both.pairs:
        within = both.setting.skew_time(100) + NOISE
        if pair is both.pyvrrp:
            play.wait_for_holder(pair.address, pair.second.name, within=within, since=died)
        else:
            play.sleep(within)
            play.figure("keepalived: who has the address", play.holders(pair.address))
    answer = both.pyvrrp.second.command("status", "--json")
    told = json.loads(answer.stdout or "{}").get("virtual_routers", [{"state": answer.stderr}])
    play.equal("pyvrrp status", told[0]["state"], "MASTER")


def _drain(play: Play, node: LabNode) -> None:
    """What could not be remembered over a restart is not done."""
    refused = node.command("drain")
    play.equal("exit status of drain", refused.returncode, 3)
    told = "No space left" in refused.stderr
    play.check("it says why", refused.stderr.strip(), "No space left on device", passed=told)
    answer = json.loads(node.order("status", "--json"))["virtual_routers"][0]
    play.equal("nothing has changed", (answer["state"], answer["drained"]), ("MASTER", False))
    play.equal("drain --until-restart", node.command("drain", "--until-restart").returncode, 0)
    play.equal("undrain", node.command("undrain").returncode, 0)


def _log_goes_on(play: Play, node: LabNode) -> None:
    log = node.directory / "log"
    for _flap in range(8):  # more lines than the last page has room for
        _flap_once(play, node)
    stuck = log.stat().st_size
    play.mark("there is room again")
    (node.directory / "ballast").unlink()
    _flap_once(play, node)
    play.wait(lambda: log.stat().st_size > stuck, "the log to go on")
    play.sleep(0.1)
    lines = log.read_text(encoding="utf-8").splitlines()
    torn = [line for line in lines if not line.endswith("}")]
    play.check("lines torn by the full disk", len(torn), "at most 1", passed=len(torn) <= 1)
    told = [json.loads(line) for line in lines if line not in torn]
    lost = [event["lines"] for event in told if event["event"] == "log_lines_lost"]
    play.check("it says how many are missing", lost, "once", passed=len(lost) == 1 and lost[0] > 0)
    play.check(
        "the log goes on", told[-1]["text"], "INIT -> BACKUP", passed="BACKUP" in told[-1]["text"]
    )


def _flap_once(play: Play, node: LabNode) -> None:
    node.ip("link set eth0 down")
    play.sleep(0.05)
    node.ip("link set eth0 up")
    play.sleep(0.05)


def _no_room_for_a_socket(play: Play, pair: Pair) -> None:
    node = pair.first
    play.mark("no more files can be made")
    ballast = node.directory / "ballast"
    ballast.unlink(missing_ok=True)
    daemon = node.daemon
    if not isinstance(daemon, PyvrrpDaemon):
        return
    daemon.log = None
    for number in range(_FILES):
        try:
            (node.directory / f"file{number}").touch()
        except OSError:
            break
    daemon.start()
    process = daemon.running()
    play.wait(lambda: not process.running, "a daemon without a control socket to give up")
    play.equal("its exit status", process.stop(), 3)
    told = "control socket" in process.output and "No space left" in process.output
    play.check("it says why", process.output[-200:], "control socket: no space left", passed=told)
