"""Resources: their keys, and the rules for the resources of a virtual router."""

import tomllib
from pathlib import Path

import pytest

from pyvrrp.config.files.load import load
from pyvrrp.config.model.configuration import Configuration
from pyvrrp.config.model.resources import AgentClass, ResourceConfig
from pyvrrp.config.parse import parse
from pyvrrp.errors import ConfigurationError
from pyvrrp.units import MILLISECOND, SECOND

ROUTER = (
    '[[virtual_router]]\nname = "db"\ninterface = "eth0"\nvrid = 7\n'
    'addresses = ["192.0.2.7/24"]\nresources = ["db"]\n'
)
AGENTS = (
    'resource.db.agent: must be "ocf:PROVIDER:NAME", the absolute path of an OCF agent, '
    '"lsb:NAME", "heartbeat:NAME", "systemd:UNIT" or "exec:PROGRAM"'
)


def parsed(document: str) -> Configuration:
    return parse(tomllib.loads(document), "file", node="n1", hostname="h")


def db(keys: str, router: str = "") -> ResourceConfig:
    (found,) = parsed(f"{ROUTER}{router}[resource.db]\n{keys}").resources
    return found


def problems(document: str) -> list[str]:
    with pytest.raises(ConfigurationError) as caught:
        parsed(document)
    return [str(problem) for problem in caught.value.problems]


def test_a_resource_may_be_three_commands_that_are_strings_or_arrays() -> None:
    found = db(
        "start = \"/sbin/mount -o 'noatime,ro' /srv\"\n"
        'stop = ["/sbin/umount", "/srv"]\nmonitor = "/bin/mountpoint -q /srv"\n'
        "not_running = [1, 32]"
    )
    assert found.start == ("/sbin/mount", "-o", "noatime,ro", "/srv")
    assert found.stop == ("/sbin/umount", "/srv")
    assert found.monitor == ("/bin/mountpoint", "-q", "/srv")
    assert found.agent_class is AgentClass.COMMAND
    assert found.not_running == (1, 32)
    assert found.environment == (("PYVRRP_NODE", "n1"),)


def test_timeouts_and_limits_have_defaults_and_can_be_changed() -> None:
    found = db('agent = "systemd:mariadb"')
    assert found.start_timeout == found.stop_timeout == 60 * SECOND
    assert (found.monitor_timeout, found.monitor_interval) == (20 * SECOND, 10 * SECOND)
    assert (found.max_restarts, found.restart_window) == (3, 600 * SECOND)
    assert not found.exclusive
    found = db('agent = "systemd:mariadb"\nstop_timeout = "2min"\nmonitor_interval = "250ms"')
    assert found.stop_timeout == 120 * SECOND
    assert found.monitor_interval == 250 * MILLISECOND


@pytest.mark.parametrize(
    ("agent", "agent_class", "start", "monitor"),
    [
        (
            "ocf:heartbeat:mysql",
            *(AgentClass.OCF, "/usr/lib/ocf/resource.d/heartbeat/mysql start"),
            "/usr/lib/ocf/resource.d/heartbeat/mysql monitor",
        ),
        ("/opt/agents/db", AgentClass.OCF, "/opt/agents/db start", "/opt/agents/db monitor"),
        ("lsb:mysql", AgentClass.LSB, "/etc/init.d/mysql start", "/etc/init.d/mysql status"),
        (
            "systemd:mariadb@a.service",
            *(AgentClass.SYSTEMD, "/usr/bin/systemctl start mariadb@a.service"),
            "/usr/bin/systemctl is-active mariadb@a.service",
        ),
        (
            "exec:/opt/db --fast",
            AgentClass.COMMAND,
            "/opt/db --fast start",
            "/opt/db --fast monitor",
        ),
    ],
)
def test_an_agent_has_commands_for_its_actions(
    agent: str, agent_class: AgentClass, start: str, monitor: str
) -> None:
    found = db(f'agent = "{agent}"')
    assert found.agent_class is agent_class
    assert " ".join(found.start) == start
    assert " ".join(found.monitor) == monitor


def test_a_heartbeat_script_gets_its_arguments_before_the_action() -> None:
    found = db('agent = "heartbeat:Filesystem"\narguments = ["/dev/drbd0", "/srv", "ext4"]')
    program = "/etc/ha.d/resource.d/Filesystem"
    assert found.stop == (program, "/dev/drbd0", "/srv", "ext4", "stop")
    assert found.monitor == (program, "/dev/drbd0", "/srv", "ext4", "status")


def test_an_ocf_agent_finds_its_parameters_in_the_environment() -> None:
    found = db(
        'agent = "ocf:heartbeat:mysql"\nparameters = { datadir = "/srv", port = 3306, ro = true }'
    )
    environment = dict(found.environment)
    assert environment["OCF_ROOT"] == "/usr/lib/ocf"
    assert environment["OCF_RESKEY_datadir"] == "/srv"
    assert environment["OCF_RESKEY_port"] == "3306"
    assert environment["OCF_RESKEY_ro"] == "true"
    assert environment["OCF_RESOURCE_INSTANCE"] == "db"
    assert environment["OCF_RESOURCE_TYPE"] == "mysql"
    assert environment["OCF_RESOURCE_PROVIDER"] == "heartbeat"


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ("", "resource.db: needs an agent, or the commands start, stop and monitor"),
        ('start = "/bin/true"', "resource.db.stop: is required without an agent"),
        ('stop = "/bin/true"', "resource.db.start: is required without an agent"),
        (
            'agent = "ocf:mysql"',
            (f'{AGENTS}, not "ocf:mysql"'),
        ),
        (
            'agent = "lsb:../../tmp/x"',
            (f'{AGENTS}, not "lsb:../../tmp/x"'),
        ),
        (
            'agent = "exec:mysql"',
            'resource.db.agent: must begin with the absolute path of a program, not "mysql"',
        ),
        (
            'agent = "systemd:db"\nstart = "/bin/true"',
            "resource.db.start: has no meaning with an agent, which has its own commands",
        ),
        (
            'agent = "systemd:db"\nparameters = { a = 1 }',
            "resource.db.parameters: has a meaning for an OCF agent only",
        ),
        (
            'agent = "systemd:db"\narguments = ["a"]',
            'resource.db.arguments: has a meaning for "heartbeat:" and "lsb:" only',
        ),
        (
            'agent = "lsb:db"\nnot_running = [3]',
            "resource.db.not_running: cannot be set: the class of the agent defines it",
        ),
        (
            'agent = "ocf:x:y"\nparameters = { a-b = 1 }',
            "resource.db.parameters.a-b: cannot be the name of a parameter",
        ),
        (
            'agent = "ocf:x:y"\nparameters = { a = [1] }',
            (
                "resource.db.parameters.a: must be a string, a whole number, true or false, "
                "not an array"
            ),
        ),
        (
            'agent = "systemd:db"\nstop_timout = "1s"',
            'resource.db.stop_timout: unknown key, did you mean "stop_timeout"?',
        ),
        (
            'agent = "systemd:db"\nstop_timeout = "1ms"',
            'resource.db.stop_timeout: must be from 100ms to 3600s, not "1ms"',
        ),
        (
            'agent = "systemd:db"\nexclusive = true',
            (
                'virtual_router[0] "db".resources: db is exclusive, but two nodes that do not '
                "reach each other would both run it: add a check with a lease, or "
                'on_stop_failure = "exec:COMMAND" (a power switch), or '
                "i_accept_split_brain = true"
            ),
        ),
    ],
)
def test_a_wrong_resource_is_refused_with_what_is_allowed(keys: str, expected: str) -> None:
    assert problems(f"{ROUTER}[resource.db]\n{keys}") == [expected]


def test_a_resource_that_is_not_a_table_is_refused() -> None:
    document = "resource.db = 5\n" + ROUTER
    assert problems(document) == ["resource.db: must be a table, not 5"]


@pytest.mark.parametrize(
    "protection", ['on_stop_failure = "exec:/sbin/reboot -f"\n', "i_accept_split_brain = true\n"]
)
def test_an_exclusive_resource_with_a_protection_is_accepted(protection: str) -> None:
    assert db('agent = "systemd:db"\nexclusive = true', protection).exclusive


def test_an_exclusive_resource_needs_the_guardian() -> None:
    document = (
        f"guardian = false\n{ROUTER}i_accept_split_brain = true\n"
        '[resource.db]\nagent = "systemd:db"\nexclusive = true\n'
    )
    assert problems(document) == [
        (
            'virtual_router[0] "db".resources: db is exclusive, and only the guardian stops it '
            "when the daemon dies"
        )
    ]


def test_an_unknown_resource_is_refused_with_a_similar_name() -> None:
    document = f'{ROUTER}[resource.dbs]\nagent = "systemd:db"\n'
    assert problems(document) == [
        'virtual_router[0] "db".resources[0]: there is no resource "db", did you mean "dbs"?'
    ]


def test_a_resource_of_two_virtual_routers_is_refused() -> None:
    second = ROUTER.replace('"db"\n', '"web"\n', 1).replace("vrid = 7", "vrid = 8")
    second = second.replace("192.0.2.7", "192.0.2.8")
    assert problems(f'{ROUTER}{second}[resource.db]\nagent = "systemd:db"\n') == [
        'virtual_router[1] "web".resources[0]: "db" is used by virtual_router[0] "db" already'
    ]


def test_resources_with_addresses_of_both_families_are_refused() -> None:
    document = ROUTER.replace('"192.0.2.7/24"', '"192.0.2.7/24", "fe80::7/64"')
    assert problems(f'{document}[resource.db]\nagent = "systemd:db"\n') == [
        (
            'virtual_router[0] "db".resources: need a virtual router of one family, because IPv4 '
            "and IPv6 have an election each: write a second virtual router for the addresses of "
            "the other family"
        )
    ]


def test_keys_for_resources_are_refused_without_resources() -> None:
    document = ROUTER.replace('resources = ["db"]', 'on_stop_failure = "hold"')
    assert problems(document) == [
        'virtual_router[0] "db".on_stop_failure: has a meaning with resources only'
    ]


def test_on_stop_failure_is_hold_or_a_command() -> None:
    assert problems(f'{ROUTER}on_stop_failure = "reboot"\n[resource.db]\nagent = "systemd:db"') == [
        'virtual_router[0] "db".on_stop_failure: must be "hold" or "exec:COMMAND", not "reboot"'
    ]


def test_programs_that_are_missing_or_that_others_can_write_are_refused(
    tmp_path: Path,
) -> None:
    writable = tmp_path / "stop"
    writable.write_text("#!/bin/sh\n")
    writable.chmod(0o777)
    main = tmp_path / "pyvrrp.toml"
    main.write_text(
        f'{ROUTER}on_stop_failure = "exec:/no/switch"\n[resource.db]\n'
        'start = "/usr/sbin/no-such start"\n'
        f'stop = "{writable}"\n'
    )
    with pytest.raises(ConfigurationError) as caught:
        load(main, hostname="n1")
    found = [str(problem) for problem in caught.value.problems]
    assert found[0] == "resource.db: /usr/sbin/no-such: no such file or directory"
    assert "is writable by everybody" in found[1]
    assert found[2] == 'virtual_router "db".on_stop_failure: /no: no such file or directory'


def test_resources_of_several_files_are_joined_and_a_repeated_one_is_refused(
    tmp_path: Path,
) -> None:
    main = tmp_path / "pyvrrp.toml"
    main.write_text(ROUTER + '[resource.db]\nagent = "exec:/bin/true"\n')
    fragments = tmp_path / "pyvrrp.d"
    fragments.mkdir()
    (fragments / "a.toml").write_text('[resource.db]\nagent = "exec:/bin/false"\n')
    (fragments / "b.toml").write_text('[resource.web]\nagent = "exec:/bin/true ${X}"\n')
    with pytest.raises(ConfigurationError) as caught:
        load(main, hostname="n1", environment={})
    assert [str(problem) for problem in caught.value.problems] == [
        f"pyvrrp.d/a.toml: resource.db: is in {main} already; write it once",
        "pyvrrp.d/b.toml: resource.web.agent: the environment variable X is not set",
    ]


def test_the_ttl_of_a_lease_must_contain_the_time_that_resources_need_to_stop() -> None:
    router = ROUTER + 'checks = ["key"]\n'
    resource = '[resource.db]\nagent = "systemd:db"\nexclusive = true\nstop_timeout = "10s"\n'
    lease = '[check.key]\nlease = "http://192.0.2.50:2379"\nttl = "{}s"\n'
    configuration = parsed(router + resource + lease.format(60))
    (found,) = configuration.virtual_routers
    assert found.etcd_lease is not None
    assert found.etcd_lease.reserve == 24 * SECOND
    (problem,) = problems(router + resource + lease.format(20))
    assert problem.endswith(
        "and 24s in which the resources stop: the sum of their stop_timeout, the longest one "
        "twice, and 2s each to kill what hangs"
    )
