"""The flags of ``pyvrrp takeover``: their meaning and their problems."""

import argparse
import subprocess
import sys

import pytest

from pyvrrp.cli.takeover import configuration, register
from pyvrrp.config.model.configuration import HttpProbeConfig, PingProbeConfig, TcpProbeConfig
from pyvrrp.config.model.takeover import TakeoverConfig
from pyvrrp.errors import ConfigurationError
from pyvrrp.identity import Family, Place

SMALL = ("--interface", "eth0", "--address", "192.0.2.10/24")
HTTP = ("--http", "http://192.0.2.1/")


def parsed(*words: str) -> TakeoverConfig:
    parser = argparse.ArgumentParser()
    register(parser.add_subparsers())
    return configuration(parser.parse_args(("takeover", *words)))


def problems(*words: str) -> list[str]:
    with pytest.raises(ConfigurationError) as caught:
        parsed(*words)
    return [str(problem) for problem in caught.value.problems]


def test_three_flags_are_enough() -> None:
    found = parsed(*SMALL, *HTTP)
    assert found.router.id.place == Place("", "eth0")
    assert found.router.id.family is Family.IPV4
    assert [str(address) for address in found.router.addresses] == ["192.0.2.10/24"]
    assert found.router.lease == 2
    assert found.check.probe == HttpProbeConfig("http://192.0.2.1/")
    policy = found.check.policy
    assert (policy.interval, policy.timeout) == (1_000_000_000, 800_000_000)
    assert (policy.fall, policy.rise) == (2, 2)
    assert (found.force, found.release_when_back, found.guardian) == (False, False, True)


def test_every_flag_reaches_the_model() -> None:
    found = parsed(
        *("--interface", "eth1", "--address", "2001:db8::10/64", "--tcp", "[2001:db8::1]:80"),
        *("--interval", "2s", "--timeout", "500ms", "--fall", "3", "--rise", "4"),
        *("--force", "--release-when-back", "--no-guardian", "--lease", "5s"),
    )
    assert found.router.id.family is Family.IPV6
    assert found.router.lease == 5
    assert found.check.probe == TcpProbeConfig("2001:db8::1", 80)
    policy = found.check.policy
    assert (policy.interval, policy.timeout) == (2_000_000_000, 500_000_000)
    assert (policy.fall, policy.rise) == (3, 4)
    assert (found.force, found.release_when_back, found.guardian) == (True, True, False)


def test_a_host_can_be_pinged() -> None:
    assert parsed(*SMALL, "--ping", "192.0.2.1").check.probe == PingProbeConfig("192.0.2.1")


def test_all_problems_are_reported_at_once_with_their_flags() -> None:
    assert problems("--address", "192.0.2.300/24", "--http", "ftp://x", "--fall", "0") == [
        '--address: "192.0.2.300" is not an IP address',
        "--fall: must be from 1 to 100, not 0",
        '--http: "ftp://x" is not a URL; write one such as "http://127.0.0.1/health"',
        "--interface: is required",
    ]


@pytest.mark.parametrize("targets", [(), (*HTTP, "--ping", "192.0.2.1")])
def test_exactly_one_target_is_needed(targets: tuple[str, ...]) -> None:
    assert problems(*SMALL, *targets) == ["exactly one of --http, --tcp and --ping is needed"]


def test_a_flag_that_is_given_twice_is_refused() -> None:
    assert problems(*SMALL, *HTTP, "--address", "192.0.2.11/24") == [
        "--address: can be given only once"
    ]


def test_release_when_back_is_refused_if_the_watched_address_is_taken_over() -> None:
    [problem] = problems(*SMALL, "--http", "http://192.0.2.10/", "--release-when-back")
    assert problem == (
        "--release-when-back: needs a server that is watched at another address: 192.0.2.10 is "
        "then an address of this host, and the server would always seem to be back; watch its own "
        "address"
    )


@pytest.mark.parametrize(
    "target",
    [
        ("--http", "http://[::ffff:192.0.2.10]/"),
        ("--tcp", "192.0.2.10:80"),
        ("--ping", "192.0.2.10"),
    ],
)
def test_release_when_back_is_refused_for_the_address_in_any_notation(
    target: tuple[str, str],
) -> None:
    [problem] = problems(*SMALL, *target, "--release-when-back")
    assert problem.startswith("--release-when-back: ")


def test_release_when_back_is_refused_with_a_host_name() -> None:
    [problem] = problems(*SMALL, "--http", "http://www.example/", "--release-when-back")
    assert problem == (
        "--release-when-back: needs the own address of the server: the name www.example may "
        "resolve to 192.0.2.10, which is then an address of this host"
    )
    assert parsed(*SMALL, "--http", "http://www.example/").release_when_back is False


def test_without_release_when_back_the_address_itself_may_be_watched() -> None:
    assert parsed(*SMALL, "--http", "http://192.0.2.10/").check.name == "http"


def test_an_address_that_nothing_would_remove_is_refused() -> None:
    assert problems(*SMALL, *HTTP, "--lease", "off", "--no-guardian") == [
        "--lease: cannot be off without the guardian: nothing would remove the address"
    ]


def test_the_exit_status_for_wrong_flags_is_2() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pyvrrp", "takeover", "--interface", "eth0", *HTTP],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "command line: --address: is required\n"
