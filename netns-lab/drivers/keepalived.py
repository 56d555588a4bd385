"""keepalived: one `vrrp_instance`, private pid files, its log on standard error."""

import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import ClassVar

from drivers.base import Daemon, RouterDaemon
from pyvrrp.testing.processes import OutputLine, SpawnedProcess
from pyvrrp.testing.segment import Host
from results.timeline import LabEvent

_SCRIPT = """#!/bin/bash
exec 3<>/dev/tcp/127.0.0.1/8080 || exit 1
printf 'GET /health HTTP/1.0\\r\\n\\r\\n' >&3
read -r -t 0.8 _ status _ <&3 && [ "$status" = 200 ]
"""

_CHECK = """vrrp_script web {{
    script "{script}"
    interval 1
    timeout 1
    rise 2
    fall 2
    init_fail
}}
"""

_CONFIGURATION = """global_defs {{
    router_id {node}
    script_user root
    enable_script_security
}}
{check}vrrp_instance web {{
    state BACKUP
    interface {interface}
    virtual_router_id {vrid}
    priority {priority}
    version {version}
    advert_int {interval}
    virtual_ipaddress {{
{addresses}
    }}
{track}}}
"""


class KeepalivedDaemon(Daemon):
    """keepalived with a configuration of the caller's own.

    `${DIRECTORY}` in it is the node's own directory, with a script `check-web` in it.
    """

    implementation: ClassVar[str] = "keepalived"
    several: ClassVar[bool] = True

    def __init__(
        self, host: Host, directory: Path, note: Callable[[LabEvent], None], configuration: str
    ) -> None:
        super().__init__(host, directory, note)
        self.configuration = configuration

    def start(self) -> None:
        """Write the configuration and start it."""
        _write_script(self.directory)
        text = self.configuration.replace("${DIRECTORY}", str(self.directory))
        self.process = spawn(self, text)


class KeepalivedRouter(RouterDaemon):
    """keepalived in its default configuration."""

    implementation: ClassVar[str] = "keepalived"
    several: ClassVar[bool] = True

    @classmethod
    def missing(cls) -> str:
        """Say what is not installed."""
        return "" if shutil.which("keepalived") else "keepalived"

    def start(self) -> None:
        """Write the configuration and start it."""
        self.process = spawn(self, self._configuration())

    def _configuration(self) -> str:
        settings = self.settings
        check = track = ""
        if settings.check:
            check = _CHECK.format(script=_write_script(self.directory))
            track = "    track_script {\n        web\n    }\n"
        return _CONFIGURATION.format(
            node=self.host.name,
            check=check,
            interface=settings.interface,
            vrid=settings.vrid,
            priority=settings.priority,
            version=settings.version,
            interval=settings.interval_ms / 1000,
            addresses="\n".join(f"        {address}" for address in settings.addresses),
            track=track,
        )


def _write_script(directory: Path) -> Path:
    script = directory / "check-web"
    script.write_text(_SCRIPT, encoding="utf-8")
    script.chmod(0o700)
    return script


def spawn(daemon: Daemon, configuration: str) -> SpawnedProcess:
    """Write the configuration, start keepalived with it and note what it says."""
    file = daemon.directory / "keepalived.conf"
    file.write_text(configuration, encoding="utf-8")
    file.chmod(0o600)
    pids = (
        argument
        for option, name in (("-p", "parent"), ("-r", "vrrp"), ("-c", "checkers"))
        for argument in (option, str(daemon.directory / f"{name}.pid"))
    )
    return daemon.host.spawn(
        *("keepalived", "-n", "-l", "-D", "-P", "-f", str(file), *pids),
        hear=partial(_hear, daemon),
        environment=daemon.environment,
    )


def _hear(daemon: Daemon, line: OutputLine) -> None:
    node = daemon.host.name
    text = line.text.partition(": ")[2] or line.text
    words = text.split()
    if "Entering" in words and words[-1] == "STATE":
        daemon.note(LabEvent(line.time, "state", node, {"state": words[-2], "reason": text}))
    else:
        daemon.note(LabEvent(line.time, "log", node, {"text": text}))
