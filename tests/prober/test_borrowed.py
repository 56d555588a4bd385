"""The prober's end of what it borrows, and the daemon's end of what it lends."""

import asyncio
import os
import socket
from errno import EACCES, EMFILE
from ipaddress import ip_address
from pathlib import Path

import pytest

from pyvrrp.clients.base.failure import Failure, ProbeError
from pyvrrp.clients.base.resolver import HostName
from pyvrrp.clients.rights.file_copy import in_memory, read_and_close
from pyvrrp.clients.rights.wants import (
    CopyOfFile,
    LookUp,
    PatternSearcher,
    PingSocket,
    TcpSocket,
    UnixStream,
)
from pyvrrp.config.model.configuration import HttpProbeConfig, PingProbeConfig
from pyvrrp.prober.borrowed import BorrowedRights
from pyvrrp.prober.lender import Lender
from pyvrrp.prober.messages import Lent, Wanted

pytestmark = [pytest.mark.asyncio]
LOOPBACK = ip_address("127.0.0.1")
PING = PingSocket(None, "", "")


def descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


async def test_a_socket_that_was_lent_can_be_used() -> None:
    sent: list[Wanted] = []
    rights = BorrowedRights(sent.append)
    opening = asyncio.create_task(rights.open(PING, LOOPBACK))
    await asyncio.sleep(0)
    assert sent == [Wanted(1, PING, LOOPBACK)]
    ours, theirs = socket.socketpair()
    rights.lent(Lent(1, scope=3), theirs.detach())
    opened = await opening
    assert opened.scope == 3
    ours.send(b"x")
    assert await asyncio.get_running_loop().sock_recv(opened.connection, 1) == b"x"
    ours.close()
    opened.connection.close()


async def test_a_prober_whose_table_is_full_says_so() -> None:
    sent: list[Wanted] = []
    rights = BorrowedRights(sent.append)
    opening = asyncio.create_task(rights.open(PING, LOOPBACK))
    await asyncio.sleep(0)
    rights.lent(Lent(1), -1)  # the kernel has dropped the descriptor
    with pytest.raises(OSError) as error:
        await opening
    assert error.value.errno == EMFILE


async def test_reasons_and_errors_of_the_daemon_are_raised() -> None:
    sent: list[Wanted] = []
    rights = BorrowedRights(sent.append)
    rights.files.add(Path("/etc/password"))
    opening = asyncio.create_task(rights.open(PING, LOOPBACK))
    copying = asyncio.create_task(rights.copy(Path("/etc/password"), "old"))
    await asyncio.sleep(0)
    assert sent[1] == Wanted(2, CopyOfFile(Path("/etc/password")), stamp="old")
    rights.lent(Lent(1, problem="there is no interface eth9"), -1)
    rights.lent(Lent(2, error=EACCES), -1)
    with pytest.raises(ProbeError, match="there is no interface eth9"):
        await opening
    with pytest.raises(PermissionError):
        await copying


async def test_what_comes_too_late_is_closed() -> None:
    before = descriptors()
    rights = BorrowedRights(lambda _: None)
    opening = asyncio.create_task(rights.open(PING, LOOPBACK))
    await asyncio.sleep(0)
    opening.cancel()
    await asyncio.gather(opening, return_exceptions=True)
    rights.lent(Lent(1), in_memory(b""))
    rights.lent(Lent(99), in_memory(b""))
    assert descriptors() == before


async def test_what_anybody_may_do_is_not_borrowed(tmp_path: Path) -> None:
    sent: list[Wanted] = []
    rights = BorrowedRights(sent.append)
    opened = await rights.open(TcpSocket(None, ""), LOOPBACK)
    opened.connection.close()
    file = tmp_path / "file"
    file.write_bytes(b"content")
    assert read_and_close((await rights.copy(file, "")).descriptor) == b"content"
    assert rights.look_up(HostName("127.0.0.1")) == (LOOPBACK,)
    assert sent == []


async def test_names_of_other_namespaces_are_looked_up_by_the_daemon() -> None:
    sent: list[Wanted] = []
    rights = BorrowedRights(sent.append)
    name = HostName("db", "blue")
    looking = asyncio.create_task(asyncio.to_thread(rights.look_up, name))
    while not sent:
        await asyncio.sleep(0.001)
    assert sent == [Wanted(1, LookUp(name))]
    rights.lent(Lent(1, addresses=(LOOPBACK,)), -1)
    assert await looking == (LOOPBACK,)


async def test_a_search_that_cannot_start_has_a_reason() -> None:
    rights = BorrowedRights(lambda _: None)
    starting = rights.start_search("a.*b")
    await asyncio.sleep(0)
    rights.lent(Lent(1, error=EMFILE), -1)
    assert await starting == Failure("cannot search for a pattern: Too many open files")


class Lending:
    def __init__(self) -> None:
        self.lent: asyncio.Queue[tuple[Lent, int]] = asyncio.Queue()
        self.lender = Lender(lambda lent, descriptor: self.lent.put_nowait((lent, descriptor)))


async def test_only_what_a_check_names_is_lent(tmp_path: Path) -> None:
    here = Lending()
    file, stream = tmp_path / "ca.pem", tmp_path / "web.sock"
    file.write_bytes(b"content")
    web = HttpProbeConfig("https://x/", ca=file, unix_socket=stream, body_regex="a.*b")
    here.lender.allow(web)
    here.lender.allow(PingProbeConfig("192.0.2.1", interface="eth9"))
    for refused in (
        CopyOfFile(Path("/etc/shadow")),
        UnixStream(Path("/run/docker.sock")),
        PingSocket(None, "", ""),
        TcpSocket(None, "blue"),
        PatternSearcher("(a+)+"),
        LookUp(HostName("x", "blue")),
    ):
        assert not here.lender.lend(Wanted(1, refused, LOOPBACK))
    assert here.lender.lend(Wanted(2, CopyOfFile(file)))
    lent, descriptor = await here.lent.get()
    assert (lent.number, lent.problem) == (2, "")
    assert read_and_close(descriptor) == b"content"
    assert here.lender.lend(Wanted(3, UnixStream(stream)))
    lent, descriptor = await here.lent.get()
    assert (lent.problem, os.strerror(lent.error), descriptor) == (
        "",
        "No such file or directory",
        -1,
    )
    assert here.lender.lend(Wanted(4, LookUp(HostName("127.0.0.1"))))
    lent, _ = await here.lent.get()
    assert lent.addresses == (LOOPBACK,)
    assert here.lender.lend(Wanted(5, TcpSocket(None, "")))
    lent, _ = await here.lent.get()
    assert lent.problem == "no address to open a socket for"
    await here.lender.close()


async def test_what_is_wanted_without_an_end_is_refused(tmp_path: Path) -> None:
    here = Lending()
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    here.lender.allow(HttpProbeConfig("https://x/", ca=fifo))
    answers = [here.lender.lend(Wanted(number, CopyOfFile(fifo))) for number in range(5000)]
    assert answers == [True] * 4096 + [False] * 904
    await here.lender.close()
