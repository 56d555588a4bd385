"""Regular expressions never hold up the daemon, whatever the text."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pyvrrp.clients.base.failure import ProbeError
from pyvrrp.clients.base.progress import Progress
from pyvrrp.clients.processes import regex_child
from pyvrrp.clients.processes.proc_table import look_at
from pyvrrp.clients.processes.regex import Patterns
from pyvrrp.config.model.configuration import FileProbeConfig, HttpProbeConfig
from pyvrrp.probes.runner import AsyncioProbes
from pyvrrp.units import MILLISECOND, Nanoseconds
from tests.probes.support import answers, look, look_with, serve

pytestmark = pytest.mark.asyncio
EXPONENTIAL = "(a+)+$"
NEEDLE = b"a" * 40 + b"!"  # of which it tries every partition: 2 to the power of 40
SHORT = Nanoseconds(400 * MILLISECOND)


def within(seconds: float = 20.0) -> Progress:
    now = asyncio.get_running_loop().time()
    return Progress(now, now + seconds)


def children() -> list[int]:
    """The children of this process that look for patterns."""
    command = os.fsencode(regex_child.__file__)
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdecimal():
            continue
        try:
            line = (entry / "cmdline").read_bytes()
        except OSError:
            continue
        if command in line and f"PPid:\t{os.getpid()}\n" in (entry / "status").read_text():
            found.append(int(entry.name))
    return found


async def latest_turn(seconds: float) -> float:
    """By how much the loop was late at most, in seconds, while it should have turned each 5 ms."""
    loop = asyncio.get_running_loop()
    worst, end = 0.0, loop.time() + seconds
    while (before := loop.time()) < end:
        await asyncio.sleep(0.005)
        worst = max(worst, loop.time() - before - 0.005)
    return worst


async def test_a_pattern_that_takes_for_ever_fails_in_time_and_holds_up_nothing() -> None:
    async with serve(answers("200 OK", NEEDLE)) as server:
        probe = HttpProbeConfig(server.url, body_regex=EXPONENTIAL)
        result, late = await asyncio.gather(look(probe, SHORT), latest_turn(0.5))
    assert result.reason == "timed out after 400 ms while matching /(a+)+$/"
    assert not result.passed
    assert late < 0.3
    assert children() == []


async def test_so_does_a_harmless_pattern_on_a_text_that_is_long(tmp_path: Path) -> None:
    file = tmp_path / "log"
    file.write_bytes(b"a" * 1_000_000)
    probe = FileProbeConfig(file, contains="a.*b")
    result, late = await asyncio.gather(look(probe, SHORT), latest_turn(0.5))
    assert result.reason == "timed out after 400 ms while matching /a.*b/"
    assert late < 0.3


async def test_the_next_look_finds_what_the_one_before_had_no_time_for(tmp_path: Path) -> None:
    probes = AsyncioProbes()
    file = tmp_path / "text"
    probe = FileProbeConfig(file, contains=EXPONENTIAL)
    file.write_bytes(NEEDLE)
    assert not (await look_with(probes, probe, SHORT)).passed
    file.write_bytes(b"aaa")
    assert (await look_with(probes, probe)).passed
    assert len(children()) == 1
    await probes.close()
    assert children() == []


async def test_a_child_is_used_again_and_plain_text_needs_none() -> None:
    patterns = Patterns()
    assert await patterns.found('"ok": true', b'{"ok": true}', within())
    assert not await patterns.found("healthy", b"ill", within())
    assert children() == []
    for _ in range(3):
        assert await patterns.found('"ok": *true', b'{"ok":   true}', within())
        assert not await patterns.found('"ok": *true', b'{"ok": false}', within())
    assert len(children()) == 1
    patterns.close()
    assert children() == []


async def test_text_is_utf_8_and_what_is_not_becomes_the_replacement_character() -> None:
    patterns = Patterns()
    assert await patterns.found("^gr.n$", "grün".encode(), within())
    assert await patterns.found("^gr\ufffdn$", b"gr\xfcn", within())
    assert await patterns.count("^a+$", [b"aa", b"b", b"a", b""], within()) == 2
    assert await patterns.count("^a+$", [], within()) == 0
    patterns.close()


async def test_two_that_look_for_the_same_take_turns() -> None:
    patterns = Patterns()
    found = await asyncio.gather(
        *(patterns.found("^a+$", text, within()) for text in (b"aa", b"ab", b"aaa"))
    )
    assert found == [True, False, True]
    assert len(children()) == 1
    patterns.close()


async def test_one_pattern_that_takes_for_ever_holds_up_no_other_one() -> None:
    patterns = Patterns()
    slow = asyncio.ensure_future(patterns.found(EXPONENTIAL, NEEDLE, within(5)))
    assert await patterns.found("^a+$", b"aa", within())
    assert not slow.done()
    slow.cancel()
    await asyncio.wait([slow])
    patterns.close()
    assert children() == []


async def test_the_child_is_nobody_and_gentle() -> None:
    patterns = Patterns()
    assert await patterns.found("^a+$", b"a", within())
    (pid,) = children()
    status = Path(f"/proc/{pid}/status").read_text()
    if os.geteuid() == 0:
        assert "Uid:\t65534\t65534\t65534\t65534\n" in status
        assert "Groups:\t \n" in status
    assert "CapEff:\t0000000000000000\n" in status
    assert "NoNewPrivs:\t1\n" in status
    assert os.getpriority(os.PRIO_PROCESS, pid) == os.getpriority(os.PRIO_PROCESS, 0) + 5
    patterns.close()


async def test_a_child_that_somebody_kills_is_a_failure_and_replaced() -> None:
    patterns = Patterns()
    assert await patterns.found("^a+$", b"a", within())
    (pid,) = children()
    os.kill(pid, signal.SIGKILL)
    with pytest.raises(ProbeError, match=r"^cannot match /\^a\+\$/: it wants too much memory"):
        await patterns.found("^a+$", b"a", within())
    assert await patterns.found("^a+$", b"a", within())
    patterns.close()


async def test_whoever_gives_up_while_the_child_starts_leaves_it_for_the_next() -> None:
    patterns = Patterns()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0):
            await patterns.found("^a+$", b"a", within())
    assert await patterns.found("^a+$", b"a", within())
    assert len(children()) == 1
    patterns.close()


async def test_a_daemon_that_ends_while_a_child_starts_leaves_none() -> None:
    patterns = Patterns()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0):
            await patterns.found("^a+$", b"a", within())
    patterns.close()
    await asyncio.sleep(0.5)
    assert children() == []


async def test_a_pattern_that_cannot_be_compiled_is_a_reason() -> None:
    with pytest.raises(ProbeError, match=r"^/\(/ is not a pattern: "):
        await Patterns().found("(", b"", within())


def start_matcher(pattern: bytes, *before: str) -> "subprocess.Popen[bytes]":
    ours, theirs = socket.socketpair()
    with theirs:
        child = subprocess.Popen(
            (*before, sys.executable, "-I", "-S", regex_child.__file__), stdin=theirs.fileno()
        )
    ours.sendall(regex_child.frame(pattern))
    ours.sendall(regex_child.request(200, [NEEDLE]))
    child.channel = ours  # type: ignore[attr-defined] # lives as long
    return child


async def test_a_child_whose_daemon_is_dead_ends_by_itself_even_in_the_middle_of_a_search() -> None:
    child = start_matcher(EXPONENTIAL.encode())
    began = time.monotonic()
    assert await asyncio.to_thread(child.wait, 20) == -signal.SIGALRM
    assert time.monotonic() - began < 10
    child.channel.close()  # type: ignore[attr-defined]


async def test_a_child_whose_daemon_is_dead_ends_by_itself_when_it_has_nothing_to_do() -> None:
    child = start_matcher(b"a")
    assert look_at(child.pid) is not None
    child.channel.close()  # type: ignore[attr-defined]
    assert await asyncio.to_thread(child.wait, 20) == 0


@pytest.mark.kernel
async def test_a_root_without_powers_looks_for_patterns_too() -> None:
    child = start_matcher(b"^a+!$", "setpriv", "--bounding-set=-all", "--")
    channel: socket.socket = child.channel  # type: ignore[attr-defined]
    channel.settimeout(20)
    assert await asyncio.to_thread(channel.recv, 4) == regex_child.NUMBER.pack(1)
    assert f"Uid:\t{os.geteuid()}\t" in Path(f"/proc/{child.pid}/status").read_text()
    channel.close()
    assert await asyncio.to_thread(child.wait, 20) == 0
