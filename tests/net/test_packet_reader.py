import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise

import pytest

from pyvrrp.net.sockets.packet import PacketReader


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
        self.reader = PacketReader(
            asyncio.get_running_loop(),
            ours,
            self.deliver,
            lambda number, _now: self.counted.append(number),
        )

    def deliver(self, packet: bytes) -> None:
        self.heard.append(packet)

    async def send(self, *packets: bytes, apart: float = 0.0) -> None:
        for packet in packets:
            self.theirs.send(packet)
            if apart:
                await asyncio.sleep(apart)
        while len(self.heard) < len(packets):
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
        await b.send(b"1", b"2", b"3", b"4", b"5", apart=0.01)
        assert b.heard == [b"1", b"2", b"3", b"4", b"5"]
        assert b.ours.reads == 5
        assert b.counted == [1, 1, 1, 1, 1]
        assert b.reader.received == 5


@pytest.mark.asyncio
async def test_packets_that_come_in_bursts_are_read_together() -> None:
    with bench() as b:
        await b.send(*(bytes([number]) for number in range(20)))
        assert b.counted[0] == 1  # it does not know yet that they come in bursts
        b.heard.clear()
        b.counted.clear()
        b.ours.reads = 0
        await asyncio.sleep(0.01)
        await b.send(*(bytes([number]) for number in range(20)))
        assert [packet[0] for packet in b.heard] == list(range(20))
        assert b.counted == [20]
        assert b.ours.reads == 21


@pytest.mark.asyncio
async def test_a_flood_leaves_the_loop_its_turns() -> None:
    with bench() as b:
        turns: list[int] = []
        loop = asyncio.get_running_loop()

        def turn() -> None:
            turns.append(len(b.heard))
            loop.call_soon(turn)

        loop.call_soon(turn)
        await b.send(*(bytes(2) for _ in range(200)))
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
        await b.send(b"2")
        assert b.heard == [b"2"]
