import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from pyvrrp.net.guardian.stopping import IGNORED
from tests.kernel.wire import add_ours, addresses, ip, sysctl, wire
from tests.support.patience import PATIENCE

pytestmark = [pytest.mark.kernel]

DAEMON = """
from pyvrrp.net.guardian.parent import GuardianProcess
guardian = GuardianProcess.fork()
import os, sys
from ipaddress import ip_interface
netns, index, *words = sys.argv[1:]
plain = [(a.packed, a.network.prefixlen) for a in map(ip_interface, words)]
for command in sys.stdin:
    match command.strip():
        case "hold": guardian.hold(netns, int(index), plain)
        case "release": guardian.release(netns, int(index), plain)
        case "alive": print(guardian.alive())
        case "close": guardian.close()
        case "children":
            try:
                print(os.waitpid(-1, os.WNOHANG))
            except ChildProcessError:
                print("none")
    print("done", guardian.pid, flush=True)
"""


class Daemon:
    """A process with a guardian that does what it is told."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self.process = process
        self.guardian = 0

    def do(self, command: str) -> list[str]:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(f"{command}\n")
        self.process.stdin.flush()
        answer = []
        while not (line := self.process.stdout.readline().strip()).startswith("done"):
            assert line or self.process.poll() is None
            answer.append(line)
        self.guardian = int(line.split()[1])
        return answer


@contextmanager
def daemon(netns: str, *words: str, inside: bool = False) -> Iterator[Daemon]:
    """*inside*: the daemon itself lives in that namespace, and calls it its own."""
    index = ip("-n", netns, "-o", "link", "show", "e0").split(":")[0]
    enter = ("ip", "netns", "exec", netns) if inside else ()
    process = subprocess.Popen(
        (*enter, sys.executable, "-c", DAEMON, "" if inside else netns, index, *words),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield Daemon(process)
    finally:
        process.kill()
        process.wait()
        for stream in (process.stdin, process.stdout):
            assert stream is not None
            stream.close()


def soon(true: Callable[[], bool], patience: float = PATIENCE) -> bool:
    deadline = time.monotonic() + patience
    while not true():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.002)
    return True


def gone(pid: int) -> bool:
    return not Path(f"/proc/{pid}").exists()


def test_the_addresses_go_when_the_daemon_is_killed() -> None:
    words = ("10.9.0.100/24", "10.9.0.101/32", "2001:db8::100/128")
    with wire() as w, daemon(w.left, *words) as d:
        d.do("hold")
        add_ours(w.left, *words)
        d.process.kill()
        assert soon(lambda: addresses(w.left) == ["10.9.0.1/24"])
        assert soon(lambda: gone(d.guardian))


def test_the_addresses_of_the_daemons_own_namespace_go_too() -> None:
    with wire() as w, daemon(w.left, "10.9.0.100/24", inside=True) as d:
        d.do("hold")
        add_ours(w.left, "10.9.0.100/24")
        d.process.kill()
        assert soon(lambda: addresses(w.left) == ["10.9.0.1/24"])


def test_an_address_that_the_operator_has_made_permanent_stays() -> None:
    with wire() as w, daemon(w.left, "10.9.0.100/24", "10.9.0.101/32") as d:
        d.do("hold")
        add_ours(w.left, "10.9.0.100/24", "10.9.0.101/32", lifetime=60)
        forever = ("valid_lft", "forever", "preferred_lft", "forever")
        ip("-n", w.left, "addr", "change", "10.9.0.100/24", "dev", "e0", *forever)
        d.process.kill()
        assert soon(lambda: addresses(w.left) == ["10.9.0.1/24", "10.9.0.100/24"])


def test_an_address_of_the_operator_in_the_network_of_ours_stays() -> None:
    with wire() as w, daemon(w.left, "198.51.100.10/24") as d:
        d.do("hold")
        sysctl(w.left, "net/ipv4/conf/e0/promote_secondaries", "0")
        add_ours(w.left, "198.51.100.10/24")
        ip("-n", w.left, "addr", "add", "198.51.100.5/24", "dev", "e0")
        d.process.kill()
        assert soon(lambda: addresses(w.left) == ["10.9.0.1/24", "198.51.100.5/24"])


def test_250_addresses_go_too() -> None:
    words = [f"10.20.0.{number}/32" for number in range(1, 251)]
    with wire() as w, daemon(w.left, *words) as d:
        d.do("hold")
        add_ours(w.left, *words)
        d.process.kill()
        assert soon(lambda: addresses(w.left) == ["10.9.0.1/24"])


def test_the_guardian_ignores_the_signals_of_an_administrator() -> None:
    with wire() as w, daemon(w.left, "10.9.0.100/24") as d:
        d.do("hold")
        add_ours(w.left, "10.9.0.100/24")
        for number in IGNORED:
            os.kill(d.guardian, number)
        assert d.do("alive") == ["True"]
        d.process.kill()
        assert soon(lambda: addresses(w.left) == ["10.9.0.1/24"])


def test_what_was_released_stays() -> None:
    with wire() as w, daemon(w.left, "10.9.0.100/24") as d:
        d.do("hold")
        d.do("hold")
        d.do("release")
        add_ours(w.left, "10.9.0.100/24")
        d.process.kill()
        d.process.wait()
        assert soon(lambda: gone(d.guardian))
        assert addresses(w.left) == ["10.9.0.1/24", "10.9.0.100/24"]


def test_closing_removes_what_is_held_and_leaves_no_zombie() -> None:
    with wire() as w, daemon(w.left, "10.9.0.100/24") as d:
        d.do("hold")
        add_ours(w.left, "10.9.0.100/24")
        d.do("close")
        assert addresses(w.left) == ["10.9.0.1/24"]
        assert d.do("children") == ["none"]
        assert gone(d.guardian)
        d.do("close")


def test_a_dead_guardian_is_noticed_and_nothing_else_happens() -> None:
    with wire() as w, daemon(w.left, "10.9.0.100/24") as d:
        assert d.do("alive") == ["True"]
        os.kill(d.guardian, signal.SIGKILL)
        assert soon(lambda: d.do("alive") == ["False"])
        d.do("hold")
        d.do("release")
        d.do("close")


def test_a_stopped_guardian_blocks_nobody_and_hears_everything_later() -> None:
    words = [f"10.20.0.{number}/32" for number in range(1, 201)]
    with wire() as w, daemon(w.left, *words) as d:
        d.do("alive")
        os.kill(d.guardian, signal.SIGSTOP)
        try:
            # 3.6 kB each; the pipe takes 64 kB.
            for _ in range(150):
                d.do("hold")
                d.do("release")
            d.do("hold")
        finally:
            os.kill(d.guardian, signal.SIGCONT)
        # Each renewal of the lease holds again.
        for _ in range(20):
            time.sleep(0.01)
            d.do("hold")
        add_ours(w.left, "10.20.0.200/32")
        d.process.kill()
        assert soon(lambda: addresses(w.left) == ["10.9.0.1/24"])


def test_the_guardian_is_named_and_shares_nothing_with_the_daemon() -> None:
    with wire() as w, daemon(w.left, "10.9.0.100/24") as d:
        d.do("alive")
        directory = Path(f"/proc/{d.guardian}")
        assert soon(lambda: (directory / "comm").read_text() == "pyvrrp-guard\n")
        assert os.getsid(d.guardian) == d.guardian
        files = {link.name: str(link.readlink()) for link in (directory / "fd").iterdir()}
        assert files.pop("3").startswith("pipe:")
        assert files.pop("4").startswith("socket:")
        assert set(files.values()) == {"/dev/null"}


def test_the_death_of_the_guardian_makes_its_descriptor_readable() -> None:
    script = (
        "from pyvrrp.net.guardian.parent import GuardianProcess\n"
        "g = GuardianProcess.fork()\n"
        "import os, select, signal\n"
        "assert not select.select([g], [], [], 0)[0]\n"
        "os.kill(g.pid, signal.SIGKILL)\n"
        "assert select.select([g], [], [], 5)[0]\n"
        "assert not g.alive()\n"
        "g.close()\n"
        "assert g.fileno() == -1\n"
    )
    subprocess.run((sys.executable, "-W", "error", "-c", script), check=True, timeout=20)


def test_the_guardian_comes_before_the_heavy_imports() -> None:
    script = (
        "import sys\n"
        "import pyvrrp.net.guardian.parent\n"
        "heavy = {'asyncio', 'dataclasses', 'ipaddress', 'logging', 'pyroute2', 'typing', 're'}\n"
        "print(sorted(heavy & set(sys.modules)))\n"
    )
    # -S: what an editable installation imports is none of our business.
    shown = subprocess.run(
        (sys.executable, "-S", "-c", script), check=True, capture_output=True, text=True
    )
    assert shown.stdout == "[]\n"


def test_a_closed_guardian_may_still_be_told() -> None:
    with wire() as w, daemon(w.left, "10.9.0.100/24") as d:
        d.do("close")
        d.do("hold")
        d.do("release")
