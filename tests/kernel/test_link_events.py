import asyncio
import os
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from pyvrrp.errors import KernelError
from pyvrrp.net.netlink import codec
from pyvrrp.net.netlink.link_events import LinkEvents, Touched
from tests.kernel.wire import Wire, a_while, ip, until, wire

pytestmark = [pytest.mark.kernel]


class Heard:
    """What was reported of one network namespace."""

    def __init__(self) -> None:
        self.touched: list[Touched] = []
        self.lost = 0

    def lose(self) -> None:
        self.lost += 1


@contextmanager
def listening(netns: str) -> Iterator[tuple[LinkEvents, Heard]]:
    heard = Heard()
    events = LinkEvents(asyncio.get_running_loop(), netns, heard.touched.append, heard.lose)
    try:
        yield events, heard
    finally:
        events.close()


def index_of(w: Wire) -> int:
    return int(ip("-n", w.left, "-o", "link", "show", "e0").split(":")[0])


@pytest.mark.asyncio
async def test_a_link_is_reported_by_index_and_name_and_an_address_by_index() -> None:
    with wire() as w, listening(w.left) as (_, heard):
        await a_while()
        heard.touched.clear()
        index = index_of(w)
        ip("-n", w.left, "addr", "add", "10.9.0.50/24", "dev", "e0")
        await until(lambda: heard.touched == [Touched(index, "")])
        ip("-n", w.left, "addr", "add", "2001:db8::50/64", "dev", "e0")
        await until(lambda: len(heard.touched) > 1)
        assert set(heard.touched) == {Touched(index, "")}
        ip("-n", w.left, "link", "set", "e0", "mtu", "1400")
        await until(lambda: heard.touched[-1] == Touched(index, "e0"))
        ip("-n", w.left, "link", "set", "e0", "down")
        ip("-n", w.left, "link", "set", "e0", "name", "fifteen-letters")
        await until(lambda: Touched(index, "fifteen-letters") in heard.touched)
        assert heard.lost == 0


@pytest.mark.asyncio
async def test_what_happens_in_another_namespace_is_not_reported() -> None:
    with wire() as w, listening(w.left) as (_, heard):
        await a_while()
        heard.touched.clear()
        ip("-n", w.right, "addr", "add", "10.9.0.50/24", "dev", "e0")
        await a_while()
        assert heard.touched == []


@pytest.mark.asyncio
async def test_after_a_failure_it_begins_anew_and_says_that_events_may_have_been_missed() -> None:
    with wire() as w, listening(w.left) as (events, heard):
        await a_while()
        events._fail()
        heard.touched.clear()
        await until(lambda: heard.lost == 1)
        ip("-n", w.left, "addr", "add", "10.9.0.50/24", "dev", "e0")
        await until(lambda: heard.touched == [Touched(index_of(w), "")])
        assert events.losses == 1


@pytest.mark.asyncio
async def test_after_a_defect_while_it_reads_an_event_it_begins_anew(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    reported: list[object] = []
    asyncio.get_running_loop().set_exception_handler(
        lambda _, context: reported.append(context["exception"])
    )

    def fail(_event: bytes) -> None:
        raise IndexError

    with wire() as w, listening(w.left) as (events, heard):
        await a_while()
        with monkeypatch.context() as broken:
            broken.setattr(codec, "messages", fail)
            ip("-n", w.left, "addr", "add", "10.9.0.50/24", "dev", "e0")
            await until(lambda: events.losses > 0)
        await until(lambda: heard.lost > 0)
        heard.touched.clear()
        ip("-n", w.left, "addr", "add", "10.9.0.51/24", "dev", "e0")
        await until(lambda: heard.touched == [Touched(index_of(w), "")])
        assert {type(error) for error in reported} == {IndexError}


@pytest.mark.asyncio
async def test_a_namespace_that_has_gone_is_looked_for_again() -> None:
    with wire() as w, listening(w.left) as (events, heard):
        for netns in (w.left, w.right):
            ip("netns", "del", netns)
        events._fail()
        await until(lambda: heard.lost == 2)
        ip("netns", "add", w.left)
        await until(lambda: heard.lost == 3)
        heard.touched.clear()
        ip("-n", w.left, "link", "set", "lo", "up")
        await until(lambda: Touched(1, "lo") in heard.touched)


@pytest.mark.asyncio
async def test_after_close_nothing_is_reported_and_closing_twice_does_no_harm() -> None:
    with wire() as w, listening(w.left) as (events, heard):
        await a_while()
        heard.touched.clear()
        events._fail()
        events.close()
        events.close()
        ip("-n", w.left, "addr", "add", "10.9.0.50/24", "dev", "e0")
        await a_while(0.2)
        assert (heard.touched, heard.lost) == ([], 0)


@pytest.mark.asyncio
async def test_a_namespace_that_appears_later_is_found() -> None:
    later = f"pvevents{os.getpid()}"
    with listening(later) as (events, heard):
        assert events._sock is None
        ip("netns", "add", later)
        try:
            await until(lambda: heard.lost > 0 and events._sock is not None)
            ip("-n", later, "link", "set", "lo", "up")
            await until(lambda: any(one.name == "lo" for one in heard.touched))
        finally:
            ip("netns", "del", later)


@pytest.mark.asyncio
async def test_what_is_no_namespace_is_an_error() -> None:
    with pytest.raises(KernelError, match="cannot enter network namespace /proc/1"):
        LinkEvents(asyncio.get_running_loop(), "/proc/1", lambda _: None, lambda: None)
