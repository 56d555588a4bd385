"""What ``pyvrrp check`` says about the interfaces of this machine."""

from ipaddress import ip_interface
from pathlib import Path

import pytest

from pyvrrp.cli.main import main
from tests.kernel.wire import ip, wire

pytestmark = [pytest.mark.kernel]


def warnings(tmp_path: Path, netns: str, capsys: pytest.CaptureFixture[str], *lines: str) -> str:
    file = tmp_path / "pyvrrp.toml"
    head = ('node = "a"', "[[virtual_router]]", 'name = "web"', "vrid = 51", 'interface = "e0"')
    file.write_text("\n".join((*head, f'netns = "{netns}"', *lines)))
    assert main(["check", str(file)]) == 0
    said = capsys.readouterr().out.splitlines()
    return "\n".join(line for line in said if ".addresses: " in line)


def test_an_advertisement_that_does_not_fit_the_mtu(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with wire() as w:
        ip("-n", w.left, "link", "set", "e0", "mtu", "1400")
        many = ["fe80::51/64", *(f"2001:db8::{number:x}/64" for number in range(1, 90))]
        said = warnings(tmp_path, w.left, capsys, f"addresses = {many}")
        assert "an advertisement of 1488 octets does not fit the MTU 1400 of" in said
        assert warnings(tmp_path, w.left, capsys, f"addresses = {many[:80]}") == ""


def test_an_address_that_the_operator_has_configured(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with wire() as w:
        said = warnings(tmp_path, w.left, capsys, 'addresses = ["10.9.0.1/24"]')
        assert "10.9.0.1/24 is on" in said
        assert "set priority = 255 if this node owns it" in said
        owner = 'addresses = ["10.9.0.1/24"]\npriority = 255'
        assert warnings(tmp_path, w.left, capsys, owner) == ""


@pytest.mark.parametrize(
    ("address", "is_source"),
    [("198.51.100.10/24", True), ("198.51.100.10/32", False), ("10.9.0.10/24", False)],
)
def test_an_ipv4_address_that_this_host_would_send_from(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], address: str, is_source: bool
) -> None:
    with wire() as w:
        said = warnings(tmp_path, w.left, capsys, f'addresses = ["{address}"]')
        host = ip_interface(address).ip
        assert ("would be the first address of its network" in said) is is_source
        assert (f"Set {host}/32" in said) is is_source


def test_an_interface_that_is_not_here_says_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert warnings(tmp_path, "no-such-namespace", capsys, 'addresses = ["10.9.0.1/24"]') == ""
