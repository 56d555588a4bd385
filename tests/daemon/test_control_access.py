"""Who may ask the daemon for what: the table of requests, the mode of the socket, credentials."""

import asyncio
import json
import os
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from pyvrrp.config.model.process_options import ControlReaders, ProcessOptions
from pyvrrp.daemon import control_socket
from pyvrrp.daemon.control_socket import ControlSocket, Request
from pyvrrp.daemon.operator_commands import OperatorCommands
from pyvrrp.daemon.rights.control_access import REQUESTS, Access, Asker, ControlAccess
from pyvrrp.daemon.state_file import StateFile
from pyvrrp.errors import KernelError
from pyvrrp.runtime.base.json import Json
from tests.support.cluster import Cluster
from tests.support.guard import OPEN

NOBODY = 65534
ALL_READ = ProcessOptions(control_read=ControlReaders.ALL)
# It connects, sends each request, and prints the answers.
CLIENT = """
import json, os, socket, sys
path, groups, *commands = sys.argv[1:]
os.setgroups([int(one) for one in groups.split(",") if one])
os.setresgid(65534, 65534, 65534)
os.setresuid(65534, 65534, 65534)
peer = socket.socket(socket.AF_UNIX)
try:
    peer.connect(path)
except PermissionError:
    sys.exit("may not connect")
answers = peer.makefile("rb")
for command in commands:
    peer.sendall(json.dumps({"command": command}).encode() + b"\\n")
    print(answers.readline().decode().strip())
"""


async def good(_request: Request) -> dict[str, Json]:
    return {"good": True}


def test_every_request_of_the_daemon_is_in_the_table(tmp_path: Path) -> None:
    node = Cluster().node(200)
    orders = OperatorCommands(node.supervisor, StateFile(tmp_path / "s"), OPEN).handlers()
    assert {"status", *orders} <= set(REQUESTS)
    assert {REQUESTS[order] for order in orders} == {Access.ACT}
    assert REQUESTS["status"] is Access.READ


def test_a_request_that_the_table_lacks_counts_as_one_that_acts() -> None:
    reader = Asker(1000, may_read=True)
    assert not reader.refusal("status")
    assert reader.refusal("something_new") == (
        "the user with uid 1000 may not send something_new: only root and the user of the daemon "
        "may"
    )


def test_a_group_that_does_not_exist_is_named() -> None:
    with pytest.raises(KernelError, match="no group nosuchgroup on this machine"):
        ControlAccess(ProcessOptions(control_group="nosuchgroup"))


@pytest.mark.parametrize(
    ("options", "mode"),
    [
        (ProcessOptions(), 0o600),
        (ProcessOptions(control_group="daemon"), 0o660),
        (ALL_READ, 0o666),
    ],
)
def test_the_mode_of_the_socket(options: ProcessOptions, mode: int) -> None:
    assert ControlAccess(options).mode == mode


def ask(path: Path, groups: str, *commands: str) -> list[Mapping[str, object]]:
    """Return the answers to the user nobody in *groups*; none if nobody may not connect."""
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", CLIENT, str(path), groups, *commands],
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
        cwd="/",
    )
    assert done.returncode == 0 or done.stderr == "may not connect\n", done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.fixture
def readable() -> Iterator[Path]:
    """A directory that every user may enter, which that of pytest is not."""
    with TemporaryDirectory(prefix="pyvrrp-control-") as made:
        Path(made).chmod(0o755)
        yield Path(made)


@pytest.mark.kernel
@pytest.mark.asyncio
async def test_strangers_connect_read_and_act_as_far_as_they_may(
    readable: Path,
) -> None:
    gid = 1  # the group daemon, which every system has
    act = ["status", "drain"]
    refused = {
        "error": "the user with uid 65534 may not send drain: only root and the user of the "
        "daemon may",
        "kind": "refused",
    }
    for options, groups, answers, count in (
        (ProcessOptions(), "", [], 0),
        (ProcessOptions(control_group="daemon"), "", [], 0),
        (ProcessOptions(control_group="daemon"), str(gid), [{"good": True}] * 2, 0),
        (ALL_READ, "", [{"good": True}, refused], 1),
        (ALL_READ, str(gid), [{"good": True}, refused], 1),
    ):
        access = ControlAccess(options)
        path = readable / "n1.sock"
        control = ControlSocket(path, {"status": good, "drain": good}, access)
        await control.open()
        try:
            assert stat.S_IMODE(path.stat().st_mode) == access.mode
            assert await asyncio.to_thread(ask, path, groups, *act) == answers
            assert access.refused == count
        finally:
            await control.close()


@pytest.mark.asyncio
async def test_peers_that_may_only_read_make_room_for_those_who_act(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(control_socket, "MOST_PEERS", 2)
    access = ControlAccess(ALL_READ)
    askers = iter([Asker(0, True, True), Asker(NOBODY, may_read=True), Asker(NOBODY)])
    monkeypatch.setattr(access, "asker", lambda _peer: next(askers))
    path = tmp_path / "n1.sock"
    control = ControlSocket(path, {"status": good}, access)
    await control.open()
    peers = [await asyncio.open_unix_connection(path) for _ in range(3)]
    assert await peers[1][0].read() == b""  # the first one was silent for longer
    peers[0][1].write(b'{"command": "status"}\n')
    assert json.loads(await peers[0][0].readline()) == {"good": True}
    for _, writer in peers:
        writer.close()
    await control.close()


def test_the_user_of_the_daemon_and_root_may_act() -> None:
    access = ControlAccess()
    left, right = socket.socketpair()
    with left, right:
        assert access.asker(left) == Asker(os.geteuid(), may_act=True, may_read=True)
