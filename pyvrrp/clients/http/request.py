"""Make the request of an HTTP check."""

from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import SplitResult, quote, urlsplit

from pyvrrp.clients.base.failure import ProbeError
from pyvrrp.clients.http.connection import Endpoint
from pyvrrp.config.model.configuration import HttpProbeConfig

_DEFAULT_PORT = {"http": 80, "https": 443}
# Servers may answer 411 to these methods without Content-Length, even if there is no body.
_METHODS_WITH_BODY = frozenset({"POST", "PUT", "PATCH"})
_NOT_QUOTED = "/%:@!$&'()*+,;=-._~?"  # allowed in a path and a query (RFC 3986)


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """One request, and the server that it is sent to."""

    endpoint: Endpoint
    tls: bool
    server_name: str
    method: str
    target: str
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes = b""


@lru_cache(maxsize=256)
def request_of(probe: HttpProbeConfig) -> HttpRequest:
    """Return the request of *probe*. Raise ProbeError if its URL cannot be used."""
    url, port = _split(probe.url)
    # RFC 6874 writes the zone of an IPv6 literal as %25.
    host = (url.hostname or "").replace("%25", "%")
    return HttpRequest(
        endpoint=Endpoint(host, port, probe.source, probe.netns),
        tls=url.scheme == "https",
        server_name=probe.server_name or host.partition("%")[0],
        method=probe.method,
        target=_target(url),
        headers=_headers(probe, _authority(url, host, port)),
    )


def _split(url: str) -> tuple[SplitResult, int]:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise ProbeError(f"bad URL {url}: {error}") from error
    default = _DEFAULT_PORT.get(parts.scheme)
    if default is None or not parts.hostname:
        raise ProbeError(f"bad URL {url}: it must begin with http:// or https:// and a host")
    return parts, default if port is None else port


def _target(url: SplitResult) -> str:
    query = f"?{url.query}" if url.query else ""
    return quote(f"{url.path or '/'}{query}", safe=_NOT_QUOTED)


def _authority(url: SplitResult, host: str, port: int) -> str:
    # A zone has a meaning on this host only, so it is not sent (RFC 6874 section 4).
    name = host.partition("%")[0]
    bracketed = f"[{name}]" if ":" in name else name
    return bracketed if port == _DEFAULT_PORT[url.scheme] else f"{bracketed}:{port}"


def _headers(probe: HttpProbeConfig, authority: str) -> tuple[tuple[bytes, bytes], ...]:
    """Return the default header fields that are not configured, then the configured ones."""
    own = {
        "Host": probe.host or authority,
        "User-Agent": "pyvrrp",
        "Accept": "*/*",
        "Accept-Encoding": "identity",
        "Connection": "close",
    }
    if probe.method in _METHODS_WITH_BODY:
        own["Content-Length"] = "0"
    if probe.host:
        configured = tuple(item for item in probe.headers if item[0].lower() != "host")
    else:
        configured = probe.headers
    replaced = {name.lower() for name, _ in configured}
    kept = ((name, value) for name, value in own.items() if name.lower() not in replaced)
    return tuple((name.encode(), value.encode()) for name, value in (*kept, *configured))
