"""The search for regular expressions does not block the daemon with any text."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from pyvrrp.clients.base.failure import ProbeError
from pyvrrp.clients.base.progress import ProbeProgress
from pyvrrp.clients.processes import regex_child
from pyvrrp.clients.processes.proc_table import stat_of
from pyvrrp.clients.processes.regex import PatternSearch
from pyvrrp.config.model.configuration import FileProbeConfig, HttpProbeConfig
from pyvrrp.probes.runner import AsyncioProbes
from pyvrrp.units import MILLISECOND, Nanoseconds
from tests.probes.support import answers, run_probe, run_probe_with, serve
from tests.support.patience import PATIENCE

pytestmark = pytest.mark.asyncio
EXPONENTIAL = "(a+)+$"
SLOW_TEXT = b"a" * 40 + b"!"  # the search tries 2 to the power of 40 partitions
SHORT = Nanoseconds(400 * MILLISECOND)


def within(seconds: float = 20.0) -> ProbeProgress:
    now = asyncio.get_running_loop().time()
    return ProbeProgress(now, now + seconds)


def children() -> list[int]:
    """Return the children of this process that search for patterns."""
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


async def longest_delay(seconds: float) -> float:
    """Return the longest delay of a task that sleeps 5 ms again and again for *seconds*."""
    loop = asyncio.get_running_loop()
    worst, end = 0.0, loop.time() + seconds
    while (before := loop.time()) < end:
        await asyncio.sleep(0.005)
        worst = max(worst, loop.time() - before - 0.005)
    return worst


async def test_a_pattern_that_takes_for_ever_times_out_and_does_not_block_the_event_loop() -> None:
    async with serve(answers("200 OK", SLOW_TEXT)) as server:
        probe = HttpProbeConfig(server.url, body_regex=EXPONENTIAL)
        result, late = await asyncio.gather(run_probe(probe, SHORT), longest_delay(0.5))
    assert result.reason == "timed out after 400 ms while matching /(a+)+$/"
    assert not result.passed
    assert late < 0.3
    assert children() == []


async def test_a_simple_pattern_with_a_long_text_does_not_block_the_event_loop(
    tmp_path: Path,
) -> None:
    file = tmp_path / "log"
    file.write_bytes(b"a" * 1_000_000)
    probe = FileProbeConfig(file, contains="a.*b")
    result, late = await asyncio.gather(run_probe(probe, SHORT), longest_delay(0.5))
    assert result.reason == "timed out after 400 ms while matching /a.*b/"
    assert late < 0.3


async def test_a_probe_can_pass_after_one_that_timed_out(tmp_path: Path) -> None:
    probes = AsyncioProbes()
    file = tmp_path / "text"
    probe = FileProbeConfig(file, contains=EXPONENTIAL)
    file.write_bytes(SLOW_TEXT)
    assert not (await run_probe_with(probes, probe, SHORT)).passed
    file.write_bytes(b"aaa")
    assert (await run_probe_with(probes, probe)).passed
    assert len(children()) == 1
    await probes.close()
    assert children() == []


async def test_a_process_is_used_again_and_a_pattern_without_special_characters_needs_none() -> (
    None
):
    patterns = PatternSearch()
    assert await patterns.found('"ok": true', b'{"ok": true}', within())
    assert not await patterns.found("healthy", b"ill", within())
    assert children() == []
    for _ in range(3):
        assert await patterns.found('"ok": *true', b'{"ok":   true}', within())
        assert not await patterns.found('"ok": *true', b'{"ok": false}', within())
    assert len(children()) == 1
    patterns.close()
    assert children() == []


async def test_octets_that_are_not_utf_8_become_the_replacement_character() -> None:
    patterns = PatternSearch()
    assert await patterns.found("^gr.n$", "grün".encode(), within())
    assert await patterns.found("^gr\ufffdn$", b"gr\xfcn", within())
    assert await patterns.count("^a+$", [b"aa", b"b", b"a", b""], within()) == 2
    assert await patterns.count("^a+$", [], within()) == 0
    patterns.close()


async def test_two_searches_for_the_same_pattern_run_one_after_the_other() -> None:
    patterns = PatternSearch()
    found = await asyncio.gather(
        *(patterns.found("^a+$", text, within()) for text in (b"aa", b"ab", b"aaa"))
    )
    assert found == [True, False, True]
    assert len(children()) == 1
    patterns.close()


async def test_a_pattern_that_takes_for_ever_does_not_block_another_one() -> None:
    patterns = PatternSearch()
    slow = asyncio.ensure_future(patterns.found(EXPONENTIAL, SLOW_TEXT, within(5)))
    assert await patterns.found("^a+$", b"aa", within())
    assert not slow.done()
    slow.cancel()
    await asyncio.wait([slow])
    patterns.close()
    assert children() == []


async def test_the_process_runs_as_nobody_with_a_low_priority() -> None:
    patterns = PatternSearch()
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


async def test_a_killed_process_fails_the_search_and_is_replaced() -> None:
    patterns = PatternSearch()
    assert await patterns.found("^a+$", b"a", within())
    (pid,) = children()
    os.kill(pid, signal.SIGKILL)
    with pytest.raises(ProbeError, match=r"^cannot match /\^a\+\$/: it needs too much memory"):
        await patterns.found("^a+$", b"a", within())
    assert await patterns.found("^a+$", b"a", within())
    patterns.close()


async def test_a_process_that_starts_while_a_search_is_cancelled_is_used_by_the_next_search() -> (
    None
):
    patterns = PatternSearch()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0):
            await patterns.found("^a+$", b"a", within())
    assert await patterns.found("^a+$", b"a", within())
    assert len(children()) == 1
    patterns.close()


async def test_a_daemon_that_ends_while_a_process_starts_leaves_no_process() -> None:
    patterns = PatternSearch()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0):
            await patterns.found("^a+$", b"a", within())
    patterns.close()
    await asyncio.sleep(0.5)
    assert children() == []


async def test_a_pattern_that_does_not_compile_gives_a_reason() -> None:
    with pytest.raises(ProbeError, match=r"^/\(/ is not a regular expression: "):
        await PatternSearch().found("(", b"", within())


def start_child(pattern: bytes, *before: str) -> "subprocess.Popen[bytes]":
    ours, theirs = socket.socketpair()
    with theirs:
        child = subprocess.Popen(
            (*before, sys.executable, "-I", "-S", regex_child.__file__), stdin=theirs.fileno()
        )
    ours.sendall(regex_child.frame(pattern))
    ours.sendall(regex_child.request(200, [SLOW_TEXT]))
    child.channel = ours  # type: ignore[attr-defined] # lives as long
    return child


async def test_a_process_ends_by_itself_during_a_search_if_the_daemon_is_dead() -> None:
    child = start_child(EXPONENTIAL.encode())
    assert await asyncio.to_thread(child.wait, PATIENCE) == -signal.SIGALRM
    child.channel.close()  # type: ignore[attr-defined]


async def test_a_process_ends_by_itself_between_searches_if_the_daemon_is_dead() -> None:
    child = start_child(b"a")
    assert stat_of(child.pid) is not None
    child.channel.close()  # type: ignore[attr-defined]
    assert await asyncio.to_thread(child.wait, 20) == 0


@pytest.mark.kernel
async def test_a_root_user_without_capabilities_can_search() -> None:
    child = start_child(b"^a+!$", "setpriv", "--bounding-set=-all", "--")
    channel: socket.socket = child.channel  # type: ignore[attr-defined]
    channel.settimeout(20)
    assert await asyncio.to_thread(channel.recv, 4) == regex_child.NUMBER.pack(1)
    assert f"Uid:\t{os.geteuid()}\t" in Path(f"/proc/{child.pid}/status").read_text()
    channel.close()
    assert await asyncio.to_thread(child.wait, 20) == 0
