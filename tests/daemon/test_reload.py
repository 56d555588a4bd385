"""Reading the file again: on a signal and on a command, with a file that may be wrong."""

import asyncio
from pathlib import Path

import pytest

from pyvrrp.config.files.load import load
from pyvrrp.config.model.configuration import Configuration
from pyvrrp.daemon.reload.reading import Reading
from pyvrrp.daemon.reload.reload import Reload
from pyvrrp.daemon.reload.source import Source
from pyvrrp.errors import ConfigurationError, UsageError
from pyvrrp.importers.load_elsewhere import load_elsewhere
from pyvrrp.runtime.base.journal import Journal
from pyvrrp.runtime.reloading import Reloading
from pyvrrp.runtime.supervisor import Supervisor
from tests.support.cluster import Cluster
from tests.support.guard import OPEN
from tests.support.world import FakeHost

GOOD = """node = "n1"
[[virtual_router]]
name = "web"
interface = "eth0"
vrid = 51
priority = 200
addresses = ["192.0.2.100/24"]
"""


class Daemon:
    """A daemon in virtual time whose file is in *directory*. It counts how often it was read."""

    def __init__(self, directory: Path) -> None:
        self.cluster = Cluster()
        self.file = directory / "pyvrrp.toml"
        self.file.write_text(GOOD)
        self.host = FakeHost("n1", self.cluster.lan, "192.0.2.1/24")
        self.journal = Journal(self.cluster.clock)
        self.supervisor = Supervisor(load(self.file), self.host.ports(), self.journal)
        self.supervisor.start()
        self.cluster.run(10)
        self.read = 0
        self.reload = self.reload_of(self.file)

    def reload_of(self, file: Path | None) -> Reload:
        return Reload(
            Source(file),
            self.supervisor,
            Reloading(self.supervisor, self.cluster.clock, self.journal),
            self.journal,
            OPEN,
            lambda: (),
            lambda _configuration: None,
            Reading(self._load),
        )

    def _load(self, file: Path, node: str | None) -> Configuration:
        self.read += 1
        return load(file, node=node)

    def events(self, name: str) -> list[str]:
        return [event.text for event in self.journal.events() if event.name == name]


def ask(daemon: Daemon, **keys: object) -> dict[str, object]:
    async def go() -> dict[str, object]:
        return dict(await daemon.reload.reload({"command": "reload", **keys}))

    return asyncio.run(go())


@pytest.fixture
def daemon(tmp_path: Path) -> Daemon:
    return Daemon(tmp_path)


def test_the_file_is_read_again_and_used(daemon: Daemon) -> None:
    daemon.file.write_text(GOOD.replace("200", "150"))
    answer = ask(daemon)
    daemon.cluster.run(1)
    assert answer["good"] is True
    assert answer["text"] == ["virtual router web (IPv4): changed in place: priority 200 -> 150"]
    assert daemon.supervisor.routers[0].priority == 150


def test_a_file_that_needs_rights_that_were_given_up_changes_nothing(daemon: Daemon) -> None:
    daemon.reload._why_restart = lambda wanted: "restart it" * (wanted != load(daemon.file))
    assert ask(daemon)["good"] is True
    daemon.reload._why_restart = lambda _: "needs CAP_SETUID: restart it"
    daemon.file.write_text(GOOD.replace("200", "150"))
    for keys in ({}, {"dry_run": True}):
        answer = ask(daemon, **keys)
        assert answer["good"] is False
        assert answer["problems"] == [{"path": "", "what": "needs CAP_SETUID: restart it"}]
    assert daemon.supervisor.routers[0].priority == 200
    assert daemon.reload.status()["refused"] == 1


def test_a_dry_run_changes_nothing(daemon: Daemon) -> None:
    daemon.file.write_text(GOOD.replace("200", "150"))
    answer = ask(daemon, dry_run=True)
    daemon.cluster.run(1)
    assert answer["text"] == ["virtual router web (IPv4): changed in place: priority 200 -> 150"]
    assert daemon.supervisor.routers[0].priority == 200
    assert daemon.reload.status()["reloads"] == 0


def test_a_file_that_is_wrong_changes_nothing_and_is_in_status_until_it_is_mended(
    daemon: Daemon,
) -> None:
    before = daemon.supervisor.configuration
    daemon.file.write_text(GOOD.replace("200", "256"))
    answer = ask(daemon)
    assert answer["good"] is False
    assert daemon.supervisor.configuration is before
    shown = daemon.reload.status()
    assert shown["broken"] is True
    assert shown["refused"] == 1
    assert "priority" in str(shown["problems"])
    (told,) = daemon.events("reload_refused")
    assert told.endswith("; nothing has changed")
    daemon.file.write_text(GOOD)
    ask(daemon)
    assert daemon.reload.status()["broken"] is False


def test_a_key_that_needs_a_restart_is_refused_alone(daemon: Daemon) -> None:
    daemon.file.write_text("guardian = false\n" + GOOD.replace("200", "150"))
    ask(daemon)
    daemon.cluster.run(1)
    assert daemon.reload.status()["needs_restart"] == ["guardian"]
    assert daemon.supervisor.configuration.guardian is True
    assert daemon.supervisor.routers[0].priority == 150


def test_signals_that_come_together_have_the_file_read_at_most_twice(daemon: Daemon) -> None:
    async def go() -> None:
        for _ in range(20):
            daemon.reload.on_signal()
        await asyncio.sleep(0)
        for _ in range(20):
            daemon.reload.on_signal()
        while daemon.reload._signalled is not None:
            await asyncio.sleep(0.01)

    asyncio.run(go())
    assert daemon.read == 2


def test_a_signal_with_a_file_that_is_wrong_is_told_in_the_log(daemon: Daemon) -> None:
    async def go() -> None:
        daemon.file.write_text("node =")
        daemon.reload.on_signal()
        while daemon.reload._signalled is not None:
            await asyncio.sleep(0.01)

    asyncio.run(go())
    assert len(daemon.events("reload_refused")) == 1


def test_without_a_file_a_reload_is_refused(daemon: Daemon) -> None:
    daemon.reload = daemon.reload_of(None)
    with pytest.raises(UsageError, match="started with flags"):
        ask(daemon)


@pytest.mark.parametrize("keys", [{"dry_run": "yes"}, {"dryrun": True}])
def test_a_request_that_is_wrong_is_refused(daemon: Daemon, keys: dict[str, object]) -> None:
    with pytest.raises(UsageError):
        ask(daemon, **keys)


def test_another_process_reads_the_same(tmp_path: Path) -> None:
    file = tmp_path / "pyvrrp.toml"
    file.write_text(GOOD.replace('"192.0.2.100/24"', '"${VIP}"'))
    environment = {"VIP": "192.0.2.77/24"}
    read = load_elsewhere(file, "n7", environment=environment)
    assert read == load(file, node="n7", environment=environment)
    file.write_text(
        "vrrp_instance web {\n interface eth0\n virtual_router_id 51\n @r1 priority 150\n"
        " virtual_ipaddress {\n 192.0.2.100/24\n }\n}\n"
    )
    assert load_elsewhere(file, "n7", "r1").virtual_routers[0].priority == 150
    file.write_text(GOOD.replace("51", "256"))
    with pytest.raises(ConfigurationError) as error:
        load_elsewhere(file, None)
    assert "vrid" in error.value.problems[0].path
