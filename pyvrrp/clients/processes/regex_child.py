"""The child that looks for one regular expression: a program of its own, see `patterns`.

It reads from standard input, which is a socket: the pattern, then requests; every text has its
length before it. A request is its time in milliseconds, the number of texts, and the texts; the
answer is in how many of them the pattern was found. Only the standard library's smallest part is
imported: it runs with `python -I -S`.
"""

import os
import re
import resource
import signal
import struct
import sys
from contextlib import suppress
from typing import BinaryIO

NUMBER = struct.Struct("!I")
NOBODY = 65534
MOST_MEMORY = 512 * 1024 * 1024  # bytes of address space; `(a|b)*` may want a lot
_GENTLE = 5  # nice: whoever waits for it has other work


def frame(text: bytes) -> bytes:
    """Return *text* with its length before it."""
    return NUMBER.pack(len(text)) + text


def request(milliseconds: int, texts: list[bytes]) -> bytes:
    """Return what asks for *texts*, to be answered within that time."""
    numbers = NUMBER.pack(milliseconds) + NUMBER.pack(len(texts))
    return numbers + b"".join(map(frame, texts))


def serve(requests: BinaryIO, answers: BinaryIO) -> None:
    """Answer requests until there are no more."""
    pattern = re.compile(_text(requests).decode())
    while head := requests.read(NUMBER.size):
        (milliseconds,) = NUMBER.unpack(head)
        texts = [_text(requests) for _ in range(_number(requests))]
        # Nothing interrupts a search but a signal that kills: whoever asked may be dead by then.
        signal.setitimer(signal.ITIMER_REAL, milliseconds / 1000)
        found = sum(pattern.search(text.decode(errors="replace")) is not None for text in texts)
        signal.setitimer(signal.ITIMER_REAL, 0)
        answers.write(NUMBER.pack(found))
        answers.flush()


def _number(stream: BinaryIO) -> int:
    (number,) = NUMBER.unpack(stream.read(NUMBER.size))
    return int(number)


def _text(stream: BinaryIO) -> bytes:
    return stream.read(_number(stream))


def give_up_power() -> None:
    """Become nobody if this is root, and bound what can be used up."""
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.nice(_GENTLE)
    # A root without the capabilities for it, as in many containers, has little to give up.
    with suppress(PermissionError):
        if os.geteuid() == 0:
            os.setgroups([])
            os.setgid(NOBODY)
            os.setuid(NOBODY)


def main() -> None:
    """Be the child."""
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    give_up_power()
    with suppress(BrokenPipeError):  # whoever asked is gone
        serve(sys.stdin.buffer, open(0, "wb", closefd=False))  # noqa: SIM115 - until the end


if __name__ == "__main__":
    main()
