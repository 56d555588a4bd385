"""Receive datagrams with the moment at which the kernel got them, in Unix seconds."""

import socket
import struct
import time
from typing import TypeAlias

_SO_TIMESTAMPNS = 35  # also the type of its control message; Python does not name it
_TIMESPEC = struct.Struct("@qq")
_CONTROL_ROOM = 256

ControlMessages: TypeAlias = list[tuple[int, int, bytes]]


def stamp_arrivals(receiver: socket.socket) -> None:
    """Have the kernel say when each datagram arrived at *receiver*."""
    receiver.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)


def receive(receiver: socket.socket, room: int = 2048) -> tuple[bytes, float]:
    """Return one datagram and when it arrived; BlockingIOError if there is none."""
    payload, control, _flags, _peer = receiver.recvmsg(room, _CONTROL_ROOM)
    return payload, arrival(control)


def arrival(control: ControlMessages) -> float:
    """Return when the kernel got the datagram of these control messages; now if it did not say."""
    for level, kind, content in control:
        if (level, kind) == (socket.SOL_SOCKET, _SO_TIMESTAMPNS):
            seconds, nanoseconds = _TIMESPEC.unpack_from(content)
            return float(seconds) + float(nanoseconds) / 1e9
    return time.time()
