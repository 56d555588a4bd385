"""Servers that keep the client of a check busy: how late the master's advertisements are.

A master at 100 ms has a check of a hostile server, whose result does not matter (weight -1), and a
check of a good one. The switch says when each advertisement entered it, the good server when it was
asked. For each kind of hostility the worst lateness of both is measured.
"""

import itertools
import os
import select
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from pyvrrp.testing.errors import BenchError
from pyvrrp.testing.hostile_servers import ANSWERS, DRIP, HANDSHAKE, SILENT, STORM, TALKER
from pyvrrp.testing.measure.capture import PortCapture
from pyvrrp.testing.segment import Host, Network
from report.benchmark import FaultReport, Row

WINDOW = 5.0  # seconds for each kind
CALM, DISK = "calm", "disk"
KINDS = (CALM, *ANSWERS, STORM, TALKER, SILENT, DRIP, HANDSHAKE, DISK)
_INTERVAL, _CHECK_INTERVAL = 0.1, 0.2
_LATEST, _LATEST_CHECK = 0.010, 0.100
_PATIENCE = 15.0
_ADDRESS = "192.0.2.100"
_CONFIG = """node = "r1"
control_socket = "{directory}/r1.sock"
state_file = "{directory}/r1.json"
[[virtual_router]]
name = "web"
interface = "eth0"
vrid = 51
addresses = ["192.0.2.100/24"]
advertisement_interval = "100ms"
checks = ["good", {{ name = "hostile", weight = -1 }}]
[check.good]
tcp = "127.0.0.1:8081"
interval = "200ms"
timeout = "200ms"
[check.hostile]
{look}
interval = "200ms"
timeout = "200ms"
"""


@dataclass
class _GoodServer:
    """Accepts connections in the namespace of a host, and notes when."""

    listener: socket.socket
    asked: list[float] = field(default_factory=list)

    def serve(self) -> None:
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return  # closed
            self.asked.append(time.monotonic())
            connection.close()


def hostile(outcome: FaultReport, window: float = WINDOW) -> None:
    """Measure all kinds, one after the other."""
    advertised, asked = [], []
    for kind in KINDS:
        with TemporaryDirectory(prefix="pyvrrp-hostile-") as directory, Network() as network:
            Path(directory).chmod(0o755)
            late, check_late = _measure(network, Path(directory), kind, window)
        outcome.rows.append(Row(f"{kind}: lateness of advertisements", "pyvrrp", late))
        outcome.rows.append(Row(f"{kind}: lateness of the other check", "pyvrrp", check_late))
        if kind != CALM:
            advertised.append(max(late, default=float("inf")))
            asked.append(max(check_late, default=float("inf")))
    outcome.judge("advertisements at 100 ms, latest", max(advertised), _LATEST, "10 ms")
    outcome.judge("the other check, latest", max(asked), _LATEST_CHECK, "100 ms")


def _measure(
    network: Network, directory: Path, kind: str, window: float
) -> tuple[list[float], list[float]]:
    lan = network.segment("lan")
    host = lan.host("r1", "192.0.2.1/24")
    flag = directory / "flag"
    look, words = _look(kind, directory)
    if kind not in {CALM, DISK}:
        server = ("pyvrrp.testing.hostile_servers", kind, "--flag", str(flag), *words)
        host.spawn(sys.executable, "-m", *server)
    elif kind == DISK:
        certificate = str(directory / "web.pem")
        server = ("pyvrrp.testing.webserver", "--certificate", certificate)
        host.spawn(sys.executable, "-m", *server)
    config = directory / "pyvrrp.toml"
    config.write_text(_CONFIG.format(directory=directory, look=look), encoding="utf-8")
    capture = PortCapture(lan.namespace, "r1")
    with _good_server(host) as good, capture.socket:
        host.spawn(sys.executable, "-m", "pyvrrp", "run", "--config", str(config))
        _until(lambda: _ADDRESS in host.addresses("eth0"), "it holds the address")
        flag.touch()
        if kind == DISK:
            _hang(directory / "ca.pem")
        _arrivals(capture, 0.5)
        good.asked.clear()
        times = _arrivals(capture, window)
        return _late(times, _INTERVAL), _late(good.asked, _CHECK_INTERVAL)


def _look(kind: str, directory: Path) -> tuple[str, tuple[str, ...]]:
    """Return the check of the hostile server, and further words for its command line."""
    if kind == TALKER:
        return 'tcp = "127.0.0.1:8080"', ()
    if kind not in {HANDSHAKE, DISK}:
        return 'http = "http://127.0.0.1:8080/"', ()
    web, ca, parameters = (directory / name for name in ("web.pem", "ca.pem", "dh.pem"))
    subject = ("-subj", "/CN=web", "-addext", "subjectAltName=IP:127.0.0.1", "-days", "2")
    _openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", web, "-out", ca, *subject)
    web.write_bytes(web.read_bytes() + ca.read_bytes())
    look = f'http = "https://127.0.0.1:8080/"\nca = "{ca}"'
    if kind == DISK:
        return look, ()
    group = ("-genparam", "-algorithm", "DH", "-pkeyopt", "group:ffdhe8192")
    _openssl("genpkey", *group, "-out", parameters)
    return look, ("--certificate", str(web), "--parameters", str(parameters))


def _openssl(*words: str | Path) -> None:
    done = subprocess.run(["openssl", *map(str, words)], capture_output=True, check=False)
    if done.returncode:
        raise BenchError(f"openssl: {done.stderr.decode(errors='replace')}")


def _hang(file: Path) -> None:
    """Have everybody who reads *file* wait for ever, as on a file system that hangs."""
    fifo = file.with_suffix(".fifo")
    os.mkfifo(fifo)
    fifo.replace(file)


@contextmanager
def _good_server(host: Host) -> Iterator[_GoodServer]:
    listener = host.inside(lambda: socket.create_server(("127.0.0.1", 8081), backlog=64))
    server = _GoodServer(listener)
    thread = threading.Thread(target=server.serve, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()


def _arrivals(capture: PortCapture, window: float) -> list[float]:
    times = []
    end = time.monotonic() + window
    while (left := end - time.monotonic()) > 0:
        if not select.select([capture.socket], [], [], left)[0]:
            continue
        seen = capture.read()
        if seen is not None and seen["kind"] == "advertisement" and isinstance(seen["time"], float):
            times.append(seen["time"])
    return times


def _late(times: list[float], interval: float) -> list[float]:
    """Return how much later than an interval after the one before each was; 0: not late."""
    return [max(0.0, after - before - interval) for before, after in itertools.pairwise(times)]


def _until(holds: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + _PATIENCE
    while not holds():
        if time.monotonic() > end:
            raise BenchError(f"still not so: {what}")
        time.sleep(0.05)
