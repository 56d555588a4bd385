import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise

import pytest

from pyvrrp.net.sockets.packet import PacketReader
from pyvrrp.units import MILLISECOND


class CountingSocket(socket.socket):
    """A socket that counts how often it was read."""

    reads = 0

    def recv(self, size: int, flags: int = 0) -> bytes:
        self.reads += 1
        return super().recv(size, flags)


class Bench:
    """A reader on a socket, one that sends to it, and what has been delivered."""

    def __init__(self, ours: CountingSocket, theirs: socket.socket) -> None:
        self.ours = ours
        self.theirs = theirs
        self.heard: list[bytes] = []
        self.counted: list[int] = []
        self.now = 0  # milliseconds, set by the test
        self.reader = PacketReader(
            asyncio.get_running_loop(),
            ours,
            self.deliver,
            lambda number, _now: self.counted.append(number),
            lambda: self.now * MILLISECOND,
            gather_seconds=0.3,  # a slow machine may take its time
        )

    def deliver(self, packet: bytes) -> None:
        self.heard.append(packet)

    async def send(self, number: int) -> None:
        """Send that many packets at once, 100 ms after the last ones; wait until all are here."""
        self.now += 100
        expected = len(self.heard) + number
        for count in range(number):
            self.theirs.send(bytes([count]))
        while len(self.heard) < expected:
            await asyncio.sleep(0)

    async def begin_burst(self, number: int) -> None:
        """Send that many packets, 100 ms after the last ones, each with time for a wake-up."""
        self.now += 100
        for count in range(number):
            self.theirs.send(bytes([count]))
            for _ in range(3):
                await asyncio.sleep(0)


@contextmanager
def bench() -> Iterator[Bench]:
    ours = CountingSocket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
    ours.bind(("127.0.0.1", 0))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as theirs:
        theirs.connect(ours.getsockname())
        made = Bench(ours, theirs)
        try:
            yield made
        finally:
            made.reader.close()


@pytest.mark.asyncio
async def test_packets_that_come_one_by_one_cost_one_read_each() -> None:
    with bench() as b:
        for _ in range(5):
            await b.send(1)
        assert len(b.heard) == 5
        assert b.ours.reads == 5
        assert b.counted == [1, 1, 1, 1, 1]
        assert b.reader.received == 5


@pytest.mark.asyncio
async def test_of_the_first_burst_one_packet_is_read_then_the_rest() -> None:
    with bench() as b:
        await b.send(3)
        assert b.counted == [1, 2]
        assert b.ours.reads == 4


@pytest.mark.asyncio
async def test_a_burst_after_a_burst_is_read_together() -> None:
    with bench() as b:
        await b.send(3)
        b.counted.clear()
        b.ours.reads = 0
        await b.send(3)
        assert [packet[0] for packet in b.heard] == [0, 1, 2, 0, 1, 2]
        assert b.counted == [3]
        assert b.ours.reads == 4


@pytest.mark.asyncio
async def test_where_bursts_have_many_packets_the_rest_of_the_burst_is_waited_for() -> None:
    with bench() as b:
        await b.send(8)
        b.counted.clear()
        b.ours.reads = 0
        await b.begin_burst(6)
        assert b.heard[8:] == []
        while len(b.heard) < 14:
            await asyncio.sleep(0)
        assert b.counted == [6]
        assert b.ours.reads == 7


@pytest.mark.asyncio
async def test_while_it_waits_a_drain_delivers_at_once_and_the_burst_stays_one() -> None:
    with bench() as b:
        await b.send(8)
        b.counted.clear()
        await b.begin_burst(5)
        b.reader.drain()
        assert b.counted == [5]
        await b.send(8)  # waited for again: the last burst had five packets
        assert b.counted[-1] == 8


@pytest.mark.asyncio
async def test_after_a_burst_of_few_packets_nothing_is_waited_for() -> None:
    with bench() as b:
        await b.send(8)
        await b.send(1)
        b.counted.clear()
        await b.send(1)
        await b.send(1)
        assert b.counted == [1, 1]


@pytest.mark.asyncio
async def test_one_that_is_closed_while_it_waits_reads_nothing_any_more() -> None:
    with bench() as b:
        await b.send(8)
        await b.begin_burst(1)
        b.reader.close()
        await asyncio.sleep(0.4)
        assert len(b.heard) == 8


@pytest.mark.asyncio
async def test_a_flood_leaves_the_loop_its_turns() -> None:
    with bench() as b:
        turns: list[int] = []
        loop = asyncio.get_running_loop()

        def turn() -> None:
            turns.append(len(b.heard))
            loop.call_soon(turn)

        loop.call_soon(turn)
        await b.send(200)
        gained = [after - before for before, after in pairwise(turns)]
        assert max(gained) <= 64


@pytest.mark.asyncio
async def test_drain_delivers_everything_at_once_but_not_from_within_a_delivery() -> None:
    with bench() as b:
        for number in range(5):
            b.theirs.send(bytes([number]))
        seen: list[int] = []

        def deliver(packet: bytes) -> None:
            b.heard.append(packet)
            b.reader.drain()
            seen.append(len(b.heard))

        b.reader._deliver = deliver
        b.reader.drain()
        assert seen == [1, 2, 3, 4, 5]
        assert b.counted == [5]
        b.reader.drain()
        assert len(b.heard) == 5


@pytest.mark.asyncio
async def test_one_that_is_closed_by_what_it_delivers_reads_no_further() -> None:
    with bench() as b:
        for number in range(5):
            b.theirs.send(bytes([number]))

        def deliver(packet: bytes) -> None:
            b.heard.append(packet)
            b.reader.close()

        b.reader._deliver = deliver
        b.reader.drain()
        b.reader.close()
        assert b.heard == [bytes([0])]
        assert (b.counted, b.reader.received) == ([], 1)


@pytest.mark.asyncio
async def test_an_error_in_a_delivery_is_no_error_of_the_socket() -> None:
    with bench() as b:
        b.theirs.send(b"1")

        def deliver(packet: bytes) -> None:
            b.heard.append(packet)
            raise BlockingIOError

        b.reader._deliver = deliver
        with pytest.raises(BlockingIOError):
            b.reader.drain()
        assert (b.reader.received, b.reader.errors) == (1, 0)
        b.reader._deliver = b.deliver
        b.heard.clear()
        await b.send(1)
        assert b.heard == [bytes([0])]
