"""Programs connect to the control socket and hang: they send nothing, or they ask and never read.

`pyvrrp status` of another program is still answered at once, no advertisement is late, and memory
and descriptors of the daemon stay bounded. keepalived has no such socket.
"""

import json
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from itertools import pairwise
from pathlib import Path

from plays.duel import Pair, duel
from plays.play import Play
from results.result import ExperimentResult
from results.setting import NOISE
from scenarios.options import ScenarioOptions

NEEDS = ("pyvrrp",)
_SILENT, _DEAF = 100, 20
_ASKED = 2000  # status requests of one that never reads: some megabytes of answers
_ANSWERS = 1.0
_MOST_DESCRIPTORS = 80


def experiments(options: ScenarioOptions) -> Iterator[ExperimentResult]:
    """Run it."""
    interval_ms = options.interval_ms or 100
    title = f"{_SILENT} silent peers, {_DEAF} that never read"
    with Play(title, f"{interval_ms} ms, IPv4", options.listen) as play:
        both = duel(play, interval_ms=interval_ms, rivals=("pyvrrp",))
        both.start(clients=False)
        pair = both.pyvrrp
        began = play.mark(f"{_SILENT} connect and say nothing")
        with ExitStack() as held:
            for _peer in range(_SILENT):
                held.enter_context(_connect(pair))
            _ask(play, pair, "while the silent ones hang on")
            play.mark(f"{_DEAF} ask {_ASKED} times and never read")
            for _peer in range(_DEAF):
                deaf = held.enter_context(_connect(pair))
                with suppress(OSError):  # full, or thrown out: both are what we want
                    deaf.sendall(b'{"command": "status"}\n' * _ASKED)
            _ask(play, pair, "while the deaf ones hang on")
            play.sleep(1.0)
            _ask(play, pair, "a second later")
            pid = _pid(pair)
            descriptors = len(list(Path(f"/proc/{pid}/fd").iterdir()))
            play.check(
                "open descriptors",
                descriptors,
                f"at most {_MOST_DESCRIPTORS}",
                passed=descriptors <= _MOST_DESCRIPTORS,
            )
            play.check("memory", f"{_memory(pid)} MB", "at most 60 MB", passed=_memory(pid) <= 60)
        sent = [event.time for event in play.timeline.advertisements(pair.first.name, after=began)]
        gap = max((later - earlier for earlier, later in pairwise(sent)), default=float("inf"))
        limit = both.setting.interval + NOISE
        play.at_most("longest between two advertisements", gap, limit)
        play.equal("who has the address", play.succession(pair.address, began), [pair.first.name])
    yield play.result()


def _connect(pair: Pair) -> socket.socket:
    peer = socket.socket(socket.AF_UNIX)
    peer.settimeout(2.0)
    peer.connect(str(pair.first.directory / "control.sock"))
    return peer


def _ask(play: Play, pair: Pair, when: str) -> None:
    began = time.monotonic()
    answer = pair.first.command("status", "--json")
    play.at_most(f"pyvrrp status answers {when}", time.monotonic() - began, _ANSWERS)
    told = json.loads(answer.stdout)["virtual_routers"][0]["state"] if answer.stdout else ""
    play.equal("and says", told or answer.stderr, "MASTER")


def _pid(pair: Pair) -> int:
    daemon = pair.first.daemon
    return 0 if daemon is None else daemon.running().pid


def _memory(pid: int) -> int:
    lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    (resident,) = (line.split()[1] for line in lines if line.startswith("VmRSS"))
    return int(resident) // 1024
