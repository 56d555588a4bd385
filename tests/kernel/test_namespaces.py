import json
import subprocess
import sys
from pathlib import Path

import pytest

from pyvrrp.errors import KernelError
from pyvrrp.net.system.netns import entered
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
