"""What a running daemon has imported, and what it costs."""

import json
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pyvrrp.testing.segment import Host, Network
from tests.kernel.test_daemon import eventually

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


def imported(host: Host, directory: Path, more: str = "") -> set[str]:
    """Run a master until it holds its address, and return the modules of its process."""
    config, modules = directory / "pyvrrp.toml", directory / "modules.json"
    config.write_text(
        f'node = "r1"\ncontrol_socket = "{directory}/r1.sock"\nstate_file = "{directory}/r1.json"\n'
        '[[virtual_router]]\nname = "web"\ninterface = "eth0"\nvrid = 51\n'
        f'addresses = ["{VIP}/24"]\nadvertisement_interval = "100ms"\n{more}\n'
    )
    process = host.spawn(sys.executable, "-c", OBSERVED, str(modules), "run", "-c", str(config))
    eventually("it holds the address", lambda: VIP in host.addresses("eth0"))
    process.signal(signal.SIGTERM)
    assert process.finish() == 0, process.lines
    return set(json.loads(modules.read_text()))


def test_a_daemon_needs_neither_pyroute2_nor_scapy(host: Host, tmp_path: Path) -> None:
    heads = {name.partition(".")[0] for name in imported(host, tmp_path)}
    assert "pyvrrp" in heads
    assert heads & {"pyroute2", "scapy"} == set()
