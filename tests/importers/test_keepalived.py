"""Translate a keepalived.conf: the configuration, and the report on every line."""

import tomllib
from collections.abc import Mapping, Sequence

import pytest

from pyvrrp.config.model.configuration import Configuration, ExecProbeConfig
from pyvrrp.config.parse import parse
from pyvrrp.importers.base.report import Fate
from pyvrrp.importers.keepalived.features import AVAILABLE, Feature
from pyvrrp.importers.keepalived.importer import Translation, translated
from pyvrrp.importers.keepalived.recognise import is_keepalived
from pyvrrp.importers.keepalived.syntax.surroundings import Nowhere
from pyvrrp.units import SECOND

INSTANCE = """\
vrrp_instance VI_1 {
    interface eth0
    virtual_router_id 51
    priority 101
    virtual_ipaddress {
        192.0.2.10/24
    }
BODY
}
"""
SCRIPT = """\
vrrp_script chk {
    script "/usr/bin/killall -0 nginx"
BODY
}
"""

NO_FILES: Mapping[str, str] = {}


class Files(Nowhere):
    def __init__(self, files: Mapping[str, str]) -> None:
        self.files = {f"/etc/k/{name}.conf": text for name, text in files.items()}

    def matching(self, pattern: str) -> Sequence[str]:
        prefix = pattern.partition("*")[0]
        return [
            name
            for name in self.files
            if name == pattern or ("*" in pattern and name.startswith(prefix))
        ]

    def text(self, path: str) -> str:
        return self.files[path]

    def variable(self, name: str) -> str | None:
        return {"PRIORITY": "77"}.get(name)


def read(
    text: str,
    files: Mapping[str, str] = NO_FILES,
    *,
    native_checks: bool = False,
    available: frozenset[Feature] = AVAILABLE,
) -> Translation:
    found = translated(
        text,
        "/etc/k/keepalived.conf",
        Files(files),
        identifier="n1",
        available=available,
        native_checks=native_checks,
    )
    if found.text:
        assert tomllib.loads(found.text.replace("$$", "$")) == found.document
    return found


def instance(body: str = "", before: str = "") -> Translation:
    return read(before + INSTANCE.replace("BODY", body))


def router(found: Translation) -> dict[str, object]:
    assert not reported(found, Fate.REFUSED)
    routers = found.document["virtual_router"]
    assert isinstance(routers, list)
    assert isinstance(routers[0], dict)
    return routers[0]


def configuration(found: Translation) -> Configuration:
    assert not reported(found, Fate.REFUSED)
    return parse(found.document, "k", node="n1", hostname="n1")


def reported(found: Translation, fate: Fate) -> list[str]:
    lines = [line for line in found.report.lines if line.fate is fate]
    return [f"{line.source.number}: {line.what}" for line in lines]


def test_a_small_file_has_the_defaults_of_keepalived() -> None:
    assert router(instance()) == {
        "name": "VI_1",
        "interface": "eth0",
        "vrid": 51,
        "addresses": ["192.0.2.10/24"],
        "priority": 101,
        "version": 2,
        "advertisement_interval": "1s",
    }


@pytest.mark.parametrize(
    ("body", "key", "value"),
    [
        ("advert_int 1.5", "advertisement_interval", "2s"),
        ("advert_int 0.1", "advertisement_interval", "1s"),
        ("version 3\nadvert_int 0.105", "advertisement_interval", "110ms"),
        ("version 3", "version", 3),
        ("nopreempt", "preempt", False),
        ("preempt_delay 2.5", "preempt_delay", "2.5s"),
        ("authentication {\nauth_type PASS\nauth_pass 123456789\n}", "authentication", "12345678"),
        ("authentication {\nauth_type PASS;\nauth_pass a!b\n}", "authentication", "a"),
        ("authentication {\nauth_type PASS\nauth_pass a\\!b\n}", "authentication", "a!b"),
        ("garp_master_delay 1\ngarp_master_repeat 2", "announce", {"delay": "1s", "count": 2}),
        ("unicast_peer { 192.0.2.2\n192.0.2.3\n}", "peers", ["192.0.2.2", "192.0.2.3"]),
        ("priority 255", "priority", 255),
        ('priority "150"', "priority", 150),
        ("virtual_ipaddress { 192.0.2.11 }", "addresses", ["192.0.2.10/24", "192.0.2.11/32"]),
        (
            "virtual_ipaddress { 192.0.2.11/24 dev eth0 scope global }",
            "addresses",
            ["192.0.2.10/24", "192.0.2.11/24"],
        ),
    ],
)
def test_a_keyword_becomes_a_key(body: str, key: str, value: object) -> None:
    assert router(instance(body))[key] == value


def test_state_master_cancels_nopreempt_and_decides_nothing_else() -> None:
    found = instance("state MASTER\nnopreempt")
    assert "preempt" not in router(found)
    assert reported(found, Fate.IGNORED) == [
        "9: nopreempt: state MASTER cancels it, in keepalived too"
    ]


def test_ipv6_has_version_3_and_no_password() -> None:
    text = INSTANCE.replace("192.0.2.10/24", "fe80::1").replace(
        "BODY", "authentication { auth_type PASS\nauth_pass x\n}"
    )
    found = router(read(text))
    assert (found["version"], found["addresses"]) == (3, ["fe80::1/128"])
    assert "authentication" not in found


def test_the_lines_of_a_definition_replace_its_name() -> None:
    text = "$IF=eth7\n$MORE= \\\n  priority 9 \\\n  interface $IF\n" + INSTANCE.replace(
        "BODY", "$MORE"
    )
    found = router(read(text))
    assert (found["interface"], found["priority"]) == ("eth7", 9)


def test_sequences_and_lists_write_many_lines() -> None:
    body = "virtual_ipaddress {\n~SEQ(A, 1, 2) ~LST(B, 8, 9) 198.51.${A}.${B}\n}"
    assert router(instance(body))["addresses"] == [
        "192.0.2.10/24",
        "198.51.1.8/32",
        "198.51.1.9/32",
        "198.51.2.8/32",
        "198.51.2.9/32",
    ]


def test_lines_of_other_nodes_are_ignored() -> None:
    found = instance("@n1 priority 7\n@n2 priority 8\n@^n2 nopreempt")
    assert (router(found)["priority"], router(found)["preempt"]) == (7, False)
    assert reported(found, Fate.IGNORED) == ["9: @n2: is not for n1"]


def test_files_are_included_with_wildcards_from_their_directory() -> None:
    found = read(
        "include conf-*.conf\n",
        {"conf-a": INSTANCE.replace("BODY", "include one.conf"), "one": "nopreempt"},
    )
    assert router(found)["preempt"] is False
    assert {line.source.file for line in found.report.lines} == {
        "/etc/k/keepalived.conf",
        "/etc/k/conf-a.conf",
        "/etc/k/one.conf",
    }


def test_a_file_that_includes_itself_is_refused() -> None:
    found = read("include a.conf", {"a": "include a.conf"})
    assert "0: include: includes itself, or too deeply" in reported(found, Fate.REFUSED)


def test_environment_variables_are_read() -> None:
    assert router(instance("priority ${_ENV PRIORITY}"))["priority"] == 77


def test_a_variable_that_is_not_defined_is_refused() -> None:
    assert reported(instance("priority $NONE"), Fate.REFUSED) == ["8: $NONE: is not defined"]


def test_a_script_runs_without_a_shell_and_may_last_longer_than_its_interval() -> None:
    script = SCRIPT.replace("BODY", "interval 2\ntimeout 5\nfall 3\nweight -20")
    script = script.replace("nginx", "nginx && true")
    found = instance("track_script { chk\n}", script)
    check = configuration(found).checks[0]
    assert isinstance(check.probe, ExecProbeConfig)
    assert check.probe.command == ("/usr/bin/killall", "-0", "nginx", "&&", "true")
    assert check.probe.user == "root"
    policy = check.policy
    assert (policy.interval, policy.timeout, policy.rise, policy.fall) == (
        2 * SECOND,
        5 * SECOND,
        1,
        3,
    )
    assert router(found)["checks"] == [{"name": "chk", "weight": -20}]
    assert router(found)["hold_down"] == {"initial": "0s"}


def test_a_script_becomes_a_native_check_only_if_wanted() -> None:
    text = SCRIPT.replace("BODY", "") + INSTANCE.replace("BODY", "track_script { chk\n}")
    assert '2: script: could be process = "nginx"' in reported(read(text), Fate.IMPORTED)
    native = configuration(read(text, native_checks=True))
    assert type(native.checks[0].probe).__name__ == "ProcessProbeConfig"


@pytest.mark.parametrize(
    ("command", "table"),
    [
        ("curl -sf http://127.0.0.1/x", {"http": "http://127.0.0.1/x"}),
        ("curl -s -o /dev/null localhost", {"http": "http://localhost", "status": "100-599"}),
        ("curl -fsS -k https://x/", {"http": "https://x/", "verify": False}),
        ("wget -q -O /dev/null http://x/", {"http": "http://x/"}),
        ("nc -z -w 1 ::1 80", {"tcp": "[::1]:80"}),
        ("pidof /usr/sbin/named", {"process": "named"}),
        ("curl -X POST http://x/", None),
        ("curl -sf http://x/ && true", None),
        ("pidof a b", None),
        ("/usr/local/bin/check", None),
    ],
)
def test_native_checks_ask_the_same_as_the_command(command: str, table: object) -> None:
    script = SCRIPT.replace("/usr/bin/killall -0 nginx", command).replace("BODY", "")
    found = read(script + INSTANCE.replace("BODY", "track_script { chk\n}"), native_checks=True)
    checks = found.document["check"]
    assert isinstance(checks, dict)
    check = {
        key: value
        for key, value in checks["chk"].items()
        if key not in {"interval", "timeout", "rise", "fall"}
    }
    assert (table is None and "exec" in check) or check == table


def test_members_of_a_group_move_together_and_their_weights_do_not_count() -> None:
    group = "vrrp_sync_group G {\ngroup {\nVI_1\n}\n}\n"
    script = SCRIPT.replace("BODY", "weight 5")
    found = instance("track_script { chk\n}", script + group)
    assert router(found)["group"] == "G"
    assert "checks" not in router(found)
    assert reported(found, Fate.IGNORED) == ["17: chk: keepalived ignores weights in a sync group"]


@pytest.mark.parametrize(
    "keyword", ["use_vmac", "no_accept", "virtual_ipadress", "vrf x", "auth_hmac"]
)
def test_what_cannot_be_had_is_refused_with_its_line(keyword: str) -> None:
    (line,) = reported(instance(keyword), Fate.REFUSED)
    assert line.startswith(f"8: {keyword.split(maxsplit=1)[0]}: ")


def test_lvs_is_ignored_with_one_line() -> None:
    found = instance(
        before="virtual_server 192.0.2.9 80 {\n delay_loop 6\n real_server x 1 { weight 1 }\n}\n"
    )
    assert len(reported(found, Fate.IGNORED)) == 1
    assert router(found)["name"] == "VI_1"


@pytest.mark.parametrize(
    "text",
    [
        INSTANCE.replace("BODY", "}"),
        INSTANCE.replace("\nBODY\n}", ""),
        INSTANCE.replace("BODY", 'notify "/bin/x'),
        INSTANCE.replace("BODY", "{ x }"),
        "",
    ],
)
def test_a_file_with_unbalanced_braces_or_quotes_is_refused(text: str) -> None:
    assert reported(read(text), Fate.REFUSED)


def test_every_line_is_accounted_for() -> None:
    body = "state MASTER\nadvert_int 1\ntrack_script {\n chk\n}\nunicast_src_ip 192.0.2.1\n"
    body += "unicast_peer {\n 192.0.2.2\n}"
    text = (
        "global_defs {\n router_id x\n}\n"
        + SCRIPT.replace("BODY", " rise 1")
        + INSTANCE.replace("BODY", body)
    )
    found = read(text)
    numbers = {line.source.number for line in found.report.lines}
    for number, line in enumerate(text.split("\n"), start=1):
        assert number in numbers or line.strip() in {"", "}"}, line
    assert not reported(found, Fate.REFUSED)


def test_a_big_file_takes_linear_time() -> None:
    one = INSTANCE.replace("BODY", "")
    many = "".join(
        one.replace("VI_1", f"VI_{n}").replace(
            "192.0.2.10/24", "\n".join(f"10.{n % 250}.{m}.1" for m in range(50))
        )
        for n in range(200)
    )
    assert len(read(many).report.lines) == 200 * 55


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("! comment\n", True),
        ("# comment\n\nglobal_defs {\n", True),
        ("@n1 vrrp_instance x {", True),
        ("$A=1\n", True),
        ("include x", True),
        ("# comment\n[[virtual_router]]\n", False),
        ('node = "a"\n', False),
        ("instance = 3\n", False),
        ("", False),
    ],
)
def test_a_keepalived_conf_is_told_by_its_content(text: str, *, found: bool) -> None:
    assert is_keepalived(text) is found


EVERYTHING = frozenset(Feature)
MORE = """\
vrrp_instance VI_1 {
    interface eth0
    virtual_router_id 51
    virtual_ipaddress {
        192.0.2.10/24 dev eth1 label eth1:web noprefixroute no_track
        2001:db8::1/64
    }
    virtual_ipaddress_excluded { 192.0.2.12/24
    }
    virtual_routes {
        src 192.0.2.10 to 198.51.100.0/24 via 192.0.2.1 dev eth1 metric 5 no_track
        blackhole 203.0.113.0/24
        0.0.0.0/0 gw 192.0.2.1 or 192.0.2.2 table 100
    }
    virtual_rules {
        from 192.0.2.0/24 table 100 preference 7
    }
    track_interface {
        eth1
        eth2 weight -20 reverse
    }
    track_file { drain weight 2
    }
    dont_track_primary
    notify_master "/bin/up 'a b'" web
    notify /bin/any
    smtp_alert
    mcast_src_ip 192.0.2.1
    down_timer_adverts 5
}
"""
BEFORE = """\
global_defs {
    vrrp_startup_delay 2.5
    notification_email { a@example.org
    }
    vrrp_notify_fifo /run/k.fifo
}
track_file drain {
    file /run/drain
    weight -1
}
static_ipaddress { 192.0.2.9/24 dev eth3
}
interface_up_down_delays { eth0 1 2
}
"""


def test_each_further_feature_has_its_keys() -> None:
    found = read(BEFORE + MORE, available=EVERYTHING)
    assert not reported(found, Fate.REFUSED)
    assert router(found) == {
        "name": "VI_1",
        "interface": "eth0",
        "vrid": 51,
        "addresses": [
            {
                "address": "192.0.2.10/24",
                "interface": "eth1",
                "label": "eth1:web",
                "prefix_route": False,
                "track": False,
            }
        ],
        "excluded_addresses": ["2001:db8::1/64", "192.0.2.12/24"],
        "routes": [
            {
                "source": "192.0.2.10",
                "to": "198.51.100.0/24",
                "via": "192.0.2.1",
                "interface": "eth1",
                "metric": 5,
                "track": False,
            },
            {"type": "blackhole", "to": "203.0.113.0/24"},
            {
                "to": "default",
                "nexthops": [
                    {"via": "192.0.2.1", "weight": 1},
                    {"via": "192.0.2.2", "weight": 1},
                ],
                "table": 100,
            },
        ],
        "rules": [{"from": "192.0.2.0/24", "table": 100, "priority": 7}],
        "track_interfaces": ["eth1", {"interface": "eth2", "weight": -20, "reverse": True}],
        "track_files": [{"name": "drain", "weight": 2}],
        "track_primary": False,
        "hooks": ["notify-master", "notify", "mail", "fifo"],
        "priority": 100,
        "version": 2,
        "advertisement_interval": "1s",
        "source": "192.0.2.1",
        "down_timer_adverts": 5,
        "interface_delay": {"up": "2s", "down": "1s"},
    }
    assert found.document["startup_delay"] == "2.5s"
    assert found.document["static_addresses"] == [{"address": "192.0.2.9/24", "interface": "eth3"}]
    assert found.document["track_file"] == {"drain": {"weight": -1, "path": "/run/drain"}}
    assert found.document["hook"] == {
        "fifo": {
            "fifo": "/run/k.fifo",
            "on": ["master", "backup", "fault", "stop", "lower_priority"],
            "arguments": "keepalived",
        },
        "notify-master": {
            "command": ["/bin/up", "a b"],
            "on": ["master"],
            "arguments": "none",
            "user": "web",
        },
        "notify": {
            "command": ["/bin/any"],
            "on": ["master", "backup", "fault", "stop"],
            "arguments": "keepalived",
            "user": "root",
        },
        "mail": {"mail": ["a@example.org"], "on": ["master", "backup", "fault", "stop"]},
    }


def test_a_feature_that_is_not_there_is_refused_on_every_line_that_needs_it() -> None:
    found = read(BEFORE + MORE, available=frozenset())
    refused = {int(line.partition(":")[0]) for line in reported(found, Fate.REFUSED)}
    assert {2, 5, 7, 8, 9, 11, 13, 19, 22, 24, 25, 26, 27, 29, 30} <= refused
