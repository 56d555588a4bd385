"""The files that a configuration names must be there and readable."""

from pathlib import Path

from pyvrrp.config.model import Configuration, HttpProbeConfig
from pyvrrp.config.origins import Origins
from pyvrrp.errors import Problem


def unreadable_files(configuration: Configuration, origins: Origins) -> list[Problem]:
    """Return a problem for every file named in *configuration* that cannot be read."""
    problems: list[Problem] = []
    for check in configuration.checks:
        probe = check.probe
        if not isinstance(probe, HttpProbeConfig):
            continue
        named = (("ca", probe.ca), ("certificate", probe.certificate), ("key", probe.key))
        for key, file in named:
            what = "" if file is None else _obstacle(file)
            if what:
                problems.append(Problem(f"{origins.check(check.name)}.{key}", what))
    return problems


def _obstacle(file: Path) -> str:
    try:
        if not file.is_dir():
            with file.open("rb") as stream:
                stream.read(1)
            return ""
    except OSError as error:
        return f"{file} cannot be read: {error.strerror}"
    return f"{file} is a directory"
