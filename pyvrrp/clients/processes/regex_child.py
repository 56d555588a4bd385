"""The program that searches for one regular expression. `regex` starts it as a process.

Its standard input is a socket. It reads the pattern from it, then requests. A request is a time in
milliseconds, a number of texts, and the texts; the answer is the number of texts that contain the
pattern. The pattern and each text have their length before them. The program imports little of the
standard library and runs with `python -I -S`, so that it starts quickly.
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
MOST_MEMORY = 512 * 1024 * 1024  # octets of address space; `(a|b)*` can need much
_NICE = 5  # so that the daemon runs first


def frame(text: bytes) -> bytes:
    """Return *text* with its length before it."""
    return NUMBER.pack(len(text)) + text


def request(milliseconds: int, texts: list[bytes]) -> bytes:
    """Return the request for *texts*. The process ends itself if it takes longer than that."""
    numbers = NUMBER.pack(milliseconds) + NUMBER.pack(len(texts))
    return numbers + b"".join(map(frame, texts))


def serve(requests: BinaryIO, answers: BinaryIO) -> None:
    """Answer requests until there are no more."""
    pattern = re.compile(_text(requests).decode())
    while head := requests.read(NUMBER.size):
        (milliseconds,) = NUMBER.unpack(head)
        texts = [_text(requests) for _ in range(_number(requests))]
        # Only a signal that kills the process interrupts a search. The daemon may have died.
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


def drop_privileges() -> None:
    """Become the user nobody if this is root, and limit memory and processor time."""
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.nice(_NICE)
    # In many containers root lacks the capabilities for this. Then it has few privileges to drop.
    with suppress(PermissionError):
        if os.geteuid() == 0:
            os.setgroups([])
            os.setgid(NOBODY)
            os.setuid(NOBODY)


def main() -> None:
    """Run the program."""
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    drop_privileges()
    with suppress(BrokenPipeError):  # the daemon has ended
        serve(sys.stdin.buffer, open(0, "wb", closefd=False))  # noqa: SIM115 - until the end


if __name__ == "__main__":
    main()
