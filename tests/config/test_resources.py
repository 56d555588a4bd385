import tomllib
from pathlib import Path

import pytest

from pyvrrp.config.files.load import load
from pyvrrp.config.model.configuration import Configuration
from pyvrrp.config.model.resources import Dialect, ResourceConfig
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


def test_a_resource_is_three_commands_split_like_in_a_shell_or_arrays() -> None:
    found = db(
        "start = \"/sbin/mount -o 'noatime,ro' /srv\"\n"
        'stop = ["/sbin/umount", "/srv"]\nmonitor = "/bin/mountpoint -q /srv"\n'
        "not_running = [1, 32]"
    )
    assert found.start == ("/sbin/mount", "-o", "noatime,ro", "/srv")
    assert found.stop == ("/sbin/umount", "/srv")
    assert found.monitor == ("/bin/mountpoint", "-q", "/srv")
    assert found.dialect is Dialect.COMMAND
    assert found.not_running == (1, 32)
    assert found.environment == (("PYVRRP_NODE", "n1"),)


def test_timeouts_and_limits_have_defaults_and_can_be_set() -> None:
    found = db('agent = "systemd:mariadb"')
    assert found.start_timeout == found.stop_timeout == 60 * SECOND
    assert (found.monitor_timeout, found.monitor_interval) == (20 * SECOND, 10 * SECOND)
    assert (found.max_restarts, found.restart_window) == (3, 600 * SECOND)
    assert not found.exclusive
    found = db('agent = "systemd:mariadb"\nstop_timeout = "2min"\nmonitor_interval = "250ms"')
    assert found.stop_timeout == 120 * SECOND
    assert found.monitor_interval == 250 * MILLISECOND


@pytest.mark.parametrize(
    ("agent", "dialect", "start", "monitor"),
    [
        (
            "ocf:heartbeat:mysql",
            *(Dialect.OCF, "/usr/lib/ocf/resource.d/heartbeat/mysql start"),
            "/usr/lib/ocf/resource.d/heartbeat/mysql monitor",
        ),
        ("/opt/agents/db", Dialect.OCF, "/opt/agents/db start", "/opt/agents/db monitor"),
        ("lsb:mysql", Dialect.LSB, "/etc/init.d/mysql start", "/etc/init.d/mysql status"),
        (
            "systemd:mariadb@a.service",
            *(Dialect.SYSTEMD, "/usr/bin/systemctl start mariadb@a.service"),
            "/usr/bin/systemctl is-active mariadb@a.service",
        ),
        ("exec:/opt/db --fast", Dialect.COMMAND, "/opt/db --fast start", "/opt/db --fast monitor"),
    ],
)
def test_an_agent_knows_its_actions(agent: str, dialect: Dialect, start: str, monitor: str) -> None:
    found = db(f'agent = "{agent}"')
    assert found.dialect is dialect
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
        ('start = "/bin/true"', "resource.db.stop: is required, as there is no agent"),
        ('stop = "/bin/true"', "resource.db.start: is required, as there is no agent"),
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
            "resource.db.start: has no meaning beside agent, which knows its own actions",
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
            "resource.db.not_running: is what the class of the agent defines",
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
                'virtual_router[0] "db".resources: db is exclusive, and nothing keeps two cut-off '
                "nodes from running it both: add a check with a lease, or "
                'on_stop_failure = "exec:COMMAND" (a power switch), or write '
                "i_accept_split_brain = true"
            ),
        ),
    ],
)
def test_a_wrong_resource_is_refused_with_what_is_allowed(keys: str, expected: str) -> None:
    assert problems(f"{ROUTER}[resource.db]\n{keys}") == [expected]


def test_a_resource_that_is_no_table_is_refused() -> None:
    document = "resource.db = 5\n" + ROUTER
    assert problems(document) == ["resource.db: must be a table, not 5"]


@pytest.mark.parametrize(
    "behind", ['on_stop_failure = "exec:/sbin/reboot -f"\n', "i_accept_split_brain = true\n"]
)
def test_an_exclusive_resource_is_accepted_with_something_behind_it(behind: str) -> None:
    assert db('agent = "systemd:db"\nexclusive = true', behind).exclusive


def test_an_exclusive_resource_needs_the_guardian() -> None:
    document = (
        f"guardian = false\n{ROUTER}i_accept_split_brain = true\n"
        '[resource.db]\nagent = "systemd:db"\nexclusive = true\n'
    )
    assert problems(document) == [
        (
            'virtual_router[0] "db".resources: db is exclusive, and only with guardian = true will '
            "a dead daemon stop it"
        )
    ]


def test_a_resource_that_is_not_there_is_refused_with_the_nearest_name() -> None:
    document = f'{ROUTER}[resource.dbs]\nagent = "systemd:db"\n'
    assert problems(document) == [
        'virtual_router[0] "db".resources[0]: there is no resource "db", did you mean "dbs"?'
    ]


def test_a_resource_belongs_to_one_chain() -> None:
    second = ROUTER.replace('"db"\n', '"web"\n', 1).replace("vrid = 7", "vrid = 8")
    second = second.replace("192.0.2.7", "192.0.2.8")
    assert problems(f'{ROUTER}{second}[resource.db]\nagent = "systemd:db"\n') == [
        (
            'virtual_router[1] "web".resources[0]: "db" belongs to virtual_router[0] "db" already; '
            "one chain owns it"
        )
    ]


def test_resources_want_one_family_of_addresses() -> None:
    document = ROUTER.replace('"192.0.2.7/24"', '"192.0.2.7/24", "fe80::7/64"')
    assert problems(f'{document}[resource.db]\nagent = "systemd:db"\n') == [
        (
            'virtual_router[0] "db".resources: need one election, and IPv4 and IPv6 have one each: '
            "give the addresses of one family to a virtual router of their own"
        )
    ]


def test_keys_of_a_chain_have_no_meaning_without_one() -> None:
    document = ROUTER.replace('resources = ["db"]', 'on_stop_failure = "hold"')
    assert problems(document) == [
        'virtual_router[0] "db".on_stop_failure: has a meaning with resources only'
    ]


def test_on_stop_failure_is_to_hold_or_a_command() -> None:
    assert problems(f'{ROUTER}on_stop_failure = "reboot"\n[resource.db]\nagent = "systemd:db"') == [
        'virtual_router[0] "db".on_stop_failure: must be "hold" or "exec:COMMAND", not "reboot"'
    ]


def test_programs_that_are_not_there_or_that_others_may_write_to_are_refused(
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


def test_resources_of_several_files_are_joined_and_none_stands_twice(tmp_path: Path) -> None:
    main = tmp_path / "pyvrrp.toml"
    main.write_text(ROUTER + '[resource.db]\nagent = "exec:/bin/true"\n')
    fragments = tmp_path / "pyvrrp.d"
    fragments.mkdir()
    (fragments / "a.toml").write_text('[resource.db]\nagent = "exec:/bin/false"\n')
    (fragments / "b.toml").write_text('[resource.web]\nagent = "exec:/bin/true ${X}"\n')
    with pytest.raises(ConfigurationError) as caught:
        load(main, hostname="n1", environment={})
    assert [str(problem) for problem in caught.value.problems] == [
        f"pyvrrp.d/a.toml: resource.db: stands in {main} already; say it once",
        "pyvrrp.d/b.toml: resource.web.agent: the environment variable X is not set",
    ]


def test_a_lease_in_etcd_stands_behind_an_exclusive_resource_and_outlasts_its_stop() -> None:
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
