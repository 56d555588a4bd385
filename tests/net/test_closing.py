"""Packet sockets are closed in threads of their own."""

import os
import socket
import threading

import pytest

from pyvrrp.net.system.closing import Closer


def test_what_is_closed_is_closed_soon_and_the_threads_end() -> None:
    before = threading.active_count()
    closer = Closer()
    pairs = [socket.socketpair() for _ in range(20)]
    for one, _ in pairs:
        closer.close(one)
        closer.close(one)
    assert closer.finish(10)
    assert threading.active_count() == before
    for _, other in pairs:
        assert other.recv(1) == b""
        other.close()


def test_no_more_threads_than_allowed_wait_for_the_kernel(monkeypatch: pytest.MonkeyPatch) -> None:
    waiting, most, lock, go = 0, 0, threading.Lock(), threading.Event()
    close = os.close

    def slow(descriptor: int) -> None:
        nonlocal waiting, most
        with lock:
            waiting += 1
            most = max(most, waiting)
        assert go.wait(10)
        with lock:
            waiting -= 1
        close(descriptor)

    monkeypatch.setattr(os, "close", slow)
    closer = Closer(most_threads=3)
    pairs = [socket.socketpair() for _ in range(10)]
    for one, _ in pairs:
        closer.close(one)
    assert not closer.finish(0.05)
    go.set()
    assert closer.finish(10)
    assert most <= 3
    for _, other in pairs:
        other.close()


def test_where_no_thread_can_be_started_it_closes_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refused(_thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refused)
    closer = Closer()
    one, other = socket.socketpair()
    closer.close(one)
    assert closer.finish(0)
    assert other.recv(1) == b""
    other.close()
