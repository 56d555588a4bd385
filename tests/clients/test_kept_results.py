"""What may block for ever: calls in threads, and results that are read again before each use."""

import asyncio
import os
import threading
from pathlib import Path

import pytest

from pyvrrp.clients.base.calls_in_turn import CallsInTurn
from pyvrrp.clients.base.failure import ProbeError
from pyvrrp.clients.base.kept_results import KeptResults
from pyvrrp.clients.rights.file_copy import EMPTY, MOST, copy_file, read_and_close
from pyvrrp.clients.rights.own import OwnRights
from pyvrrp.clients.rights.wants import FileCopy

pytestmark = [pytest.mark.asyncio]


async def test_a_call_that_hangs_keeps_one_thread_and_the_next_caller_waits() -> None:
    released, discarded = threading.Event(), list[int]()
    calls: CallsInTurn[str, int] = CallsInTurn(discarded.append)
    threads = threading.active_count()

    def hang() -> int:
        released.wait()
        return 1

    for _ in range(5):
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(calls.run("file", hang), 0.02)
    assert threading.active_count() == threads + 1
    assert await calls.run("other", lambda: 2) == 2
    waiting = asyncio.create_task(calls.run("file", lambda: 3))
    await asyncio.sleep(0)
    released.set()
    assert await waiting == 3
    assert discarded == [1]


async def test_an_exception_of_a_call_is_a_reason() -> None:
    calls: CallsInTurn[str, float] = CallsInTurn()
    with pytest.raises(ProbeError, match="internal error"):
        await calls.run("x", lambda: 1 / 0)


async def test_the_last_result_is_used_while_reading_hangs() -> None:
    kept: KeptResults[str, int] = KeptResults()
    hangs = asyncio.Event()

    async def first(_: int | None) -> int:
        return 1

    async def second(before: int | None) -> int:
        await hangs.wait()
        return (before or 0) + 1

    assert await kept.get("x", first) == 1
    assert await kept.get("x", second) == 1
    assert await kept.get("x", second) == 1
    hangs.set()
    assert await kept.get("x", second) == 2


async def test_a_reading_that_fails_is_told_and_tried_again() -> None:
    kept: KeptResults[str, int] = KeptResults()

    async def fails(_: int | None) -> int:
        raise ProbeError("no such file")

    async def works(_: int | None) -> int:
        return 1

    for _ in range(2):
        with pytest.raises(ProbeError, match="no such file"):
            await kept.get("x", fails)
    assert await kept.get("x", works) == 1
    with pytest.raises(ProbeError, match="no such file"):
        await kept.get("x", fails)


async def test_a_file_is_copied_once_and_again_when_it_changed(tmp_path: Path) -> None:
    file, rights = tmp_path / "ca.pem", OwnRights()
    file.write_bytes(b"one")
    copy = await rights.copy(file, "")
    assert read_and_close(copy.descriptor) == b"one"
    assert await rights.copy(file, copy.stamp) == FileCopy(-1, copy.stamp)
    file.write_bytes(b"three")
    assert read_and_close((await rights.copy(file, copy.stamp)).descriptor) == b"three"


async def test_a_file_on_a_disk_that_hangs_leaves_other_files_alone(tmp_path: Path) -> None:
    fifo, file, rights = tmp_path / "fifo", tmp_path / "file", OwnRights()
    os.mkfifo(fifo)
    file.write_bytes(b"content")
    threads = threading.active_count()
    for _ in range(3):
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(rights.copy(fifo, ""), 0.05)
        assert read_and_close((await rights.copy(file, "")).descriptor) == b"content"
    fifo.open("wb").close()  # so that the thread ends
    while threading.active_count() > threads:
        await asyncio.sleep(0.01)
    await asyncio.sleep(0.01)  # what it has read is discarded


async def test_of_a_directory_the_certificates_are_copied(tmp_path: Path) -> None:
    (tmp_path / "README").write_bytes(b"no certificate")
    copy = copy_file(tmp_path, "")
    assert isinstance(copy, FileCopy)
    assert copy.stamp == EMPTY
    os.close(copy.descriptor)
    (tmp_path / "12345678.0").write_bytes(b"one")
    (tmp_path / "abcdef01.1").write_bytes(b"two")
    copy = copy_file(tmp_path, copy.stamp)
    assert isinstance(copy, FileCopy)
    assert read_and_close(copy.descriptor) == b"one\ntwo\n"


async def test_a_file_that_is_too_large_or_missing_is_an_error(tmp_path: Path) -> None:
    large = tmp_path / "large"
    large.write_bytes(bytes(MOST + 1))
    with pytest.raises(OSError, match="File too large"):
        await OwnRights().copy(large, "")
    with pytest.raises(FileNotFoundError):
        await OwnRights().copy(tmp_path / "missing", "")
