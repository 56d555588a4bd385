"""What a running daemon has imported, and how much memory it takes."""

import json
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pyvrrp.testing.segment import Host, Network
from tests.kernel.daemons import eventually

pytestmark = pytest.mark.kernel

# Writes down at its end what has been imported. The guardian ends without that.
OBSERVED = """
import atexit, json, sys
target = sys.argv.pop(1)
atexit.register(lambda: open(target, "w").write(json.dumps(sorted(sys.modules))))
from pyvrrp.cli.main import main
sys.exit(main(sys.argv[1:]))
"""
VIP = "192.0.2.100"


@pytest.fixture
def host() -> Iterator[Host]:
    with Network() as network:
        yield network.segment("lan").host("r1", "192.0.2.1/24")


def configured(directory: Path, more: str = "", top: str = "") -> Path:
    config = directory / "pyvrrp.toml"
    config.write_text(
        f'node = "r1"\ncontrol_socket = "{directory}/r1.sock"\nstate_file = "{directory}/r1.json"\n'
        f'{top}\n[[virtual_router]]\nname = "web"\ninterface = "eth0"\nvrid = 51\n'
        f'addresses = ["{VIP}/24"]\nadvertisement_interval = "100ms"\n{more}\n'
    )
    return config


def imported(host: Host, directory: Path, more: str = "") -> set[str]:
    """Run a master until it holds its address, and return the modules of its process."""
    config, modules = configured(directory, more), directory / "modules.json"
    process = host.spawn(sys.executable, "-c", OBSERVED, str(modules), "run", "-c", str(config))
    eventually("it holds the address", lambda: VIP in host.addresses("eth0"))
    process.signal(signal.SIGTERM)
    assert process.finish() == 0, process.lines
    return set(json.loads(modules.read_text()))


def test_a_daemon_imports_what_its_configuration_needs(host: Host, tmp_path: Path) -> None:
    modules = imported(host, tmp_path)
    heads = {name.partition(".")[0] for name in modules}
    assert "asyncio" in heads
    assert heads & {"pyroute2", "scapy", "h11", "ssl", "_ssl", "hashlib", "email", "http"} == set()
    assert "pyvrrp.probes.runner" not in modules
    assert "pyvrrp.clients.processes.resource_commands" not in modules


WEB = 'checks = ["web"]\n[check.web]\nhttp = "http://127.0.0.1:8080/"'


def test_what_strangers_answer_is_read_by_the_prober_alone(host: Host, tmp_path: Path) -> None:
    server = host.spawn(sys.executable, "-m", "http.server", "8080", "--bind", "127.0.0.1")
    modules = imported(host, tmp_path, WEB)
    assert server.running
    assert "pyvrrp.prober.process" in modules
    assert modules & {"h11", "ssl", "_ssl", "_hashlib", "pyvrrp.probes.runner"} == set()


def pss(pid: int) -> int:
    """Return the memory of a process in kB, what it shares with others counted in parts."""
    rows = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next(int(row.split()[1]) for row in rows if row.startswith("Pss:"))


def test_a_daemon_with_its_guardian_needs_at_most_30_mib(host: Host, tmp_path: Path) -> None:
    process = host.spawn(sys.executable, "-m", "pyvrrp", "run", "-c", str(configured(tmp_path)))
    eventually("it holds the address", lambda: VIP in host.addresses("eth0"))
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    assert len(children) == 1
    assert pss(process.pid) + pss(int(children[0])) < 30 * 1024


def test_a_prober_needs_at_most_15_mib(host: Host, tmp_path: Path) -> None:
    server = host.spawn(sys.executable, "-m", "http.server", "8080", "--bind", "127.0.0.1")
    config = configured(tmp_path, WEB)
    process = host.spawn(sys.executable, "-m", "pyvrrp", "run", "-c", str(config))
    eventually("it holds the address", lambda: VIP in host.addresses("eth0"))
    assert server.running
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    sizes = {Path(f"/proc/{pid}/comm").read_text().strip(): pss(int(pid)) for pid in children}
    assert sizes.keys() == {"pyvrrp-guard", "pyvrrp-prober"}
    assert sizes["pyvrrp-prober"] < 15 * 1024
    assert pss(process.pid) + sizes["pyvrrp-guard"] < 30 * 1024
