import json
import subprocess
import sys
from pathlib import Path

import pytest

from pyvrrp.errors import KernelError
from pyvrrp.net.netns import entered
from pyvrrp.net.sysctl import SysctlChanges, read_sysctl, write_sysctl
from tests.kernel.wire import ip, wire

pytestmark = [pytest.mark.kernel]

ARP_IGNORE = "net/ipv4/conf/e0/arp_ignore"


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


def test_sysctls_are_read_changed_and_put_back() -> None:
    with wire() as w:
        changes = SysctlChanges(w.left)
        changes.set(ARP_IGNORE, "1")
        changes.set(ARP_IGNORE, "2")
        assert read_sysctl(w.left, ARP_IGNORE) == "2"
        assert read_sysctl(w.right, ARP_IGNORE) == "0"
        changes.restore()
        assert read_sysctl(w.left, ARP_IGNORE) == "0"
        changes.set(ARP_IGNORE, "1")
        ip("-n", w.left, "link", "del", "e0")
        changes.restore()


def test_a_sysctl_that_does_not_exist_or_does_not_take_the_value_is_an_error() -> None:
    with wire() as w:
        with pytest.raises(KernelError, match="cannot read net/nope: no such file or directory"):
            read_sysctl(w.left, "net/nope")
        with pytest.raises(KernelError, match="cannot set net/ipv4/ip_forward to x: invalid"):
            write_sysctl(w.left, "net/ipv4/ip_forward", "x")
        for name in ("../../etc/passwd", "/etc/passwd"):
            with pytest.raises(KernelError, match="is not the name of a sysctl"):
                read_sysctl(w.left, name)


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
