"""MariaDB on a data directory that all nodes share, its clients, and the proof that one serves."""

import contextlib
import os
import shutil
import signal
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from plays.node import LabNode
from pyvrrp.testing.commands import run
from pyvrrp.testing.errors import BenchError
from pyvrrp.testing.processes import SpawnedProcess
from pyvrrp.testing.segment import Host

_LOOK = 0.02  # seconds between two looks into /proc
_PATIENCE = 10.0

# The least that a resource agent for a database does: $1 is the node's own directory (socket,
# process id), the last word the action. The server itself holds a lock as long as it lives, stopped
# or not, so that an attempt to start a second one leaves a trace.
_AGENT = """#!/bin/sh
data={data}
own=$1
action=$2

server() {{
    pid=$(cat "$own/mariadb.pid" 2>/dev/null) || return 1
    tr '\\0' ' ' 2>/dev/null <"/proc/$pid/cmdline" | grep -q -- "--pid-file=$own/mariadb.pid"
}}

case $action in
start)
    server && exit 0
    setsid "$0" "$own" serve >>"$own/mariadb.log" 2>&1 &
    ;;
serve)
    flock --nonblock --conflict-exit-code 99 "$data.lock" mariadbd --no-defaults \\
        --datadir="$data" --socket="$own/mariadb.sock" --pid-file="$own/mariadb.pid" --user=root \\
        --port=3306 --bind-address=0.0.0.0 --skip-grant-tables --skip-name-resolve \\
        --innodb-buffer-pool-size=8M --innodb-log-file-size=8M --performance-schema=0 \\
        --init-file="$data.sql"
    [ $? -ne 99 ] || echo "$own" >>"$data.second"
    ;;
stop)
    server || exit 0
    kill "$pid"
    for i in 1 2 3 4 5 6 7; do
        sleep 0.1
        server || exit 0
    done
    kill -KILL "$pid"
    while server; do sleep 0.02; done
    ;;
monitor)
    server || exit 7
    exec mariadb-admin --no-defaults --socket="$own/mariadb.sock" --connect-timeout=1 ping
    ;;
esac
"""
_TABLE = """CREATE DATABASE IF NOT EXISTS lab;
CREATE TABLE IF NOT EXISTS lab.entry (n INT PRIMARY KEY);
"""


class Storage:
    """The data directory, on a disk that every node reaches, and the agent beside it."""

    def __init__(self, directory: Path) -> None:
        if shutil.which("mariadbd") is None:
            raise BenchError("no MariaDB here; netns-lab/bootstrap --with-testers installs it")
        self.data = directory / "mariadb"
        self.agent = directory / "database"
        run(
            *("mariadb-install-db", "--no-defaults", f"--datadir={self.data}", "--user=root"),
            *("--auth-root-authentication-method=normal", "--skip-test-db"),
        )
        (directory / "mariadb.sql").write_text(_TABLE, encoding="utf-8")
        self.agent.write_text(_AGENT.format(data=self.data), encoding="utf-8")
        self.agent.chmod(0o755)

    def servers(self) -> dict[int, str]:
        """Return the servers that have it open now, each with the name of its node."""
        found: dict[int, str] = {}
        for entry in os.scandir("/proc"):
            if entry.name.isdigit():
                words = _command_line(entry.name)
                if words[:1] == ["mariadbd"] and f"--datadir={self.data}" in words:
                    own = next(word for word in words if word.startswith("--pid-file="))
                    found[int(entry.name)] = Path(own).parent.name
        return found

    def attempts(self) -> list[str]:
        """Return where a second server was started beside a living one."""
        trace = self.data.with_suffix(".second")
        return trace.read_text(encoding="utf-8").split() if trace.exists() else []

    def hang(self) -> None:
        """SIGSTOP the servers: they keep their connections and do not answer."""
        for pid in self.servers():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGSTOP)


@dataclass(slots=True)
class Sight:
    """One look: who served, and for how long that was so."""

    begun: float
    nodes: tuple[str, ...]


class ServerWatch:
    """Looks into /proc all the time, and counts the servers that run on the data."""

    def __init__(self, storage: Storage) -> None:
        self.most = 0
        self.sights: list[Sight] = []
        self._storage = storage
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def finish(self) -> None:
        """Stop looking."""
        self._end.set()
        self._thread.join(_PATIENCE)

    def _look(self) -> None:
        while not self._end.wait(_LOOK):
            nodes = tuple(sorted(self._storage.servers().values()))
            self.most = max(self.most, len(nodes))
            if not self.sights or self.sights[-1].nodes != nodes:
                self.sights.append(Sight(time.time(), nodes))

    def succession(self) -> list[str]:
        """Return who served, one after the other."""
        return [sight.nodes[0] for sight in self.sights if sight.nodes]


class Writer:
    """A client that commits one row after the other through the virtual address."""

    def __init__(self, host: Host, address: str) -> None:
        self._host = host
        self._address = address
        self._process: SpawnedProcess | None = None

    def start(self) -> None:
        """Write from now on."""
        script = Path(__file__).with_name("mariadb_writer.py")
        self._process = self._host.spawn(sys.executable, str(script), self._address)

    def finish(self) -> None:
        """Stop writing."""
        if self._process is not None:
            self._process.finish()

    @property
    def committed(self) -> list[tuple[float, int]]:
        """When the server confirmed which row."""
        lines = [] if self._process is None else list(self._process.lines)
        return [(line.time, int(line.text)) for line in lines if line.text.isdigit()]

    def last(self) -> float:
        """Return when the last row was confirmed; 0 before the first."""
        return self.committed[-1][0] if self.committed else 0.0


def rows(node: LabNode) -> set[int]:
    """Return all rows that the server on *node* has."""
    socket = node.directory / "mariadb.sock"
    query = "SELECT n FROM lab.entry"
    said = run("mariadb", "--no-defaults", f"--socket={socket}", "--batch", "-N", "-e", query)
    return {int(line) for line in said.split()}


def _command_line(pid: str) -> list[str]:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text(encoding="utf-8").split("\0")
    except (OSError, UnicodeDecodeError):
        return []
