"""Agents of every class, as real programs: their output and exit status decide."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from pyvrrp.clients.processes.resource_commands import AsyncioCommands
from pyvrrp.config.model.resources import AgentClass, ResourceConfig
from pyvrrp.config.parse import parse
from pyvrrp.ports import Command, CommandResult
from pyvrrp.runtime.resources.exit_status import (
    CommandOutcome,
    Kind,
    after_monitor,
    after_start,
    after_stop,
)
from pyvrrp.units import SECOND, Nanoseconds

pytestmark = pytest.mark.asyncio
OCF = """#!/bin/sh
[ "$OCF_ROOT" = /usr/lib/ocf ] || exit 5
[ -n "$OCF_RESKEY_state" ] || exit 6
case $1 in
start) echo "$OCF_RESOURCE_INSTANCE" >"$OCF_RESKEY_state" ;;
stop) rm -f "$OCF_RESKEY_state" ;;
monitor) [ -e "$OCF_RESKEY_state" ] || exit 7 ;;
meta-data) ;;
*) exit 3 ;;
esac
"""
LSB = """#!/bin/sh
state={place}/state
case $1 in
start) : >$state ;;
stop) rm -f $state ;;
status) [ -e $state ] || exit 3 ;;
esac
"""
# As in old versions of Heartbeat, status always exits with 0. Arguments come before the action.
HEARTBEAT = """#!/bin/sh
state={place}/$1
case $2 in
start) : >$state ;;
stop) rm -f $state ;;
status) if [ -e $state ]; then echo "$1 OK"; else echo "$1 is not running"; fi ;;
esac
exit 0
"""
SYSTEMCTL = """#!/bin/sh
state={place}/unit
case $1 in
start) echo active >$state ;;
stop) echo inactive >$state ;;
is-active) word=$(cat $state 2>/dev/null || echo inactive); echo $word; [ $word = active ] ;;
esac
"""


def program(root_only: Path, text: str) -> str:
    file = root_only / "agent"
    file.write_text(text.replace("{place}", str(root_only)))
    file.chmod(0o755)
    return str(file)


def configured(**keys: object) -> ResourceConfig:
    router = {
        "name": "web",
        "interface": "eth0",
        "vrid": 1,
        "addresses": ["192.0.2.1/24"],
        "resources": ["it"],
    }
    document = {"virtual_router": [router], "resource": {"it": keys}}
    return parse(document, "file", node="n1", hostname="n1").resources[0]


def with_program(config: ResourceConfig, program: str) -> ResourceConfig:
    """Return *config* with *program* instead of the program of its class."""
    return replace(
        config,
        start=(program, *config.start[1:]),
        stop=(program, *config.stop[1:]),
        monitor=(program, *config.monitor[1:]),
    )


async def done(config: ResourceConfig, action: str) -> CommandOutcome:
    ended: asyncio.Future[CommandResult] = asyncio.get_running_loop().create_future()
    command = Command(getattr(config, action), config.environment)
    AsyncioCommands().run(command, Nanoseconds(10 * SECOND), ended.set_result)
    judge = {"start": after_start, "stop": after_stop, "monitor": after_monitor}[action]
    return judge(config, await ended)


async def kinds_of_all_actions(config: ResourceConfig) -> list[Kind]:
    """Return the results of monitor, start, monitor, stop, monitor and a second stop."""
    actions = ("monitor", "start", "monitor", "stop", "monitor", "stop")
    return [(await done(config, action)).kind for action in actions]


EXPECTED_KINDS = [Kind.STOPPED, Kind.GOOD, Kind.GOOD, Kind.STOPPED, Kind.STOPPED, Kind.STOPPED]


async def test_an_ocf_agent_given_by_path_starts_and_stops(root_only: Path) -> None:
    agent = program(root_only, OCF)
    config = configured(agent=agent, parameters={"state": f"{root_only}/state"})
    assert config.agent_class is AgentClass.OCF
    assert await kinds_of_all_actions(config) == EXPECTED_KINDS


async def test_an_ocf_agent_given_by_provider_starts_and_stops(
    root_only: Path,
) -> None:
    config = configured(agent="ocf:pyvrrp:test", parameters={"state": f"{root_only}/state"})
    assert config.start[0] == "/usr/lib/ocf/resource.d/pyvrrp/test"
    assert (
        await kinds_of_all_actions(with_program(config, program(root_only, OCF))) == EXPECTED_KINDS
    )


async def test_an_ocf_agent_without_a_required_parameter_fails_for_ever(root_only: Path) -> None:
    outcome = await done(configured(agent=program(root_only, OCF)), "start")
    assert outcome.kind is Kind.HOPELESS
    assert outcome.why == "exit status 6"


async def test_an_init_script_starts_and_stops(root_only: Path) -> None:
    assert (
        await kinds_of_all_actions(
            with_program(configured(agent="lsb:it"), program(root_only, LSB))
        )
        == EXPECTED_KINDS
    )


async def test_the_output_of_a_heartbeat_script_decides(root_only: Path) -> None:
    config = configured(agent="heartbeat:it", arguments=["disk"])
    kinds = await kinds_of_all_actions(with_program(config, program(root_only, HEARTBEAT)))
    # The exit status of stop does not count. Only the output of status does.
    assert kinds == [*EXPECTED_KINDS[:3], Kind.FAILED, Kind.STOPPED, Kind.FAILED]


async def test_the_state_of_a_systemd_unit_decides(root_only: Path) -> None:
    config = configured(agent="systemd:it.service")
    assert config.start == ("/usr/bin/systemctl", "start", "it.service")
    assert (
        await kinds_of_all_actions(with_program(config, program(root_only, SYSTEMCTL)))
        == EXPECTED_KINDS
    )


async def test_a_unit_that_is_being_stopped_has_failed(
    root_only: Path,
) -> None:
    config = with_program(configured(agent="systemd:it"), program(root_only, SYSTEMCTL))
    (root_only / "unit").write_text("deactivating\n")
    assert (await done(config, "monitor")).kind is Kind.FAILED


@pytest.mark.parametrize(
    ("agent_class", "status", "output", "expected"),
    [
        *((AgentClass.OCF, code, "", Kind.HOPELESS) for code in (2, 3, 4, 5, 6)),
        *((AgentClass.OCF, code, "", Kind.FAILED) for code in (1, 9, 77)),
        (AgentClass.OCF, 8, "", Kind.GOOD),
        *((AgentClass.LSB, code, "", Kind.STOPPED) for code in (1, 2, 3)),
        (AgentClass.LSB, 4, "", Kind.FAILED),
        (AgentClass.HEARTBEAT, 1, "running", Kind.GOOD),
        (AgentClass.HEARTBEAT, 0, "stopped", Kind.STOPPED),
        (AgentClass.HEARTBEAT, 0, "mysqld is not running", Kind.STOPPED),
        (AgentClass.HEARTBEAT, None, "running", Kind.FAILED),
        (AgentClass.SYSTEMD, 0, "active\n", Kind.GOOD),
        (AgentClass.SYSTEMD, 3, "failed\n", Kind.STOPPED),
        (AgentClass.SYSTEMD, 3, "activating\n", Kind.FAILED),
        (AgentClass.SYSTEMD, 1, "Failed to connect to bus", Kind.FAILED),
        (AgentClass.COMMAND, 7, "", Kind.STOPPED),
        (AgentClass.COMMAND, 1, "", Kind.FAILED),
    ],
)
async def test_the_meaning_of_a_monitor_depends_on_the_class(
    agent_class: AgentClass, status: int | None, output: str, expected: Kind
) -> None:
    config = ResourceConfig("it", ("/s",), ("/s",), ("/s",), agent_class=agent_class)
    assert after_monitor(config, CommandResult(status, "killed", output)).kind is expected
