"""The daemon's end of the prober, with probers that do not do what they should."""

import asyncio
import os
import socket
import subprocess
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from pyvrrp.clients.rights.wants import CopyOfFile
from pyvrrp.config.model.configuration import EtcdServers, HttpProbeConfig
from pyvrrp.ports import EtcdAnswer, Found, Grant, Granted, Look, ProbeResult, Record, Unanswered
from pyvrrp.prober import process
from pyvrrp.prober.launch import Launched
from pyvrrp.prober.messages import (
    AreYouThere,
    AskEtcd,
    CannotGoOn,
    EtcdAnswered,
    FromProber,
    IAmHere,
    Introduce,
    Lent,
    ProbeEnded,
    StartProbe,
    ToProber,
    Wanted,
    from_prober,
    read_from_daemon,
)
from pyvrrp.prober.ports import ProberEtcd, ProberProbes
from pyvrrp.prober.process import Prober
from pyvrrp.units import MILLISECOND, SECOND, Nanoseconds

pytestmark = [pytest.mark.asyncio]
PATIENT = Nanoseconds(60 * SECOND)
HASTY = Nanoseconds(50 * MILLISECOND)
WEB = HttpProbeConfig("http://127.0.0.1:1/")
ETCD = EtcdServers(("http://127.0.0.1:1",))
GOOD = ProbeResult(passed=True, reason="HTTP 200")


class ScriptedProber:
    """A process that does nothing, and its end of the socket in the hand of the test."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(["sleep", "600"])
        self.ours, self.end = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.end.setblocking(False)

    def launched(self) -> Launched:
        return Launched(self.process.pid, os.pidfd_open(self.process.pid), self.ours)

    async def hears(self) -> ToProber:
        return read_from_daemon(
            await asyncio.wait_for(asyncio.get_running_loop().sock_recv(self.end, 200_000), 30)
        )

    async def asked(self) -> StartProbe:
        while not isinstance(message := await self.hears(), StartProbe):
            pass
        return message

    async def asked_etcd(self) -> AskEtcd:
        while not isinstance(message := await self.hears(), AskEtcd):
            pass
        return message

    def says(self, message: FromProber) -> None:
        self.end.send(from_prober(message))

    def close(self) -> None:
        self.end.close()
        self.process.returncode = self.process.returncode or 0
        self.process.kill()


class Stage:
    def __init__(self) -> None:
        self.started: list[ScriptedProber] = []
        self.lost: list[str] = []
        self.refuses = False
        self.prober = Prober(self.launch(), self.launch, self.lost.append)
        self.probes = ProberProbes(self.prober)
        self.etcd = ProberEtcd(self.prober)

    def launch(self) -> Launched:
        if self.refuses:
            raise BlockingIOError(11, "Resource temporarily unavailable")
        self.started.append(ScriptedProber())
        return self.started[-1].launched()

    def probe(self, timeout: Nanoseconds = PATIENT) -> "asyncio.Future[ProbeResult]":
        result: asyncio.Future[ProbeResult] = asyncio.get_running_loop().create_future()
        self.probes.start(WEB, timeout, result.set_result)
        return result

    async def until(self, holds: Callable[[], bool]) -> None:
        async with asyncio.timeout(30):
            while not holds():
                await asyncio.sleep(0.005)


@asynccontextmanager
async def stage() -> AsyncIterator[Stage]:
    made = Stage()
    try:
        yield made
    finally:
        await made.prober.close()
        for scripted in made.started:
            scripted.close()


async def test_an_answer_of_the_prober_is_the_result() -> None:
    async with stage() as here:
        result = here.probe()
        assert await here.started[0].hears() == Introduce(0, WEB)
        asked = await here.started[0].asked()
        here.started[0].says(ProbeEnded(asked.call, GOOD))
        assert await result == GOOD


async def test_a_text_of_the_prober_is_made_printable_and_short() -> None:
    async with stage() as here:
        result = here.probe()
        asked = await here.started[0].asked()
        odd = ProbeResult(passed=True, reason="\x1b[2J\n" + "x" * 5000)
        here.started[0].says(ProbeEnded(asked.call, odd))
        assert (await result).reason == "\\x1b[2J\\n" + "x" * 491 + "..."


async def test_a_prober_that_is_silent_fails_the_check_at_its_deadline() -> None:
    async with stage() as here:
        result = await here.probe(HASTY)
        assert result == ProbeResult(passed=False, reason="the prober gave no answer in time")


async def test_a_prober_that_hangs_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "SILENCE", 0.2)
    async with stage() as here:
        here.started[0].says(IAmHere())
        await here.until(lambda: here.prober._watch is None)
        await here.probe(HASTY)
        await here.until(lambda: len(here.started) == 2)
        assert here.lost == ["it gave no sign of life"]
        result = here.probe()
        asked = await here.started[1].asked()
        here.started[1].says(ProbeEnded(asked.call, GOOD))
        assert await result == GOOD


async def test_a_prober_that_is_late_but_alive_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "SILENCE", 5.0)
    async with stage() as here:
        here.started[0].says(IAmHere())
        await here.until(lambda: here.prober._watch is None)
        await here.probe(HASTY)
        while not isinstance(await here.started[0].hears(), AreYouThere):
            pass
        here.started[0].says(IAmHere())
        await here.until(lambda: here.prober._watch is None)
        assert here.lost == []


async def test_a_prober_that_never_begins_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "START", 0.1)
    async with stage() as here:
        await here.until(lambda: len(here.started) >= 2)
        assert here.lost[0] == "it gave no sign of life"


async def test_what_a_prober_that_died_was_asked_is_asked_of_the_next() -> None:
    async with stage() as here:
        result = here.probe()
        await here.started[0].asked()
        here.started[0].process.kill()
        await here.until(lambda: len(here.started) == 2)
        asked = await here.started[1].asked()
        here.started[1].says(ProbeEnded(asked.call, GOOD))
        assert await result == GOOD
        assert here.lost == ["it was killed by SIGKILL"]
        state = here.prober.state
        assert (state.pid, state.restarts) == (here.started[1].process.pid, 1)


async def test_a_call_that_two_probers_did_not_survive_fails() -> None:
    async with stage() as here:
        result = here.probe()
        await here.started[0].asked()
        here.started[0].process.kill()
        await here.until(lambda: len(here.started) == 2)
        await here.started[1].asked()
        here.started[1].process.kill()
        assert (await result).reason == "the prober ended while it worked on this"


@pytest.mark.parametrize(
    ("octets", "why"),
    [
        (b"\xff", "it sent a malformed message: no such member of a union"),
        (b"x" * 200_000, "its message is too long"),
        (from_prober(CannotGoOn("no h11\x07")), r"no h11\x07"),
        (
            from_prober(Wanted(1, CopyOfFile(Path("/etc/shadow")))),
            "it asked for what no check needs",
        ),
    ],
)
async def test_a_prober_that_says_what_it_must_not_say_is_replaced(octets: bytes, why: str) -> None:
    async with stage() as here:
        here.started[0].end.send(octets)
        await here.until(lambda: len(here.started) == 2)
        assert here.lost == [why]


async def test_a_prober_that_talks_without_an_end_is_replaced() -> None:
    async with stage() as here:
        while not here.lost:
            try:
                here.started[0].says(IAmHere())
            except BlockingIOError:
                await asyncio.sleep(0)
            except OSError:
                break  # it was lost already
        await here.until(lambda: len(here.started) == 2)
        assert here.lost == ["it talks without being asked"]


async def test_an_answer_of_the_wrong_kind_fails_and_ends_the_prober() -> None:
    async with stage() as here:
        result = here.probe()
        asked = await here.started[0].asked()
        here.started[0].says(EtcdAnswered(asked.call, Granted(10)))
        assert (await result).reason == "the prober answered something else"
        await here.until(lambda: len(here.started) == 2)


@pytest.mark.parametrize(
    "answer",
    [
        Granted(10),
        Found(Record("other", b"", 1, 1)),
        Found(Record("k", b"", 0, 1)),
    ],
)
async def test_an_answer_of_etcd_must_be_one_to_the_question(answer: EtcdAnswer) -> None:
    async with stage() as here:
        told: asyncio.Future[EtcdAnswer] = asyncio.get_running_loop().create_future()
        here.etcd.ask(ETCD, Look("k"), PATIENT, told.set_result)
        asked = await here.started[0].asked_etcd()
        here.started[0].says(EtcdAnswered(asked.call, answer))
        assert await told == Unanswered("the prober answered something else")
        await here.until(lambda: len(here.started) == 2)


async def test_an_answer_of_etcd_is_passed_on() -> None:
    async with stage() as here:
        told: asyncio.Future[EtcdAnswer] = asyncio.get_running_loop().create_future()
        here.etcd.ask(ETCD, Grant(7, 10), PATIENT, told.set_result)
        asked = await here.started[0].asked_etcd()
        assert asked.request == Grant(7, 10)
        here.started[0].says(EtcdAnswered(asked.call, Granted(10)))
        assert await told == Granted(10)
        assert 1 <= here.etcd.draw() < 1 << 63


async def test_a_call_that_was_cancelled_has_no_result_and_a_late_answer_does_no_harm() -> None:
    async with stage() as here:
        results: list[ProbeResult] = []
        call = here.probes.start(WEB, HASTY, results.append)
        asked = await here.started[0].asked()
        call.cancel()
        call.cancel()
        here.started[0].says(ProbeEnded(asked.call, GOOD))
        second = here.probe()
        here.started[0].says(ProbeEnded((await here.started[0].asked()).call, GOOD))
        assert await second == GOOD
        assert results == []


async def test_a_prober_that_does_not_read_stops_nothing() -> None:
    async with stage() as here:
        results = [here.probe(HASTY) for _ in range(20_000)]
        assert not any(result.passed for result in await asyncio.gather(*results))


async def test_a_system_that_refuses_a_process_is_asked_again() -> None:
    async with stage() as here:
        here.refuses = True
        here.started[0].process.kill()
        await here.until(lambda: len(here.lost) >= 3)
        assert here.lost[1] == "cannot start it: Resource temporarily unavailable"
        assert here.prober.state.pid is None
        here.refuses = False
        await here.until(lambda: len(here.started) == 2)


async def test_restarts_leave_no_descriptor_open(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "_FIRST_PAUSE", 0.001)
    monkeypatch.setattr(process, "_LONGEST_PAUSE", 0.001)
    async with stage() as here:
        here.probe()
        before = len(list(Path("/proc/self/fd").iterdir()))
        for number in range(20):
            await here.started[number].asked()
            here.started[number].end.close()
            await here.until(lambda wanted=number + 2: len(here.started) == wanted)  # type: ignore[misc]
            here.probe()
        assert len(list(Path("/proc/self/fd").iterdir())) <= before


async def test_the_content_of_a_file_that_a_check_names_is_lent(tmp_path: Path) -> None:
    password = tmp_path / "password"
    password.write_text("secret")
    async with stage() as here:
        here.etcd.ask(
            EtcdServers(ETCD.endpoints, user="u", password_file=password),
            Look("k"),
            PATIENT,
            lambda _: None,
        )
        await here.started[0].asked_etcd()
        here.started[0].says(Wanted(5, CopyOfFile(password)))
        await here.until(lambda: bool(readable(here.started[0].end)))
        octets, descriptors, _, _ = socket.recv_fds(here.started[0].end, 1000, 1)
        lent = read_from_daemon(octets)
        assert isinstance(lent, Lent)
        assert (lent.number, lent.problem, lent.error) == (5, "", 0)
        assert os.pread(descriptors[0], 100, 0) == b"secret"
        os.close(descriptors[0])


def readable(end: socket.socket) -> bytes:
    try:
        return end.recv(1, socket.MSG_PEEK)
    except BlockingIOError:
        return b""
