"""Checks that get stuck in earnest: the daemon goes on, says what is the matter, and lets go."""

import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

import pytest

from pyvrrp.clients.processes.proc_table import process_ids, read_file, stat_of
from pyvrrp.testing.segment import Network
from tests.kernel.daemons import Bench, Daemon, eventually

pytestmark = pytest.mark.kernel

CHECK = """checks = ["web"]
hold_down = {{ initial = "0s" }}

[check.web]
{look}
interval = "1500ms"
timeout = "1400ms"
fall = 1
"""  # a loaded machine starts a program within a second

# A web server whose answer is the content of a file.
SERVER = """
import http.server, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = open(sys.argv[1], "rb").read()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *words): pass
http.server.HTTPServer(("127.0.0.1", 8080), Handler).serve_forever()
"""


@pytest.fixture
def stage() -> Iterator[Bench]:
    """A bench in a directory that the user nobody, who runs a check's programs, can look into."""
    with TemporaryDirectory(prefix="pyvrrp-test-") as directory, Network() as network:
        Path(directory).chmod(0o755)
        yield Bench(network, network.segment("lan"), Path(directory))


def two(stage: Bench, look: str) -> tuple[Daemon, Daemon]:
    """A master with a check, and a standby without one."""
    one, other = stage.host("r1", 1), stage.host("r2", 2)
    high = stage.start(one, 200, more=CHECK.format(look=look))
    eventually("r1 holds the address", high.holds)
    low = stage.start(other, 100)
    eventually("r2 listens", lambda: low.status()["state"] == "BACKUP")
    return high, low


def why_it_took_over(daemon: Daemon) -> str:
    eventually("it holds the address", daemon.holds)
    # The kernel may know it before the log does.
    eventually("it says so", lambda: daemon.events("transition")[-1]["to"] == "MASTER")
    return str(daemon.events("transition")[-1]["reason"])


def asleep(seconds: str) -> list[int]:
    command = f"sleep\0{seconds}\0".encode()
    found = [pid for pid in process_ids() if read_file(pid, "cmdline", 100) == command]
    return [pid for pid in found if (process := stat_of(pid)) is not None and not process.dead]


def test_a_program_that_ignores_every_signal_and_hides_its_children_is_killed_and_fences(
    stage: Bench,
) -> None:
    stuck = stage.directory / "stuck"
    nap = f"3{uuid4().int % 10**9:09}"
    line = (
        f"test -e {stuck} || exit 0; trap '' TERM INT HUP; "
        f"setsid sleep {nap} & setsid sh -c 'sleep {nap}; :' & sleep {nap}; sleep {nap}"
    )
    high, low = two(stage, f"""exec = ["/bin/sh", "-c", "{line}"]""")
    stuck.touch()
    assert why_it_took_over(low) == "192.0.2.1 released the addresses"
    assert high.status()["reason"] == "fenced by web: killed after 1.4 s"
    stuck.unlink()
    eventually("r1 holds the address again", high.holds)
    eventually("nothing of the program is left", lambda: not asleep(nap))


def test_a_pattern_that_takes_for_ever_delays_no_advertisement_and_fences(stage: Bench) -> None:
    page = stage.directory / "page"
    page.write_text("aaa")
    high_host = stage.host("r1", 1)
    high_host.spawn(sys.executable, "-c", SERVER, str(page))
    look = 'http = "http://127.0.0.1:8080/"\nbody_regex = "^(a+)+$"'
    high = stage.start(high_host, 200, more=CHECK.format(look=look))
    eventually("r1 holds the address", high.holds)
    low = stage.start(stage.host("r2", 2), 100)
    eventually("r2 listens", lambda: low.status()["state"] == "BACKUP")
    page.write_text("a" * 60 + "!")
    # A daemon whose loop searched would fall silent, and be replaced for that.
    assert why_it_took_over(low) == "192.0.2.1 released the addresses"
    expected = "fenced by web: timed out after 1.4 s while matching /^(a+)+$/"
    assert high.status()["reason"] == expected
    page.write_text("aaa")
    eventually("r1 holds the address again", high.holds)
