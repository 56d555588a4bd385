"""The program of the prober. `pyvrrp.prober.launch` starts it in a process of its own.

It imports what it needs while it still has the user of the daemon: the interpreter may be in a
directory that no other user may read.
"""

import gc
import os
import socket
import sys
from importlib import import_module

from pyvrrp.net.system.confine import confine, detach
from pyvrrp.net.system.lean_asyncio import import_asyncio
from pyvrrp.net.system.libc import trim_memory

SOCKET = 3
_MODULES = {
    "http": "pyvrrp.probes.http",
    "etcd": "pyvrrp.clients.etcd.cluster",
    "tls": "pyvrrp.clients.http.tls_contexts",
    "digest": "hashlib",
}
_STACK = 512 * 1024  # octets for each thread


def main(words: list[str]) -> None:
    """Run the prober: *words* are the process of the daemon, and what to import."""
    end = socket.socket(fileno=SOCKET)
    end.set_inheritable(False)
    try:
        detach()
        _import(frozenset(words[1:]))
        gc.collect()
        gc.freeze()
        trim_memory()
        confine(int(words[0]))
        _serve(end)
    except Exception as error:  # noqa: BLE001 - the daemon logs it
        from pyvrrp.prober.messages import CannotGoOn, from_prober  # noqa: PLC0415

        end.send(from_prober(CannotGoOn(repr(error)[:500])))
    finally:
        # Threads may hang in name look-ups.
        os._exit(0)


def _import(wanted: frozenset[str]) -> None:
    import_asyncio()
    import threading  # noqa: PLC0415 - after `detach`

    threading.stack_size(_STACK)

    "localhost".encode("idna")  # name look-ups import what this imports
    for module in ("pyvrrp.prober.service", *(_MODULES[word] for word in sorted(wanted))):
        import_module(module)


def _serve(end: socket.socket) -> None:
    import asyncio  # noqa: PLC0415 - after `_import`

    from pyvrrp.prober.service import serve  # noqa: PLC0415 - the same

    asyncio.run(serve(end))


if __name__ == "__main__":
    main(sys.argv[1:])
