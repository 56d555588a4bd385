"""The keys of each kind of check."""

from ipaddress import ip_address
from pathlib import Path

import pytest

from pyvrrp.config.model.configuration import (
    ArpProbeConfig,
    CheckConfig,
    ExecProbeConfig,
    FileProbeConfig,
    HttpProbeConfig,
    InterfaceProbeConfig,
    PingProbeConfig,
    ProcessProbeConfig,
    StatusRange,
    TcpProbeConfig,
)
from pyvrrp.fencing.policy import CheckPolicy
from pyvrrp.units import Nanoseconds
from tests.config.documents import check, check_problems

HTTP = 'http = "http://127.0.0.1/"\n'
HTTPS = 'http = "https://www.example.org/"\n'
TCP = 'tcp = "127.0.0.1:80"\n'
DIGEST = "0123456789ABCDEF" * 4


def test_the_smallest_http_check_has_the_defaults_of_the_model() -> None:
    assert check(HTTP) == CheckConfig("web", HttpProbeConfig("http://127.0.0.1/"))


def test_every_key_of_an_http_check_reaches_the_model() -> None:
    written = check(f"""
        http = "https://192.0.2.1:8443/health?x=1"
        method = "POST"
        headers = {{ Accept = "text/html", X-Token = "a b" }}
        host = "www.example.org:8443"
        server_name = "www.example.org"
        ca = "/etc/ca.pem"
        certificate = "/etc/cert.pem"
        key = "/etc/key.pem"
        status = [204, "300-399"]
        body_regex = "ok$"
        body_sha256 = "{DIGEST}"
        source = "192.0.2.9"
        netns = "blue"
        interval = "2s"
        timeout = "1s"
        rise = 3
        fall = 4
        max_age = "5s"
    """)
    assert written == CheckConfig(
        "web",
        HttpProbeConfig(
            url="https://192.0.2.1:8443/health?x=1",
            method="POST",
            headers=(("Accept", "text/html"), ("X-Token", "a b")),
            host="www.example.org:8443",
            server_name="www.example.org",
            ca=Path("/etc/ca.pem"),
            certificate=Path("/etc/cert.pem"),
            key=Path("/etc/key.pem"),
            status=(StatusRange(204, 204), StatusRange(300, 399)),
            body_regex="ok$",
            body_sha256=DIGEST.lower(),
            source=ip_address("192.0.2.9"),
            netns="blue",
        ),
        CheckPolicy(
            interval=Nanoseconds(2_000_000_000),
            timeout=Nanoseconds(1_000_000_000),
            rise=3,
            fall=4,
            max_age=Nanoseconds(5_000_000_000),
        ),
    )


def test_an_http_check_may_use_a_unix_socket() -> None:
    probe = check(HTTP + 'unix_socket = "/run/web.sock"').probe
    assert isinstance(probe, HttpProbeConfig)
    assert probe.unix_socket == Path("/run/web.sock")


@pytest.mark.parametrize(
    ("target", "host", "port"),
    [
        ("127.0.0.1:80", "127.0.0.1", 80),
        ("[::1]:65535", "::1", 65535),
        ("db.example:5432", "db.example", 5432),
        ("localhost:1", "localhost", 1),
    ],
)
def test_a_tcp_check_has_a_host_and_a_port(target: str, host: str, port: int) -> None:
    assert check(f'tcp = "{target}"').probe == TcpProbeConfig(host, port)


@pytest.mark.parametrize(
    "target",
    [
        *("", "80", ":80", "::1:80", "[::1]", "[::1]80", "host", "host:", "host:0", "host:65536"),
        *("host:http", "a b:80", "[web]:80", "[]:80", "300.1.1.1:80", "1.2:80", "-x:80", "x:+80"),
    ],
)
def test_any_other_tcp_target_is_refused(target: str) -> None:
    assert len(check_problems(f'tcp = "{target}"')) == 1


@pytest.mark.parametrize(
    "url",
    [
        *("http://127.0.0.1", "http://[::1]:8080/x", "https://example.org/a?b=c", "HTTP://x/"),
        "http://my_host.local:1/",
    ],
)
def test_a_url_is_http_or_https_with_a_host(url: str) -> None:
    assert check_problems(f'http = "{url}"') == []


@pytest.mark.parametrize(
    "url",
    [
        *("", "/health", "127.0.0.1/", "ftp://x/", "http://", "http:///x", "http://x:99999/"),
        *(
            "http://x:0/",
            "http://x:y/",
            "http://[::1/",
            "http://[x]/",
            "http://x/#a",
            "http://x/ a",
        ),
        *("http://x/\\n", "http://x/\\u00e4", "http://300.1.1.1/", "http://u:p@x/", "http://u@x/"),
    ],
)
def test_any_other_url_is_refused(url: str) -> None:
    assert len(check_problems(f'http = "{url}"')) == 1


def test_a_password_in_a_url_is_not_shown() -> None:
    assert check_problems('http = "http://me:hunter2@x/"') == [
        "http: must not contain a password; send an Authorization header (headers = ...)"
    ]


def test_a_check_needs_the_key_of_a_kind() -> None:
    assert check_problems("rise = 3") == [
        (
            "check.web: needs one of the keys lease, http, tcp, exec, ping, arp, process, file, "
            "interface"
        )
    ]


def test_a_check_is_of_one_kind() -> None:
    assert check_problems(HTTP + TCP) == [
        "tcp: has no meaning for an http check; write a second check for it"
    ]


@pytest.mark.parametrize(
    "key", ['method = "GET"', "verify = true", 'body_regex = "x"', "status = 200", 'ca = "/x"']
)
def test_a_key_of_another_kind_is_refused(key: str) -> None:
    name = key.split(" ", maxsplit=1)[0]
    assert check_problems(TCP + key) == [f"{name}: has no meaning for a tcp check"]


@pytest.mark.parametrize(
    ("keys", "problem"),
    [
        ("intervall = '1s'", 'intervall: unknown key, did you mean "interval"?'),
        (
            'interval = "fast"',
            (
                'interval: "fast" is not a duration; write a number and a unit '
                '(us, ms, s, min, h), such as "1s" or "250ms"'
            ),
        ),
        (
            "interval = 1",
            'interval: 1 is not a duration; write a string with a unit, such as "1s"',
        ),
        ('interval = "9ms"', 'interval: must be from 10ms to 3600s, not "9ms"'),
        ('timeout = "2s"', "timeout: must be at most the interval, 1s, not 2s"),
        ('timeout = "0s"', 'timeout: must be from 1ms to 3600s, not "0s"'),
        ("rise = 0", "rise: must be from 1 to 100, not 0"),
        ("fall = 101", "fall: must be from 1 to 100, not 101"),
        ("fall = 2.0", "fall: must be a whole number from 1 to 100, not 2.0"),
        (
            'method = "get"',
            'method: must be one of "GET", "HEAD", "OPTIONS", "POST", not "get"',
        ),
        ("status = 99", "status: must be from 100 to 599, not 99"),
        ('status = "2xx"', 'status: "2xx" is not a status; write 200 or "200-299"'),
        ("status = [200, 600]", "status[1]: must be from 100 to 599, not 600"),
        ("status = []", "status: must accept at least one status"),
        (
            'status = "300-200"',
            'status: "300-200" must be a range from 100 to 599, the lower code first',
        ),
        ("status = true", "status: must be a whole number from 100 to 599, not true"),
        (
            'body_regex = "("',
            (
                'body_regex: "(" is not a regular expression: missing ), '
                "unterminated subpattern at position 0"
            ),
        ),
        ('body_regex = ""', "body_regex: must have from 1 to 1000 characters, not 0"),
        (
            'body_sha256 = "abc"',
            'body_sha256: must be the 64 hexadecimal digits of a SHA-256 digest, not "abc"',
        ),
        ("headers = []", "headers: must be a table, not an array"),
        ("headers.Host = 'x'", "headers.Host: is set by pyvrrp itself; use the key host"),
        ("headers.Connection = 'x'", "headers.Connection: is set by pyvrrp itself"),
        ('headers."a b" = "x"', 'headers."a b": is not a name of an HTTP header field'),
        ("headers.X = 5", "headers.X: must be a string"),
        ('host = "a b"', 'host: "a b" is not a host; write "www.example.org" or "[::1]:8080"'),
        ('source = "eth0"', 'source: "eth0" is not an IP address'),
        ('source = "2001:db8::1"', "source: is of another address family than 127.0.0.1"),
        ('unix_socket = "web.sock"', 'unix_socket: must be an absolute path, not "web.sock"'),
    ],
)
def test_a_wrong_value_is_refused_with_what_is_allowed(keys: str, problem: str) -> None:
    assert check_problems(HTTP + keys) == [problem]


def test_the_value_of_a_header_is_not_shown_because_it_may_be_a_secret() -> None:
    assert check_problems(HTTP + 'headers.X = "secret\\r\\nEvil: 1"') == [
        "headers.X: must be printable ASCII on one line, without spaces at its ends"
    ]


@pytest.mark.parametrize("regex", ["a{99999999999}", "(" * 900, "(?P<x>a)(?P<x>b)", "\\\\udc80"])
def test_a_regular_expression_that_does_not_compile_raises_no_other_exception(
    regex: str,
) -> None:
    assert len(check_problems(f'{HTTP}body_regex = "{regex}"')) <= 1


def test_a_regular_expression_that_python_warns_about_is_accepted() -> None:
    assert check_problems(HTTP + 'body_regex = "[[a]"') == []


@pytest.mark.parametrize(
    "key",
    ["verify = false", 'ca = "/x"', 'certificate = "/x"', 'key = "/x"', 'server_name = "x"'],
)
def test_a_key_for_tls_needs_an_https_url(key: str) -> None:
    name = key.split(" ", maxsplit=1)[0]
    assert check_problems(HTTP + key) == [
        f"{name}: has a meaning for https:// only, and the URL is http://"
    ]


@pytest.mark.parametrize(
    ("keys", "problem"),
    [
        ('key = "/x"', "key: needs a certificate too"),
        ('verify = false\nca = "/x"', "ca: has no meaning with verify = false"),
        (
            'unix_socket = "/x"\nsource = "192.0.2.1"',
            "source: has no meaning with unix_socket",
        ),
        (
            'method = "HEAD"\nbody_regex = "x"',
            'body_regex: has no meaning with method = "HEAD": the response has no body',
        ),
    ],
)
def test_keys_that_contradict_each_other_are_refused(keys: str, problem: str) -> None:
    assert check_problems(HTTPS + keys) == [problem]


@pytest.mark.parametrize(
    ("interval", "timeout", "max_age"),
    [
        ("1s", 800_000_000, 1_800_000_000),
        ("10s", 800_000_000, 10_800_000_000),
        ("100ms", 80_000_000, 180_000_000),
    ],
)
def test_the_defaults_of_timeout_and_max_age_depend_on_the_interval(
    interval: str, timeout: int, max_age: int
) -> None:
    policy = check(f'{TCP}interval = "{interval}"').policy
    assert (policy.timeout, policy.max_age) == (timeout, max_age)


def test_every_key_of_an_exec_check_reaches_the_model() -> None:
    written = check('exec = ["/usr/lib/x", "-v"]\nuser = "backup"\nnetns = "blue"')
    assert written.probe == ExecProbeConfig(
        ("/usr/lib/x", "-v"), user="backup", check="web", node="web1", netns="blue"
    )


def test_every_key_of_a_ping_check_reaches_the_model() -> None:
    written = check('ping = "gw.example"\ninterface = "eth0"\nsource = "192.0.2.9"\nnetns = "blue"')
    assert written.probe == PingProbeConfig(
        "gw.example", source=ip_address("192.0.2.9"), interface="eth0", netns="blue"
    )


def test_every_key_of_an_arp_check_reaches_the_model() -> None:
    written = check('arp = "192.0.2.1"\ninterface = "eth0"\nabsent = true\nnetns = "blue"')
    assert written.probe == ArpProbeConfig(
        ip_address("192.0.2.1"), "eth0", absent=True, netns="blue"
    )


def test_every_key_of_a_process_check_reaches_the_model() -> None:
    written = check('process = "nginx"\ncommand_line = "master"\nat_least = 2\nat_most = 3')
    assert written.probe == ProcessProbeConfig(
        "nginx", command_line="master", at_least=2, at_most=3
    )


def test_a_process_that_must_not_run_needs_one_key() -> None:
    assert check('process = "x"\nat_most = 0').probe == ProcessProbeConfig("x", "", 0, 0)
    assert check('process = "x"').probe == ProcessProbeConfig("x", "", 1, None)


def test_every_key_of_a_file_check_reaches_the_model() -> None:
    assert check('file = "/run/ready"\ncontains = "yes"').probe == FileProbeConfig(
        Path("/run/ready"), contains="yes"
    )
    assert check('file = "/run/off"\npresent = false').probe == FileProbeConfig(
        Path("/run/off"), present=False
    )


def test_every_key_of_an_interface_check_reaches_the_model() -> None:
    written = check('interface = "eth1"\nnetns = "blue"')
    assert written.probe == InterfaceProbeConfig("eth1", netns="blue")


@pytest.mark.parametrize(
    ("keys", "problem"),
    [
        ('ping = "a b"', 'ping: "a b" is not a host name or an address'),
        (
            'ping = "::1"\nsource = "192.0.2.1"',
            "source: is of another address family than ::1",
        ),
        ('arp = "192.0.2.1"', "interface: is required"),
        ('arp = "gw"\ninterface = "eth0"', 'arp: "gw" is not an IP address'),
        (
            'arp = "224.0.0.18"\ninterface = "eth0"',
            'arp: "224.0.0.18" is a multicast address and cannot be used here',
        ),
        (
            'arp = "192.0.2.1"\ninterface = "eth0"\nsource = "192.0.2.2"',
            "source: has no meaning for an arp check",
        ),
        (
            'process = "/usr/sbin/nginx"',
            'process: "/usr/sbin/nginx" is not a name of a process; write it as ps shows it',
        ),
        (
            'process = "x"\nat_least = 3\nat_most = 2',
            "at_most: must be at least at_least, which is 3",
        ),
        ('process = "x"\nat_least = -1', "at_least: must be from 0 to 1000000, not -1"),
        ('file = "ready"', 'file: must be an absolute path, not "ready"'),
        (
            'file = "/x"\npresent = false\ncontains = "y"',
            "contains: has no meaning with present = false",
        ),
        ('exec = "/bin/true"\nuser = "a b"', 'user: "a b" is not a name of a user'),
        (
            'interface = "eth1"\nsource = "192.0.2.1"',
            "source: has no meaning for an interface check",
        ),
        ('file = "/x"\nnetns = "blue"', "netns: has no meaning for a file check"),
        (
            'http = "http://x/"\ninterface = "eth0"',
            "interface: has no meaning for an http check; write a second check for it",
        ),
        (
            'ping = "x"\nexec = "/bin/true"',
            "ping: has no meaning for an exec check; write a second check for it",
        ),
    ],
)
def test_a_wrong_value_of_another_kind_is_refused_with_what_is_allowed(
    keys: str, problem: str
) -> None:
    assert check_problems(keys) == [problem]
