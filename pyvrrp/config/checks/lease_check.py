"""The keys of a check of the kind lease: a key in etcd that one node holds at a time."""

import re
from urllib.parse import urlsplit

from pyvrrp.config.checks.kinds import (
    CA,
    CERTIFICATE,
    NETNS,
    VERIFY,
    CheckContext,
    CheckKind,
    refuse_long_timeout,
    refuse_wrong_tls_keys,
)
from pyvrrp.config.model.configuration import EtcdLease, EtcdServers
from pyvrrp.config.values.durations import duration, duration_from
from pyvrrp.config.values.scalars import (
    absolute_path,
    array_of,
    name,
    optional,
    refuse_repeated,
    shown,
    text,
    wrong,
)
from pyvrrp.config.values.sections import Key, Section
from pyvrrp.config.values.targets import is_tls, url, without_secrets
from pyvrrp.units import MILLISECOND, SECOND, Nanoseconds

_KEY = re.compile(r"[!-~]{1,200}")
_SHORTEST_TTL, _LONGEST_TTL = 2, 3600  # seconds; etcd grants at least 2 s by default
_MOST_ENDPOINTS = 9
_RENEWALS_PER_TTL = 5
_ATTEMPTS_PER_TTL = 10
_LONGEST_RENEWAL, _LONGEST_ATTEMPT = Nanoseconds(2 * SECOND), SECOND  # of the defaults
_SHORTEST = Nanoseconds(10 * MILLISECOND)


def _endpoint(value: object) -> str:
    written = url(value)
    parts = urlsplit(written)
    if parts.path not in {"", "/"} or parts.query:
        seen = shown(without_secrets(written))
        raise wrong(f"{seen} must end after the port: pyvrrp adds the path itself")
    return written.rstrip("/")


def _endpoints(value: object) -> tuple[str, ...]:
    if not isinstance(value, list | tuple):
        return (_endpoint(value),)
    endpoints = array_of(_endpoint, "URLs of etcd members")(value)
    if not 1 <= len(endpoints) <= _MOST_ENDPOINTS:
        raise wrong(f"must name from 1 to {_MOST_ENDPOINTS} members of one etcd cluster")
    refuse_repeated(endpoints)
    if len({is_tls(endpoint) for endpoint in endpoints}) > 1:
        raise wrong("must be all http:// or all https://")
    return endpoints


def _etcd_key(value: object) -> str:
    if _KEY.fullmatch(text(value)) is None or text(value).endswith("/"):
        raise wrong(
            f"{shown(value)} cannot be a key; use 1 to 200 visible ASCII characters, and no slash "
            "at the end"
        )
    return text(value)


def _ttl(value: object) -> int:
    parsed = duration(value)
    if parsed % SECOND or not _SHORTEST_TTL <= parsed // SECOND <= _LONGEST_TTL:
        allowed = f"whole seconds from {_SHORTEST_TTL}s to {_LONGEST_TTL}s"
        raise wrong(f"must be {allowed}, not {shown(value)}")
    return parsed // SECOND


LEASE = Key("lease", _endpoints, "http://127.0.0.1:2379")
ETCD_KEY = Key("key", optional(_etcd_key))
TTL = Key("ttl", _ttl, "10s")
PRIVATE_KEY = Key("private_key", optional(absolute_path))
USER = Key("user", optional(name))
PASSWORD_FILE = Key("password_file", optional(absolute_path))
RENEWAL = Key("interval", optional(duration_from(_SHORTEST, Nanoseconds(_LONGEST_TTL * SECOND))))
ATTEMPT = Key("timeout", optional(duration_from(_SHORTEST, Nanoseconds(_LONGEST_TTL * SECOND))))
TLS_ONLY: tuple[Key[object], ...] = (VERIFY, CA, CERTIFICATE, PRIVATE_KEY)


def _read(section: Section, context: CheckContext) -> EtcdLease:
    endpoints = section.read(LEASE)
    ttl = section.read(TTL)
    interval = section.read(RENEWAL)
    if interval is None:
        interval = min(Nanoseconds(ttl * SECOND // _RENEWALS_PER_TTL), _LONGEST_RENEWAL)
    timeout = section.read(ATTEMPT)
    if timeout is None:
        timeout = min(Nanoseconds(ttl * SECOND // _ATTEMPTS_PER_TTL), _LONGEST_ATTEMPT, interval)
    refuse_long_timeout(section, (ATTEMPT, timeout), (RENEWAL, interval))
    servers = EtcdServers(
        endpoints=endpoints,
        verify=section.read(VERIFY),
        ca=section.read(CA),
        certificate=section.read(CERTIFICATE),
        private_key=section.read(PRIVATE_KEY),
        user=section.read(USER) or "",
        password_file=section.read(PASSWORD_FILE),
        netns=section.read(NETNS),
    )
    _refuse_contradictions(section, servers)
    key = section.read(ETCD_KEY) or ""
    return EtcdLease(context.check, servers, key, ttl, interval, timeout)


def _refuse_contradictions(section: Section, servers: EtcdServers) -> None:
    tls = is_tls(servers.endpoints[0]) or not section.good(LEASE)
    refuse_wrong_tls_keys(section, TLS_ONLY, PRIVATE_KEY, tls=tls, verify=servers.verify)
    for one, other in ((USER, PASSWORD_FILE), (PASSWORD_FILE, USER)):
        if section.given(one) and not section.given(other):
            section.refuse(one, f"needs {other.name} too")


LEASE_KIND = CheckKind(
    "a lease", LEASE, (ETCD_KEY, TTL, *TLS_ONLY, USER, PASSWORD_FILE, NETNS), _read
)
