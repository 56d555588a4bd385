"""Check the files that a configuration names: readable, and programs safe to run."""

from collections.abc import Iterable
from pathlib import Path

from pyvrrp.config.model.configuration import Configuration, ExecProbeConfig, HttpProbeConfig
from pyvrrp.config.values.commands import why_unsafe
from pyvrrp.config.values.origins import Origins
from pyvrrp.config.values.users import UnknownUserError, trusted_users, user_of
from pyvrrp.errors import Problem


def unreadable_files(configuration: Configuration, origins: Origins) -> list[Problem]:
    """Return a problem for every file that *configuration* names and that cannot be used.

    Certificates, keys and passwords must be readable. Programs must be safe to run.
    """
    problems: list[Problem] = []
    for check in configuration.checks:
        path = origins.check(check.name)
        match check.probe:
            case HttpProbeConfig() as probe:
                credentials = (("ca", probe.ca), ("certificate", probe.certificate))
                problems += _unreadable((*credentials, ("key", probe.key)), path)
            case ExecProbeConfig() as probe:
                problems += _unsafe(probe, path)
            case _:
                pass
    for lease in configuration.leases:
        servers = lease.servers
        credentials = (("ca", servers.ca), ("certificate", servers.certificate))
        secrets = (("private_key", servers.private_key), ("password_file", servers.password_file))
        problems += _unreadable((*credentials, *secrets), origins.check(lease.check))
    for resource in configuration.resources:
        path = origins.resource(resource.name)
        named = dict.fromkeys((resource.start[0], resource.stop[0], *resource.monitor[:1]))
        found = (why_unsafe(program, trusted_users(None)) for program in named)
        problems += [Problem(path, what) for what in found if what]
    for router in configuration.virtual_routers:
        if router.on_stop_failure:
            what = why_unsafe(router.on_stop_failure[0], trusted_users(None))
            path = f'virtual_router "{router.name}".on_stop_failure'
            problems += [Problem(path, what)] if what else []
    return problems


def _unreadable(named: Iterable[tuple[str, Path | None]], path: str) -> list[Problem]:
    found = ((key, "" if file is None else _why_unreadable(file)) for key, file in named)
    return [Problem(f"{path}.{key}", what) for key, what in found if what]


def _unsafe(probe: ExecProbeConfig, path: str) -> list[Problem]:
    try:
        user = user_of(probe.user)
    except UnknownUserError as error:
        return [Problem(f"{path}.user", str(error))]
    what = why_unsafe(probe.command[0], trusted_users(user))
    return [Problem(f"{path}.exec", what)] if what else []


def _why_unreadable(file: Path) -> str:
    try:
        if not file.is_dir():
            with file.open("rb") as stream:
                stream.read(1)
            return ""
    except OSError as error:
        return f"{file} cannot be read: {error.strerror}"
    return f"{file} is a directory"
