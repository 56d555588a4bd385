import json
import os
import shutil
import socket
import subprocess
import sys
import threading
from contextlib import suppress
from ipaddress import IPv4Address
from pathlib import Path

import pytest

from pyvrrp.clients.base.name_service import NAMESPACE_FILES
from pyvrrp.clients.base.resolver import HostName, LookUpResult, look_up_in_system
from pyvrrp.errors import KernelError
from pyvrrp.net.system.netns import entered, open_namespace
from tests.kernel.daemons import Bench, Daemon, eventually
from tests.kernel.wire import ip, wire

pytestmark = [pytest.mark.kernel]


def current() -> int:
    return Path("/proc/thread-self/ns/net").stat().st_ino


def test_a_thread_goes_there_and_comes_back_even_after_an_error() -> None:
    home = current()
    with wire() as w:
        with entered(w.left):
            assert current() == Path(f"/run/netns/{w.left}").stat().st_ino
        assert current() == home
        with pytest.raises(ZeroDivisionError), entered(w.left):
            _ = 1 // 0
        assert current() == home
        with entered(""):
            assert current() == home


@pytest.mark.parametrize("name", ["nowhere", "..", "a/b", "/proc/1"])
def test_a_name_that_is_none_is_an_error(name: str) -> None:
    with pytest.raises(KernelError, match=r"network namespace"), entered(name):
        pass


def pyvrrp(netns: str, *words: str) -> str:
    command = ("ip", "netns", "exec", netns, sys.executable, "-m", "pyvrrp", *words)
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def test_the_command_interfaces_shows_addresses_labels_and_the_default_gateway() -> None:
    with wire() as w:
        ip("-n", w.left, "addr", "add", "10.9.0.50/24", "dev", "e0", "label", "e0:x")
        ip("-n", w.left, "route", "add", "default", "via", "10.9.0.2")
        shown = json.loads(pyvrrp(w.left, "interfaces", "--json"))["interfaces"]
        by_name = {one["name"]: one for one in shown}
        assert set(by_name) == {"lo", "e0"}
        e0 = by_name["e0"]
        v4 = [address for address in e0["addresses"] if "." in address]
        assert v4 == ["10.9.0.1/24", "10.9.0.50/24"]
        assert e0["default_gateways"] == ["10.9.0.2"]
        assert len(e0["mac"]) == 17
        text = pyvrrp(w.left, "interfaces")
        assert "10.9.0.1/24" in text
        assert "(default gateway 10.9.0.2)" in text


def test_a_path_and_a_process_lead_there_too() -> None:
    with wire() as w:
        there = Path(f"/run/netns/{w.left}").stat().st_ino
        with entered(f"/run/netns/{w.left}"):
            assert current() == there
        inside = subprocess.Popen(("ip", "netns", "exec", w.left, "sleep", "60"))
        try:
            link = Path(f"/proc/{inside.pid}/ns/net")
            eventually("the process is there", lambda: link.stat().st_ino == there)
            with entered(f"pid:{inside.pid}"):
                assert current() == there
            with entered(str(link)):
                assert current() == there
        finally:
            inside.kill()
            inside.wait()
        with pytest.raises(KernelError, match="there is no network namespace pid:"):
            open_namespace(f"pid:{inside.pid}")


def test_a_process_in_the_namespace_of_the_daemon_is_refused() -> None:
    with pytest.raises(KernelError, match="is in the one of the daemon"):
        open_namespace(f"pid:{os.getpid()}")


def dns_answer(query: bytes) -> bytes:
    """Return an answer with the address 192.0.2.77 for the first question of *query*."""
    end = query.index(b"\0", 12) + 5
    kind = query[end - 4 : end - 2]
    records = b"\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4" + bytes([192, 0, 2, 77])
    if kind != b"\0\1":  # only A records exist
        records = b""
    head = query[:2] + b"\x81\x80\0\1\0" + bytes([bool(records)]) + b"\0\0\0\0"
    return head + query[12:end] + records


def test_names_are_looked_up_with_the_files_of_the_namespace() -> None:
    with wire() as w:
        files = NAMESPACE_FILES / w.left
        files.mkdir(parents=True)
        try:
            (files / "resolv.conf").write_text("nameserver 127.0.0.1\n")
            (files / "hosts").write_text("192.0.2.78 only-there.example\n")
            ip("-n", w.left, "link", "set", "lo", "up")
            with entered(w.left):
                server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            with server:
                server.bind(("127.0.0.1", 53))
                thread = threading.Thread(target=serve_names, args=(server,), daemon=True)
                thread.start()
                mounts = Path("/proc/self/mounts").read_text()
                assert look_up("service.example", w.left) == (IPv4Address("192.0.2.77"),)
                assert look_up("only-there.example", w.left) == (IPv4Address("192.0.2.78"),)
                assert look_up("only-there.example", "") != (IPv4Address("192.0.2.78"),)
                assert Path("/proc/self/mounts").read_text() == mounts
                server.sendto(b"", server.getsockname())
                thread.join()
        finally:
            shutil.rmtree(files)


def look_up(name: str, netns: str) -> LookUpResult:
    """Look up in a thread of its own, which does not come back from there."""
    found: list[LookUpResult] = []
    thread = threading.Thread(target=lambda: found.append(look_up_in_system(HostName(name, netns))))
    thread.start()
    thread.join()
    return found[0]


def serve_names(server: socket.socket) -> None:
    while True:
        query, asker = server.recvfrom(1500)
        if not query:
            return
        server.sendto(dns_answer(query), asker)


def test_one_daemon_in_namespaces_by_name_path_and_process(bench: Bench) -> None:
    later = f"pvlater{os.getpid()}"
    by_path, by_pid = bench.host("r2", 2), bench.host("r3", 3)
    inside = by_pid.spawn("sleep", "120")
    more = "".join(
        f"""
[[virtual_router]]
name = "{name}"
interface = "{interface}"
netns = "{netns}"
vrid = {vrid}
addresses = ["203.0.113.{vrid}/32"]
advertisement_interval = "100ms"
"""
        for name, interface, netns, vrid in (
            ("path", "eth0", f"/run/netns/{by_path.namespace}", 71),
            ("process", "eth0", f"pid:{inside.pid}", 72),
            ("later", "eth7", later, 73),
        )
    )
    daemon = bench.start(bench.host("r1", 1), 200, more)

    def states() -> dict[str, str]:
        return {one["name"]: one["state"] for one in ask(daemon)}

    up = {"web": "MASTER", "path": "MASTER", "process": "MASTER"}
    eventually("three are masters", lambda: states() == {**up, "later": "INIT"})
    assert "203.0.113.71" in by_path.addresses("eth0")
    assert "203.0.113.72" in by_pid.addresses("eth0")
    try:
        for _ in range(2):
            ip("netns", "add", later)
            ip("-n", later, "link", "add", "eth7", "type", "veth", "peer", "name", "eth8")
            ip("-n", later, "link", "set", "eth8", "up")
            ip("-n", later, "address", "add", "192.0.2.7/24", "dev", "eth7")
            ip("-n", later, "link", "set", "eth7", "up")
            eventually("it is there", lambda: states() == {**up, "later": "MASTER"})
            assert "203.0.113.73/32" in ip("-n", later, "address", "show", "dev", "eth7")
            ip("netns", "del", later)
            eventually("it has gone", lambda: states() == {**up, "later": "INIT"})
    finally:
        with suppress(Exception):
            ip("netns", "del", later)


def ask(daemon: Daemon) -> list[dict[str, str]]:
    done = subprocess.run(
        (sys.executable, "-m", "pyvrrp", "status", "--json", "--socket", str(daemon.socket)),
        check=False, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, (done.stderr, list(daemon.process.lines))
    found: list[dict[str, str]] = json.loads(done.stdout)["virtual_routers"]
    return found
