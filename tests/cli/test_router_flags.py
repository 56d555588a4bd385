"""The flags that describe one virtual router without a file."""

import argparse
import os
import subprocess
import sys

import pytest

from pyvrrp.cli.base.router_flags import add_flags, configuration, given
from pyvrrp.config.model.configuration import (
    ExecProbeConfig,
    HttpProbeConfig,
    PingProbeConfig,
    TcpProbeConfig,
)
from pyvrrp.errors import ConfigurationError
from pyvrrp.identity import Place

SMALL = ("--interface", "eth0", "--vrid", "51", "--address", "192.0.2.10/24")


def parsed(*words: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("-c", "--config")
    parser.add_argument("--node")
    add_flags(parser)
    return parser.parse_args(words)


def problems(*words: str) -> list[str]:
    with pytest.raises(ConfigurationError) as caught:
        configuration(parsed(*words))
    assert caught.value.source == "command line"
    return [str(problem) for problem in caught.value.problems]


def test_three_flags_describe_a_virtual_router() -> None:
    found = configuration(parsed(*SMALL))
    [router] = found.virtual_routers
    assert found.node == os.uname().nodename
    assert (router.name, router.priority, router.checks) == ("default", 100, ())
    assert str(router.addresses[0]) == "192.0.2.10/24"


def test_every_flag_reaches_the_model() -> None:
    found = configuration(
        parsed(
            *SMALL,
            *("--address", "192.0.2.11", "--priority", "150", "--interval", "2s", "--version", "2"),
            *("--no-preempt", "--strict", "--no-guardian", "--name", "web", "--netns", "blue"),
            *("--authentication", "abc", "--lease", "3s", "--preempt-delay", "1s"),
            *("--http", "http://127.0.0.1/", "--http", "http://127.0.0.1:81/", "--tcp", "[::1]:82"),
            *("--check-interval", "4s", "--check-timeout", "1s", "--rise", "3", "--fall", "4"),
            *("--control-socket", "/run/x.sock", "--node", "web7"),
        )
    )
    [router] = found.virtual_routers
    assert found.node == "web7"
    assert str(found.control_socket) == "/run/x.sock"
    assert found.guardian is False
    assert (router.name, router.priority, router.version, router.lease) == ("web", 150, 2, 3)
    assert router.id.place == Place("blue", "eth0")
    assert (router.preempt, router.strict, router.authentication) == (False, True, b"abc")
    assert (router.advertisement_interval, router.preempt_delay) == (2_000_000_000, 1_000_000_000)
    assert [str(address) for address in router.addresses] == ["192.0.2.10/24", "192.0.2.11/32"]
    assert router.checks == ("http", "http-2", "tcp")
    assert [check.probe for check in found.checks] == [
        HttpProbeConfig("http://127.0.0.1/", netns="blue"),
        HttpProbeConfig("http://127.0.0.1:81/", netns="blue"),
        TcpProbeConfig("::1", 82, netns="blue"),
    ]
    policy = found.checks[2].policy
    assert (policy.interval, policy.timeout) == (4_000_000_000, 1_000_000_000)
    assert (policy.rise, policy.fall) == (3, 4)


def test_peers_can_be_given_as_flags() -> None:
    [router] = configuration(
        parsed(*SMALL, "--peer", "192.0.2.1", "--peer", "192.0.2.2")
    ).virtual_routers
    assert [str(peer) for peer in router.peers] == ["192.0.2.1", "192.0.2.2"]
    assert problems(*SMALL, "--peer", "192.0.2.1", "--peer", "192.0.2.x") == [
        '--peer (2): "192.0.2.x" is not an IP address'
    ]


def test_exec_and_ping_checks_can_be_given_as_flags() -> None:
    found = configuration(
        parsed(*SMALL, "--exec", "/bin/true 'a b'", "--ping", "192.0.2.1", "--node", "web7")
    )
    assert found.virtual_routers[0].checks == ("ping", "exec")
    assert [check.probe for check in found.checks] == [
        PingProbeConfig("192.0.2.1"),
        ExecProbeConfig(("/bin/true", "a b"), check="exec", node="web7"),
    ]


def test_a_missing_program_is_reported_with_its_flag() -> None:
    assert problems(*SMALL, "--exec", "/nowhere/x") == [
        "--exec: /nowhere: no such file or directory"
    ]


def test_problems_name_the_flag_and_have_the_same_text_as_for_a_file() -> None:
    assert problems(
        *("--vrid", "300", "--address", "192.0.2.1", "--address", "x", "--priority", "high"),
        *("--http", "ftp://x", "--http", "http://x/", "--check-interval", "3", "--netns", "a/b"),
    ) == [
        (
            '--check-interval: "3" is not a duration; write a number and a unit (us, ms, s, min, '
            'h), such as "1s" or "250ms"'
        ),
        '--http: "ftp://x" is not a URL; write one such as "http://127.0.0.1/health"',
        (
            '--netns: "a/b" is no network namespace; use a name that ip netns lists, an '
            'absolute path such as "/proc/123/ns/net", or a process such as "pid:123"'
        ),
        "--interface: is required",
        "--vrid: must be from 1 to 255, not 300",
        '--address (2): "x" is not an IP address',
        ('--priority: must be a number from 1 to 255 or a table { NODE = NUMBER }, not "high"'),
    ]


def test_a_file_and_flags_exclude_each_other() -> None:
    assert problems("-c", "pyvrrp.toml", *SMALL) == [
        (
            "--config: excludes the flags that describe a virtual router: --interface, --vrid, "
            "--address"
        )
    ]


def test_flags_for_checks_need_a_check() -> None:
    assert problems(*SMALL, "--rise", "3") == ["--rise: needs --http, --tcp, --ping or --exec"]


def test_a_number_with_many_digits_is_reported_and_raises_no_other_exception() -> None:
    [problem] = problems(*SMALL, "--priority", "9" * 5000)
    assert problem.startswith("--priority: must be ")


def test_given_is_true_if_one_of_the_flags_is_used() -> None:
    assert given(parsed()) is False
    assert given(parsed("-c", "pyvrrp.toml", "--node", "web1")) is False
    assert given(parsed("--strict")) is True
    assert given(parsed("--vrid", "1")) is True


def test_importing_the_flags_does_not_import_the_parser() -> None:
    program = "import sys; import pyvrrp.cli.base.router_flags; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert "pyvrrp.config" not in done.stdout
