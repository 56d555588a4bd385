"""A program that commits one row after the other at an address.

It prints the numbers of those that were confirmed, and ends when its standard input is closed.
"""

import subprocess
import sys
import threading
import time

_PAUSE = 0.02
_TIMEOUT = 1.0


def main() -> None:
    """Write until standard input is closed."""
    ended = threading.Event()
    threading.Thread(target=_wait_for_end, args=(ended,), daemon=True).start()
    number = 0
    while not ended.is_set():
        number += 1
        if commit(sys.argv[1], number):
            print(number, flush=True)
        time.sleep(_PAUSE)


def _wait_for_end(ended: threading.Event) -> None:
    sys.stdin.read()
    ended.set()


def commit(address: str, number: int) -> bool:
    """Return whether the server has confirmed it; without an answer it may be written or not."""
    insert = f"INSERT INTO lab.entry VALUES ({number})"
    client = ("mariadb", "--no-defaults", "--connect-timeout=1", "-h", address, "-e", insert)
    try:
        ended = subprocess.run(client, capture_output=True, timeout=_TIMEOUT, check=False)
    except subprocess.TimeoutExpired:
        return False
    return ended.returncode == 0


if __name__ == "__main__":
    main()
