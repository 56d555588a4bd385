import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator

import pytest

from pyvrrp.testing import ownership
from pyvrrp.testing.errors import BenchError
from pyvrrp.testing.segment import Host, Network, Segment

pytestmark = pytest.mark.kernel

BUILD_AND_WAIT = """
import signal, sys
from pyvrrp.testing.segment import Network, interrupt_on_sigterm
interrupt_on_sigterm()
with Network() as network:
    network.segment("lan").host("r1", "192.0.2.1/24").spawn("sleep", "600")
    print(network.prefix, flush=True)
    signal.pause()
"""


@pytest.fixture
def network() -> Iterator[Network]:
    with Network() as network:
        yield network


# The first datagrams may be lost after a link has come up: the kernel takes up to a second.
PATIENT, BRIEF = 20, 3  # attempts, 0.3 s each


def hears(sender: Host, receiver: Host, address: str, attempts: int = PATIENT) -> bool:
    """Whether one of several datagrams of *sender* reaches *receiver*."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    ear = receiver.inside(lambda: socket.socket(family, socket.SOCK_DGRAM))
    mouth = sender.inside(lambda: socket.socket(family, socket.SOCK_DGRAM))
    with ear, mouth:
        ear.bind((address, 9999))
        ear.settimeout(0.3)
        for _attempt in range(attempts):
            try:
                mouth.sendto(b"x", (address, 9999))
                return ear.recv(1) == b"x"
            except OSError:
                continue
        return False


def carrier(host: Host) -> bool:
    return "LOWER_UP" in host.run("ip", "-br", "link", "show", "eth0")


def pair(network: Network) -> tuple[Segment, Host, Host]:
    lan = network.segment("lan")
    return lan, lan.host("r1", "192.0.2.1/24", "2001:db8::1/64"), lan.host("r2", "192.0.2.2/24")


def test_hosts_of_a_segment_hear_each_other_and_addresses_are_usable_at_once(
    network: Network,
) -> None:
    lan, r1, _r2 = pair(network)
    client = lan.host("client", "192.0.2.9/24", "2001:db8::9/64")
    assert hears(client, r1, "192.0.2.1")
    assert hears(client, r1, "2001:db8::1")
    assert {"192.0.2.9", "2001:db8::9"} <= client.addresses("eth0")


def test_a_cut_takes_the_carrier_of_that_host_alone_and_heal_gives_it_back(
    network: Network,
) -> None:
    lan, r1, r2 = pair(network)
    lan.cut(r1)
    assert (carrier(r1), carrier(r2)) == (False, True)
    assert not hears(r2, r1, "192.0.2.1", BRIEF)
    lan.heal(r1)
    assert carrier(r1)
    assert hears(r2, r1, "192.0.2.1")


def test_a_muted_host_keeps_its_carrier_and_hears_nothing(network: Network) -> None:
    lan, r1, r2 = pair(network)
    lan.mute(r1)
    assert carrier(r1)
    assert not hears(r2, r1, "192.0.2.1", BRIEF)
    lan.heal(r1)
    assert hears(r2, r1, "192.0.2.1")


def test_a_host_can_be_on_two_segments(network: Network) -> None:
    lan, r1, r2 = pair(network)
    wan = network.segment("wan")
    wan.attach(r1, "198.51.100.1/24", interface="eth1")
    far = wan.host("far", "198.51.100.9/24")
    assert hears(far, r1, "198.51.100.1")
    wan.cut(r1, interface="eth1")
    assert not hears(far, r1, "198.51.100.1", BRIEF)
    assert hears(r2, r1, "192.0.2.1")
    with pytest.raises(BenchError, match="r2 has no eth1 on segment lan"):
        lan.cut(r2, interface="eth1")


def test_kernel_parameters_are_those_of_the_host_alone(network: Network) -> None:
    _lan, r1, r2 = pair(network)
    r1.tune({"ipv4/ip_forward": 1})
    read = [host.run("cat", "/proc/sys/net/ipv4/ip_forward").strip() for host in (r1, r2)]
    assert read == ["1", "0"]


def test_two_hosts_of_one_name_are_refused(network: Network) -> None:
    network.segment("lan").host("r1")
    with pytest.raises(BenchError, match="there is a host r1 already"):
        network.host("r1")


def test_any_name_will_do_for_a_host(network: Network) -> None:
    lan = network.segment("lan")
    for name in ("h", "help", "type", "dev", "up"):
        lan.host(name)


def test_nothing_is_left_after_an_exception() -> None:
    network = Network()
    sleeper = network.segment("lan").host("r1").spawn("sleep", "600")
    with pytest.raises(BenchError), network:
        network.host("r1")
    assert not sleeper.running
    assert ownership.namespaces_of(network.prefix) == []
    assert not network.directory.exists()


def test_two_networks_of_one_process_do_not_meet(network: Network) -> None:
    network.segment("lan").host("r1")
    with Network() as other:
        other.segment("lan").host("r1")
        assert other.prefix != network.prefix
    assert len(ownership.namespaces_of(network.prefix)) == 2


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_nothing_is_left_after_a_signal(number: signal.Signals) -> None:
    with building() as (process, prefix):
        process.send_signal(number)
        process.wait(60)
        assert ownership.namespaces_of(prefix) == []
        assert not (ownership.RUN_DIRECTORY / prefix).exists()


def test_what_a_killed_process_left_is_removed_before_the_next_network() -> None:
    with building() as (process, prefix):
        inside = ownership.namespaces_of(prefix)
        assert len(inside) == 2
        process.kill()
        process.wait(60)
        assert ownership.namespaces_of(prefix) == inside
        with Network():
            assert ownership.namespaces_of(prefix) == []
            assert not (ownership.RUN_DIRECTORY / prefix).exists()


def test_what_a_running_process_built_is_not_removed() -> None:
    with building() as (_process, prefix):
        assert prefix not in ownership.sweep()
        assert len(ownership.namespaces_of(prefix)) == 2


def test_a_record_that_is_not_written_yet_belongs_to_the_process_in_the_name() -> None:
    prefix = f"pv{os.getpid():x}-none"
    directory = ownership.RUN_DIRECTORY / prefix
    directory.mkdir(parents=True)
    try:
        (directory / "owner").touch()
        assert ownership.owner_of(prefix) == os.getpid()
    finally:
        directory.joinpath("owner").unlink()
        directory.rmdir()


def test_a_record_of_a_process_id_used_again_is_not_its_owner() -> None:
    prefix = f"pv{os.getpid():x}-fff"
    directory = ownership.RUN_DIRECTORY / prefix
    directory.mkdir(parents=True)
    try:
        (directory / "owner").write_text(f"{os.getpid()} 1", encoding="ascii")
        assert ownership.owner_of(prefix) == 0
    finally:
        ownership.release(prefix)


class building:  # noqa: N801 - reads as a sentence
    """A process that has built a network and waits."""

    def __enter__(self) -> tuple[subprocess.Popen[str], str]:
        self.process = subprocess.Popen(
            [sys.executable, "-c", BUILD_AND_WAIT], stdout=subprocess.PIPE, text=True
        )
        assert self.process.stdout is not None
        return self.process, self.process.stdout.readline().strip()

    def __exit__(self, *_error: object) -> None:
        self.process.kill()
        self.process.wait(60)
        if self.process.stdout is not None:
            self.process.stdout.close()
        ownership.sweep()


def test_two_that_are_parted_do_not_hear_each_other_and_a_third_hears_both(
    network: Network,
) -> None:
    lan, r1, r2 = pair(network)
    r3 = lan.host("r3", "192.0.2.3/24")
    lan.part((r1, r2))
    assert not hears(r1, r2, "192.0.2.2", BRIEF)
    assert not hears(r2, r1, "192.0.2.1", BRIEF)
    assert hears(r1, r3, "192.0.2.3")
    assert carrier(r1)
    lan.unite()
    assert hears(r1, r2, "192.0.2.2")


def test_a_switch_that_is_split_carries_frames_within_its_sides_alone(network: Network) -> None:
    lan, r1, r2 = pair(network)
    r3 = lan.host("r3", "192.0.2.3/24")
    lan.split([r1], [r2, r3])
    assert not hears(r1, r3, "192.0.2.3", BRIEF)
    assert hears(r2, r3, "192.0.2.3")
    lan.split([r1, r2], [r3])
    assert hears(r1, r2, "192.0.2.2")
    assert not hears(r2, r3, "192.0.2.3", BRIEF)
