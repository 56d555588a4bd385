"""The control socket: answers, refusals, and peers that misbehave."""

import asyncio
import json
import socket
import stat
from pathlib import Path

import pytest

from pyvrrp.cli.operate.control import ask
from pyvrrp.daemon import control_socket
from pyvrrp.daemon.control_socket import ControlSocket, Request
from pyvrrp.errors import ControlError, KernelError
from pyvrrp.runtime.base.json import Json


async def status(_request: Request) -> dict[str, Json]:
    return {"node": "n1", "virtual_routers": []}


async def talk(path: Path, line: bytes) -> bytes:
    reader, writer = await asyncio.open_unix_connection(path)
    writer.write(line)
    answer = await reader.readline()
    writer.close()
    return answer


@pytest.mark.asyncio
async def test_one_line_asks_and_one_line_answers(tmp_path: Path) -> None:
    path = tmp_path / "new" / "n1.sock"
    control = ControlSocket(path, {"status": status})
    await control.open()
    assert json.loads(await talk(path, b'{"command": "status"}\n'))["node"] == "n1"
    assert (await asyncio.to_thread(ask, path, "status"))["node"] == "n1"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    await control.close()
    assert not path.exists()


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "line",
    [
        b"not json\n",
        b"[]\n",
        b'"status"\n',
        b'{"command": 5}\n',
        b'{"command": "explode"}\n',
        b"{}\n",
        b"\xff\xfe\n",
        b"[" * 60_000 + b"\n",
    ],
)
async def test_nonsense_gets_an_error_and_the_next_peer_an_answer(
    tmp_path: Path, line: bytes
) -> None:
    path = tmp_path / "n1.sock"
    control = ControlSocket(path, {"status": status})
    await control.open()
    assert "error" in json.loads(await talk(path, line))
    assert json.loads(await talk(path, b'{"command": "status"}\n'))["node"] == "n1"
    await control.close()


@pytest.mark.asyncio
async def test_a_request_without_end_is_cut_off(tmp_path: Path) -> None:
    path = tmp_path / "n1.sock"
    control = ControlSocket(path, {"status": status})
    await control.open()
    assert await talk(path, b"x" * 200_000) == b""
    await control.close()


@pytest.mark.asyncio
async def test_a_peer_that_says_nothing_is_dropped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(control_socket, "PATIENCE_SECONDS", 0.05)
    path = tmp_path / "n1.sock"
    control = ControlSocket(path, {"status": status})
    await control.open()
    assert await talk(path, b"") == b""
    await control.close()


@pytest.mark.asyncio
async def test_silent_peers_make_room_and_the_one_that_spoke_last_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(control_socket, "MOST_PEERS", 3)
    path = tmp_path / "n1.sock"
    control = ControlSocket(path, {"status": status})
    await control.open()
    speaking, asking = await asyncio.open_unix_connection(path)
    silent = [await asyncio.open_unix_connection(path) for _peer in range(2)]
    asking.write(b'{"command": "status"}\n')
    assert json.loads(await speaking.readline())["node"] == "n1"
    assert json.loads(await talk(path, b'{"command": "status"}\n'))["node"] == "n1"
    assert await silent[0][0].read() == b""
    asking.write(b'{"command": "status"}\n')
    assert json.loads(await speaking.readline())["node"] == "n1"
    for writer in (asking, *(writer for _reader, writer in silent)):
        writer.close()
    await control.close()


@pytest.mark.asyncio
async def test_a_peer_that_never_reads_loses_its_connection(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(control_socket, "PATIENCE_SECONDS", 0.05)
    path = tmp_path / "n1.sock"

    async def long(_request: Request) -> dict[str, Json]:
        return {"node": "x" * 100_000}

    control = ControlSocket(path, {"status": long})
    await control.open()
    with socket.socket(socket.AF_UNIX) as deaf:
        deaf.setblocking(False)
        deaf.connect(str(path))
        deaf.send(b'{"command": "status"}\n' * 20)
        await asyncio.sleep(0.5)
        with pytest.raises(BrokenPipeError):
            deaf.send(b'{"command": "status"}\n')
    await control.close()


@pytest.mark.asyncio
async def test_between_two_answers_to_one_peer_everybody_else_gets_a_turn(tmp_path: Path) -> None:
    turns: list[str] = []

    async def told(_request: Request) -> dict[str, Json]:
        turns.append("answer")
        asyncio.get_running_loop().call_soon(turns.append, "turn")
        return {}

    path = tmp_path / "n1.sock"
    control = ControlSocket(path, {"status": told})
    await control.open()
    reader, writer = await asyncio.open_unix_connection(path)
    writer.write(b'{"command": "status"}\n' * 3)
    for _answer in range(3):
        assert await reader.readline() == b"{}\n"
    assert turns[:4] == ["answer", "turn", "answer", "turn"]
    writer.close()
    await control.close()


@pytest.mark.asyncio
async def test_a_second_daemon_is_refused_and_the_first_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "n1.sock"
    first = ControlSocket(path, {"status": status})
    await first.open()
    with pytest.raises(KernelError, match="another pyvrrp answers on control socket"):
        await ControlSocket(path, {"status": status}).open()
    assert json.loads(await talk(path, b'{"command": "status"}\n'))["node"] == "n1"
    await first.close()


@pytest.mark.asyncio
async def test_a_socket_left_behind_by_a_dead_daemon_is_taken_over(tmp_path: Path) -> None:
    path = tmp_path / "n1.sock"
    dead = await asyncio.start_unix_server(lambda _r, _w: None, path)
    dead.close()
    await dead.wait_closed()
    assert path.is_socket()
    control = ControlSocket(path, {"status": status})
    await control.open()
    assert json.loads(await talk(path, b'{"command": "status"}\n'))["node"] == "n1"
    await control.close()


@pytest.mark.asyncio
async def test_a_path_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    blocker = tmp_path / "file"
    blocker.write_text("")
    with pytest.raises(KernelError, match=r"cannot listen on control socket .*file/n1\.sock"):
        await ControlSocket(blocker / "n1.sock", {}).open()
    with pytest.raises(KernelError, match="cannot listen"):
        await ControlSocket(tmp_path / ("x" * 120), {}).open()
    occupied = tmp_path / "occupied"
    occupied.write_text("precious")
    with pytest.raises(KernelError, match="cannot listen"):
        await ControlSocket(occupied, {}).open()
    assert occupied.read_text() == "precious"


def test_asking_nobody_says_where_nobody_was(tmp_path: Path) -> None:
    with pytest.raises(ControlError, match=r"cannot reach a daemon at .*gone\.sock: No such file"):
        ask(tmp_path / "gone.sock", "status")


@pytest.mark.asyncio
async def test_a_defect_in_a_handler_is_reported_and_the_same_peer_may_ask_again(
    tmp_path: Path,
) -> None:
    reported: list[object] = []
    asyncio.get_running_loop().set_exception_handler(
        lambda _, context: reported.append(context["exception"])
    )

    async def explode(_request: Request) -> dict[str, Json]:
        raise RecursionError("too deep")

    path = tmp_path / "n1.sock"
    control = ControlSocket(path, {"status": status, "drain": explode})
    await control.open()
    reader, writer = await asyncio.open_unix_connection(path)
    writer.write(b'{"command": "drain"}\n{"command": "status"}\n')
    assert json.loads(await reader.readline()) == {
        "error": "internal error: RecursionError('too deep')",
        "kind": "refused",
    }
    assert json.loads(await reader.readline())["node"] == "n1"
    writer.close()
    await control.close()
    assert [type(error) for error in reported] == [RecursionError]
