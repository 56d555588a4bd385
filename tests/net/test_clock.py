import asyncio
import select
import time

import pytest

from pyvrrp.net.system.clock import MonotonicClock, TimerHandle
from pyvrrp.units import MILLISECOND, Nanoseconds
from tests.support.patience import PATIENCE


def after(clock: MonotonicClock, milliseconds: int) -> Nanoseconds:
    return Nanoseconds(clock.now() + milliseconds * MILLISECOND)


async def ran(done: list[str], number: int) -> None:
    deadline = time.monotonic() + PATIENCE
    while len(done) < number:
        assert time.monotonic() < deadline
        await asyncio.sleep(0.001)


@pytest.mark.asyncio
async def test_callbacks_run_in_order_of_time_and_not_early() -> None:
    clock = MonotonicClock(asyncio.get_running_loop())
    done: list[str] = []
    late: list[bool] = []
    start = clock.now()
    for name, milliseconds in (("c", 12), ("a", 4), ("b", 8)):
        when = Nanoseconds(start + milliseconds * MILLISECOND)
        clock.call_at(when, lambda name=name: done.append(name))  # type: ignore[misc]  # binds it
        clock.call_at(when, lambda when=when: late.append(clock.now() >= when))  # type: ignore[misc]  # binds it
    await ran(done, 3)
    clock.close()
    assert done == ["a", "b", "c"]
    assert late == [True, True, True]


@pytest.mark.asyncio
async def test_what_is_due_at_once_runs_in_order_but_not_before_the_call_returned() -> None:
    clock = MonotonicClock(asyncio.get_running_loop())
    done: list[str] = []
    clock.call_at(Nanoseconds(2), lambda: done.append("two"))
    clock.call_at(Nanoseconds(0), lambda: done.append("nought"))
    clock.call_at(Nanoseconds(-5), lambda: done.append("minus"))
    clock.call_at(Nanoseconds(2), lambda: done.append("two again"))
    assert done == []
    await ran(done, 4)
    clock.close()
    assert done == ["minus", "nought", "two", "two again"]


@pytest.mark.asyncio
async def test_a_cancelled_timer_never_runs_even_when_cancelled_by_one_due_with_it() -> None:
    clock = MonotonicClock(asyncio.get_running_loop())
    done: list[str] = []
    first = clock.call_at(after(clock, 1), lambda: done.append("never"))
    first.cancel()
    first.cancel()
    when = after(clock, 3)
    victims: list[TimerHandle] = []
    clock.call_at(when, lambda: victims[0].cancel())  # noqa: PLW0108  - it does not exist yet
    victims.append(clock.call_at(when, lambda: done.append("never either")))
    clock.call_at(after(clock, 6), lambda: done.append("last"))
    await ran(done, 1)
    clock.close()
    assert done == ["last"]
    victims[0].cancel()


@pytest.mark.asyncio
async def test_a_callback_that_fails_stops_no_other_and_is_reported() -> None:
    loop = asyncio.get_running_loop()
    clock = MonotonicClock(loop)
    reported: list[str] = []
    loop.set_exception_handler(lambda _, context: reported.append(repr(context["exception"])))
    done: list[str] = []
    clock.call_at(Nanoseconds(1), lambda: done.append(str(1 // 0)))
    clock.call_at(Nanoseconds(2), lambda: done.append("ran"))
    await ran(done, 1)
    clock.close()
    assert done == ["ran"]
    assert reported == ["ZeroDivisionError('integer division or modulo by zero')"]


@pytest.mark.asyncio
async def test_a_timer_that_asks_for_itself_at_once_leaves_the_loop_its_turns() -> None:
    clock = MonotonicClock(asyncio.get_running_loop())
    done: list[str] = []

    def again() -> None:
        done.append("again")
        clock.call_at(Nanoseconds(0), again)

    again()
    await ran(done, 10)
    clock.close()
    clock.close()


@pytest.mark.asyncio
async def test_an_earlier_timer_asked_for_later_comes_first() -> None:
    clock = MonotonicClock(asyncio.get_running_loop())
    done: list[str] = []
    clock.call_at(after(clock, 60_000), lambda: done.append("in a minute"))
    clock.call_at(after(clock, 1), lambda: done.append("soon"))
    await ran(done, 1)
    clock.close()
    assert done == ["soon"]


@pytest.mark.asyncio
async def test_ten_thousand_cancelled_timers_are_forgotten() -> None:
    clock = MonotonicClock(asyncio.get_running_loop())
    keep = clock.call_at(after(clock, 60_000), lambda: None)
    for _ in range(10_000):
        clock.call_at(after(clock, 60_000), lambda: None).cancel()
    assert len(clock._heap) < 200
    assert keep.pending
    clock.close()


@pytest.mark.asyncio
async def test_time_is_that_of_the_boot_clock() -> None:
    clock = MonotonicClock(asyncio.get_running_loop())
    before = time.clock_gettime_ns(time.CLOCK_BOOTTIME)
    assert before <= clock.now() <= time.clock_gettime_ns(time.CLOCK_BOOTTIME)
    clock.close()


@pytest.mark.asyncio
async def test_when_all_timers_have_run_the_loop_is_not_woken_any_more() -> None:
    clock = MonotonicClock(asyncio.get_running_loop())
    done: list[str] = []
    clock.call_at(after(clock, 1), lambda: done.append("ran"))
    clock.call_at(after(clock, 1), lambda: done.append("never")).cancel()
    await ran(done, 1)
    assert select.select([clock._timer], [], [], 0)[0] == []
    clock.call_at(after(clock, 1), lambda: done.append("again"))
    await ran(done, 2)
    assert select.select([clock._timer], [], [], 0)[0] == []
    clock.close()
    assert done == ["ran", "again"]


@pytest.mark.asyncio
async def test_a_clock_that_is_closed_by_a_timer_runs_no_other() -> None:
    clock = MonotonicClock(asyncio.get_running_loop())
    done: list[str] = []
    clock.call_at(Nanoseconds(1), clock.close)
    clock.call_at(Nanoseconds(2), lambda: done.append("never"))
    await asyncio.sleep(0.01)
    assert done == []


@pytest.mark.asyncio
async def test_timers_that_are_called_off_while_others_run_are_forgotten() -> None:
    clock = MonotonicClock(asyncio.get_running_loop())
    done: list[str] = []
    later = [clock.call_at(after(clock, 60_000), lambda: None) for _ in range(300)]

    def call_off() -> None:
        for handle in later:
            handle.cancel()
        done.append("called off")

    clock.call_at(Nanoseconds(1), call_off)
    clock.call_at(after(clock, 2), lambda: done.append("ran"))
    await ran(done, 2)
    clock.call_at(after(clock, 60_000), lambda: None).cancel()
    assert len(clock._heap) < 100
    clock.close()
    assert done == ["called off", "ran"]
