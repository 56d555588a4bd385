"""Warnings about secrets that others can read, and about files that others can replace.

They ask the file system, so they are for the machine that they are asked on.
"""

import stat
from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import Path

from pyvrrp.config.model.configuration import Configuration, HttpProbeConfig
from pyvrrp.config.values.sections import path_key
from pyvrrp.config.values.shared_places import why_shared
from pyvrrp.config.values.targets import SECRET_NAME, is_tls, url_host, without_secrets
from pyvrrp.errors import Problem

_MOST_BYTES = 4 * 1024 * 1024
_READ_ON_THE_WAY = "everybody on the way to {} can read it; use https://"


def exposures(configuration: Configuration, *files: Path) -> tuple[Problem, ...]:
    """Return a warning for each secret and each file of *configuration* that is exposed.

    *files* are the configuration files.
    """
    found = (
        *_places(configuration),
        *_unencrypted(configuration),
        *_key_files(configuration),
        *_secrets_in(files, tuple(_secrets(configuration))),
    )
    return tuple(dict.fromkeys(found))


def _places(configuration: Configuration) -> Iterator[Problem]:
    for key, path in (
        ("state_file", configuration.state_file),
        ("control_socket", configuration.control_socket),
    ):
        if why := why_shared(path.parent):
            what = f"is in a directory where another user can replace it: {why}"
            yield Problem(key, f"{what}; use one that belongs to root alone")


def _unencrypted(configuration: Configuration) -> Iterator[Problem]:
    for check in configuration.checks:
        probe = check.probe
        if not isinstance(probe, HttpProbeConfig) or probe.unix_socket or _is_private(probe.url):
            continue
        for name, _ in filter(_is_secret, probe.headers):
            what = f"goes unencrypted: {_READ_ON_THE_WAY.format(url_host(probe.url))}"
            yield Problem(f"check.{path_key(check.name)}.headers.{name}", what)
    for lease in configuration.leases:
        open_ones = [one for one in lease.servers.endpoints if not _is_private(one)]
        if lease.servers.user and open_ones:
            what = f"goes unencrypted: {_READ_ON_THE_WAY.format(url_host(open_ones[0]))}"
            yield Problem(f"check.{path_key(lease.check)}.password_file", what)


def _key_files(configuration: Configuration) -> Iterator[Problem]:
    named: list[tuple[str, Path | None]] = [
        (f"check.{path_key(check.name)}.key", check.probe.key)
        for check in configuration.checks
        if isinstance(check.probe, HttpProbeConfig)
    ]
    for lease in configuration.leases:
        path = f"check.{path_key(lease.check)}"
        named.append((f"{path}.private_key", lease.servers.private_key))
        named.append((f"{path}.password_file", lease.servers.password_file))
    for where, file in named:
        if file is not None and (mode := _open_mode(file)):
            yield Problem(where, f"everybody can read {file} ({mode}); chmod 600")


def _secrets(configuration: Configuration) -> Iterator[str]:
    for router in configuration.virtual_routers:
        if router.authentication:
            yield router.authentication.decode(errors="replace")
    for check in configuration.checks:
        if isinstance(check.probe, HttpProbeConfig):
            yield from (value for _, value in filter(_is_secret, check.probe.headers))
            if without_secrets(check.probe.url) != check.probe.url:
                yield check.probe.url


def _secrets_in(files: tuple[Path, ...], secrets: tuple[str, ...]) -> Iterator[Problem]:
    for file in files:
        # A secret may also come from the environment: then it is not in the file.
        if (mode := _open_mode(file)) and any(secret in _text_of(file) for secret in secrets):
            yield Problem("", f"{file} contains a secret, and everybody can read it ({mode})")


def _is_secret(field: tuple[str, str]) -> bool:
    return SECRET_NAME.search(field[0]) is not None


def _is_private(url: str) -> bool:
    host = url_host(url)
    try:
        return is_tls(url) or ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _open_mode(file: Path) -> str:
    """Return the mode of *file* in words if everybody can read it; empty: only some can."""
    try:
        mode = file.stat().st_mode
    except OSError:
        return ""  # `unreadable_files` reports it
    return stat.filemode(mode) if mode & stat.S_IROTH else ""


def _text_of(file: Path) -> str:
    try:
        with file.open("rb") as stream:
            return stream.read(_MOST_BYTES).decode(errors="replace")
    except OSError:
        return ""
