"""The targets of checks: URLs, hosts and ports."""

import re
from ipaddress import IPv4Address, IPv6Address
from urllib.parse import urlsplit

from pyvrrp.config.values.scalars import shown, text, wrong
from pyvrrp.foreign_text import escaped

_HOST = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,251}[A-Za-z0-9_.])?")
_NUMERIC = re.compile(r"[0-9.]+")
_VISIBLE = re.compile(r"[\x21-\x7e]+")
_PORT = re.compile(r"[0-9]{1,5}")
_HIGHEST_PORT = 65535
SECRET_NAME = re.compile(r"auth|cookie|token|secret|passw|api[-_]?key", re.IGNORECASE)
_USER_INFO = re.compile(r"^([^/?#]*//)[^/?#]*@")
_SECRET_PARAMETER = re.compile(
    rf"([?&;][^=&;#]*(?:{SECRET_NAME.pattern})[^=&;#]*=)[^&;#]*", re.IGNORECASE
)


def host_name(value: object) -> str:
    """Return the name or address of a host. An IPv6 address has no brackets."""
    host = text(value)
    if ":" in host and _VISIBLE.fullmatch(host):
        return _ip(IPv6Address, host)
    if _NUMERIC.fullmatch(host):
        return _ip(IPv4Address, host)
    if _HOST.fullmatch(host) is None:
        raise wrong(f"{shown(host)} is not a host name or an address")
    return host


def _ip(family: type[IPv4Address | IPv6Address], host: str) -> str:
    try:
        return str(family(host))
    except ValueError:
        raise wrong(f"{shown(host)} is not an IP address") from None


def host_and_port(value: object) -> tuple[str, int]:
    """Return host and port of ``"192.0.2.1:80"``, ``"db.example:5432"`` or ``"[::1]:80"``."""
    host, colon, number = text(value).rpartition(":")
    bracketed = host.startswith("[") and host.endswith("]")
    if not colon or not host or (":" in host and not bracketed):
        raise wrong(f'{shown(value)} is not "host:port"; an IPv6 address goes in brackets')
    if _PORT.fullmatch(number) is None or not 1 <= int(number) <= _HIGHEST_PORT:
        raise wrong(f"the port of {shown(value)} must be from 1 to {_HIGHEST_PORT}")
    if bracketed:
        return _ip(IPv6Address, host[1:-1]), int(number)
    return host_name(host), int(number)


def without_secrets(written: str) -> str:
    """Return a URL without what may be secret: its password, and parameters with such names."""
    without_password = _USER_INFO.sub(r"\1***@", written)
    return _SECRET_PARAMETER.sub(r"\1***", without_password)


def url(value: object) -> str:
    """Return *value* as a URL that an HTTP client can request."""
    written = text(value)
    seen = shown(without_secrets(written))
    if _VISIBLE.fullmatch(written) is None:
        what = "it is empty or has spaces or characters other than ASCII"
        raise wrong(f"{seen} is not a URL: {what}")
    try:
        parts = urlsplit(written)
        number = parts.port
    except ValueError as error:
        raise wrong(f"{seen} is not a URL: {escaped(str(error))}") from None
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise wrong(f'{seen} is not a URL; write one such as "http://127.0.0.1/health"')
    if parts.username is not None or parts.password is not None:
        raise wrong("must not contain a password; send an Authorization header (headers = ...)")
    if number == 0:
        raise wrong(f"the port of {seen} must be from 1 to {_HIGHEST_PORT}")
    if "#" in written:
        raise wrong(f"{seen} must have no fragment (#...): it is not sent to the server")
    host_name(parts.hostname)
    return written


def url_host(checked: str) -> str:
    """Return the host of a URL that `url` has accepted."""
    return urlsplit(checked).hostname or ""


def is_tls(checked: str) -> bool:
    """Return whether a URL that `url` has accepted uses TLS."""
    return urlsplit(checked).scheme == "https"
