import asyncio
import threading

import pytest

from pyvrrp.errors import KernelError
from pyvrrp.net.system.kernel_thread import KernelThread


@pytest.mark.asyncio
async def test_jobs_run_in_order_in_one_other_thread_and_results_come_back_on_the_loop() -> None:
    loop = asyncio.get_running_loop()
    thread = KernelThread(loop)
    here = threading.get_ident()
    results: list[tuple[int | KernelError, bool]] = []
    finished = asyncio.Event()
    ran_in: list[int] = []

    def job(number: int) -> int:
        ran_in.append(threading.get_ident())
        return number

    def done(result: int | KernelError) -> None:
        results.append((result, threading.get_ident() == here))
        if len(results) == 3:
            finished.set()

    thread.submit(lambda: job(1), done)
    thread.submit(lambda: job(2), done)
    thread.submit(lambda: job(3), done)
    assert results == []
    await asyncio.wait_for(finished.wait(), 5)
    assert results == [(1, True), (2, True), (3, True)]
    assert len(set(ran_in)) == 1
    assert here not in ran_in
    assert thread.close()


@pytest.mark.asyncio
async def test_a_failing_job_is_reported_and_stops_no_other() -> None:
    loop = asyncio.get_running_loop()
    reported: list[object] = []
    loop.set_exception_handler(lambda _, context: reported.append(context["exception"]))
    thread = KernelThread(loop)
    results: list[str] = []
    finished = asyncio.Event()

    def refuse() -> str:
        raise KernelError("no")

    def done(result: str | KernelError) -> None:
        results.append(str(result))
        if len(results) == 3:
            finished.set()

    thread.submit(refuse, done)
    thread.submit(lambda: str(1 // 0), done)
    thread.submit(lambda: "yes", done)
    await asyncio.wait_for(finished.wait(), 5)
    thread.close()
    assert results[0] == "no"
    assert results[1].startswith("internal error in a kernel request: integer division")
    assert results[2] == "yes"
    assert [type(error) for error in reported] == [ZeroDivisionError]


@pytest.mark.asyncio
async def test_a_thread_that_cannot_go_on_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    lost: list[BaseException] = []
    thread = KernelThread(asyncio.get_running_loop(), lost.append)

    def fail(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr(thread, "_report", fail)
    thread.submit(lambda: "yes", lambda _: None)
    assert thread.close()
    assert [type(error) for error in lost] == [MemoryError]


def test_a_result_that_comes_after_the_loop_has_closed_is_dropped() -> None:
    loop = asyncio.new_event_loop()
    thread = KernelThread(loop)
    go = threading.Event()
    thread.submit(go.wait, lambda _: None)
    loop.close()
    go.set()
    assert thread.close()
