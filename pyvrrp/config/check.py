"""One ``[check.NAME]`` table."""

from ipaddress import ip_address

from pyvrrp.config import http_values
from pyvrrp.config.addresses import address
from pyvrrp.config.durations import duration_from, write_duration
from pyvrrp.config.keys import Key, Section
from pyvrrp.config.model import Address, CheckConfig, HttpProbeConfig, ProbeConfig, TcpProbeConfig
from pyvrrp.config.targets import host_and_port, host_name, is_tls, url, url_host
from pyvrrp.config.values import absolute_path, boolean, integer, netns_name, one_of, optional
from pyvrrp.fencing.policy import CheckPolicy
from pyvrrp.units import MILLISECOND, SECOND, Nanoseconds

_HOUR = Nanoseconds(3600 * SECOND)
_LONGEST_DEFAULT_TIMEOUT = Nanoseconds(800 * MILLISECOND)
_METHODS = {word: word for word in ("GET", "HEAD", "OPTIONS", "POST")}

HTTP = Key("http", url, "http://127.0.0.1/")
TCP = Key("tcp", host_and_port, "127.0.0.1:1")
INTERVAL = Key("interval", duration_from(Nanoseconds(10 * MILLISECOND), _HOUR), "1s")
TIMEOUT = Key("timeout", optional(duration_from(MILLISECOND, _HOUR)))
RISE = Key("rise", integer(1, 100), 2)
FALL = Key("fall", integer(1, 100), 2)
MAX_AGE = Key("max_age", optional(duration_from(MILLISECOND, _HOUR)))
SOURCE = Key("source", optional(address))
NETNS = Key("netns", netns_name, "")
METHOD = Key("method", one_of(_METHODS), "GET")
HEADERS = Key("headers", http_values.headers, {})
HOST = Key("host", optional(http_values.host_field))
SERVER_NAME = Key("server_name", optional(host_name))
VERIFY = Key("verify", boolean, default=True)
CA = Key("ca", optional(absolute_path))
CERTIFICATE = Key("certificate", optional(absolute_path))
PRIVATE_KEY = Key("key", optional(absolute_path))
STATUS = Key("status", http_values.statuses, "200-299")
BODY_REGEX = Key("body_regex", optional(http_values.regex))
BODY_SHA256 = Key("body_sha256", optional(http_values.sha256))
UNIX_SOCKET = Key("unix_socket", optional(absolute_path))

BOTH_KINDS: tuple[Key[object], ...] = (INTERVAL, TIMEOUT, RISE, FALL, MAX_AGE, SOURCE, NETNS)
TLS_ONLY: tuple[Key[object], ...] = (SERVER_NAME, VERIFY, CA, CERTIFICATE, PRIVATE_KEY)
HTTP_ONLY: tuple[Key[object], ...] = (
    *(HTTP, METHOD, HEADERS, HOST, *TLS_ONLY, STATUS, BODY_REGEX, BODY_SHA256, UNIX_SOCKET),
)
TCP_ONLY: tuple[Key[object], ...] = (TCP,)
KEYS: tuple[Key[object], ...] = (*HTTP_ONLY, *TCP_ONLY, *BOTH_KINDS)


def check(section: Section, name: str) -> CheckConfig:
    """Return the check that *section* describes; a section with problems gives a stand-in."""
    section.refuse_unknown(KEYS)
    policy = _policy(section)
    if section.given(HTTP):
        _refuse_other_kind(section, TCP_ONLY, "an http check")
        return CheckConfig(name, _http(section), policy)
    if section.given(TCP):
        _refuse_other_kind(section, HTTP_ONLY, "a tcp check")
        return CheckConfig(name, _tcp(section), policy)
    section.refuse_whole('needs http = "URL" or tcp = "HOST:PORT"')
    return CheckConfig(name, TcpProbeConfig("127.0.0.1", 1), policy)


def _refuse_other_kind(section: Section, keys: tuple[Key[object], ...], kind: str) -> None:
    for key in filter(section.given, keys):
        section.refuse(key, f"has no meaning for {kind}; give the other kind a check of its own")


def _policy(section: Section) -> CheckPolicy:
    interval = section.read(INTERVAL)
    timeout = section.read(TIMEOUT)
    max_age = section.read(MAX_AGE)
    if timeout is None:
        timeout = min(_LONGEST_DEFAULT_TIMEOUT, Nanoseconds(interval * 8 // 10))
    if timeout > interval and section.good(INTERVAL, TIMEOUT):
        allowed = f"at most the interval, {write_duration(interval)}"
        section.refuse(TIMEOUT, f"must be {allowed}, not {write_duration(timeout)}")
    return CheckPolicy(
        interval=interval,
        timeout=timeout,
        rise=section.read(RISE),
        fall=section.read(FALL),
        max_age=Nanoseconds(interval + timeout) if max_age is None else max_age,
    )


def _tcp(section: Section) -> ProbeConfig:
    host, port = section.read(TCP)
    probe = TcpProbeConfig(host, port, source=section.read(SOURCE), netns=section.read(NETNS))
    _refuse_other_family(section, probe.source, host)
    return probe


def _http(section: Section) -> ProbeConfig:
    probe = HttpProbeConfig(
        url=section.read(HTTP),
        method=section.read(METHOD),
        headers=section.read(HEADERS),
        host=section.read(HOST) or "",
        server_name=section.read(SERVER_NAME) or "",
        verify=section.read(VERIFY),
        ca=section.read(CA),
        certificate=section.read(CERTIFICATE),
        key=section.read(PRIVATE_KEY),
        status=section.read(STATUS),
        body_regex=section.read(BODY_REGEX) or "",
        body_sha256=section.read(BODY_SHA256) or "",
        unix_socket=section.read(UNIX_SOCKET),
        source=section.read(SOURCE),
        netns=section.read(NETNS),
    )
    _refuse_other_family(section, probe.source, url_host(probe.url))
    _refuse_contradictions(section, probe)
    return probe


def _refuse_contradictions(section: Section, probe: HttpProbeConfig) -> None:
    if section.good(HTTP) and not is_tls(probe.url):
        for key in filter(section.given, TLS_ONLY):
            section.refuse(key, "has a meaning for https:// only, and the URL is http://")
    elif section.given(PRIVATE_KEY) and not section.given(CERTIFICATE):
        section.refuse(PRIVATE_KEY, "needs a certificate too")
    if section.given(CA) and not probe.verify:
        section.refuse(CA, "has no meaning with verify = false")
    if section.given(UNIX_SOCKET):
        for key in filter(section.given, (SOURCE, NETNS)):
            section.refuse(key, "has no meaning with unix_socket")
    if probe.method == "HEAD":
        for key in filter(section.given, (BODY_REGEX, BODY_SHA256)):
            section.refuse(key, 'has no meaning with method = "HEAD": the answer has no body')


def _refuse_other_family(section: Section, source: Address | None, host: str) -> None:
    try:
        target = ip_address(host)
    except ValueError:
        return  # a name: its family is known only when it is looked up
    usable = section.good(HTTP, TCP, SOURCE)
    if usable and source is not None and source.version != target.version:
        section.refuse(SOURCE, f"is of another address family than {target}")
