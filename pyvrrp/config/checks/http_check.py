"""The keys of a check of the kind http."""

from pyvrrp.config.checks import http_values
from pyvrrp.config.checks.kinds import (
    CA,
    CERTIFICATE,
    NETNS,
    SOURCE,
    VERIFY,
    CheckContext,
    CheckKind,
    refuse_other_family,
    refuse_wrong_tls_keys,
)
from pyvrrp.config.model.configuration import HttpProbeConfig
from pyvrrp.config.values.scalars import absolute_path, one_of, optional
from pyvrrp.config.values.sections import Key, Section
from pyvrrp.config.values.targets import host_name, is_tls, url, url_host

_METHODS = {word: word for word in ("GET", "HEAD", "OPTIONS", "POST")}

HTTP = Key("http", url, "http://127.0.0.1/")
METHOD = Key("method", one_of(_METHODS), "GET")
HEADERS = Key("headers", http_values.headers, {})
HOST = Key("host", optional(http_values.host_field))
SERVER_NAME = Key("server_name", optional(host_name))
PRIVATE_KEY = Key("key", optional(absolute_path))
STATUS = Key("status", http_values.statuses, "200-299")
BODY_REGEX = Key("body_regex", optional(http_values.regex))
BODY_SHA256 = Key("body_sha256", optional(http_values.sha256))
UNIX_SOCKET = Key("unix_socket", optional(absolute_path))
TLS_ONLY: tuple[Key[object], ...] = (SERVER_NAME, VERIFY, CA, CERTIFICATE, PRIVATE_KEY)


def _read(section: Section, _: CheckContext) -> HttpProbeConfig:
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
    refuse_other_family(section, HTTP, probe.source, url_host(probe.url))
    _refuse_contradictions(section, probe)
    return probe


def _refuse_contradictions(section: Section, probe: HttpProbeConfig) -> None:
    tls = is_tls(probe.url) or not section.good(HTTP)
    refuse_wrong_tls_keys(section, TLS_ONLY, PRIVATE_KEY, tls=tls, verify=probe.verify)
    if section.given(UNIX_SOCKET):
        for key in filter(section.given, (SOURCE, NETNS)):
            section.refuse(key, "has no meaning with unix_socket")
    if probe.method == "HEAD":
        for key in filter(section.given, (BODY_REGEX, BODY_SHA256)):
            section.refuse(key, 'has no meaning with method = "HEAD": the response has no body')


HTTP_KIND = CheckKind(
    "an http check",
    HTTP,
    (
        *(METHOD, HEADERS, HOST, *TLS_ONLY, STATUS, BODY_REGEX, BODY_SHA256, UNIX_SOCKET),
        *(SOURCE, NETNS),
    ),
    _read,
)
