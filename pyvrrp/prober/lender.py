"""Get for the prober what it has no rights for, if a check of the configuration needs it."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from itertools import count
from typing import TYPE_CHECKING

from pyvrrp.clients.base.async_call import AsyncCalls
from pyvrrp.clients.base.blocking_calls import ThreadedCalls
from pyvrrp.clients.base.failure import Failure, ProbeError
from pyvrrp.clients.base.resolver import HostName
from pyvrrp.clients.rights.own import OwnRights
from pyvrrp.clients.rights.wants import CopyOfFile, LookUp, PatternSearcher, Want
from pyvrrp.foreign_text import printable
from pyvrrp.identity import Address
from pyvrrp.prober.messages import Lent, Subject, Wanted, may_look_up, wants_of

if TYPE_CHECKING:
    from pyvrrp.clients.processes.regex_process import SearchProcess

_MOST = 4096  # things that are being got at a time


class Lender:
    """Answers each `Wanted` with one `Lent`. *send* gets it with the descriptor, or -1."""

    def __init__(self, send: Callable[[Lent, int], None]) -> None:
        self._send = send
        self._rights = OwnRights()
        self._look_ups: ThreadedCalls[HostName, tuple[Address, ...]] = ThreadedCalls()
        self._searches = _Searches()
        self._getting: AsyncCalls[tuple[Lent, int]] = AsyncCalls()
        self._number = 0
        self._allowed: set[Want] = set()
        self._subjects: list[Subject] = []

    def allow(self, subject: Subject) -> None:
        """Lend what *subject* needs from now on."""
        self._subjects.append(subject)
        self._allowed |= wants_of(subject)

    def lend(self, wanted: Wanted) -> bool:
        """Begin to get it. Return False if no check needs it, or far too much is wanted."""
        if not self._may_have(wanted.want) or self._number >= _MOST:
            return False
        self._number += 1
        self._getting.start(self._get(wanted), self._got)
        return True

    async def close(self) -> None:
        """Stop getting things, and end the processes that were lent."""
        await self._getting.close()
        self._searches.close()

    def _may_have(self, want: Want) -> bool:
        if isinstance(want, LookUp):
            return any(may_look_up(subject, want) for subject in self._subjects)
        return want in self._allowed

    def _got(self, got: tuple[Lent, int]) -> None:
        self._number -= 1
        self._send(*got)

    async def _get(self, wanted: Wanted) -> tuple[Lent, int]:
        lent = Lent(wanted.number)
        try:
            match wanted.want:
                case LookUp(name):
                    return await self._addresses(lent, name), -1
                case CopyOfFile(path):
                    copy = await self._rights.copy(path, wanted.stamp)
                    return replace(lent, stamp=copy.stamp), copy.descriptor
                case PatternSearcher(pattern):
                    return lent, await self._searches.start(pattern)
                case want:
                    opened = await self._rights.open(want, wanted.address)
                    return replace(lent, scope=opened.scope), opened.connection.detach()
        except ProbeError as error:
            return replace(lent, problem=str(error)), -1
        except OSError as error:
            return replace(lent, error=error.errno or 0, problem=_words(error)), -1
        except Exception as error:  # noqa: BLE001 - a defect must fail this probe alone
            return replace(lent, problem=f"internal error: {printable(repr(error))}"), -1

    async def _addresses(self, lent: Lent, name: HostName) -> Lent:
        call = partial(self._rights.look_up, name)
        found = await asyncio.shield(self._look_ups.start(name, call))
        if isinstance(found, Failure):
            return replace(lent, problem=found.reason)
        return replace(lent, addresses=found)


def _words(error: OSError) -> str:
    return "" if error.errno else printable(str(error))


class _Searches:
    """The processes that search for patterns. They are lent, and reaped here."""

    def __init__(self) -> None:
        self._running: list[SearchProcess] = []
        self._starting: ThreadedCalls[int, SearchProcess] = ThreadedCalls()
        self._numbers = count()

    async def start(self, pattern: str) -> int:
        """Return a stream to a new process. Raise ProbeError."""
        self._running = [process for process in self._running if not process.has_ended()]
        # Imported here: few configurations have patterns, and it brings the module subprocess.
        from pyvrrp.clients.processes.regex_process import start_search  # noqa: PLC0415

        # Each process has one owner, so each start has a key of its own.
        call = partial(start_search, pattern)
        started = await asyncio.shield(self._starting.start(next(self._numbers), call))
        if isinstance(started, Failure):
            raise ProbeError(started.reason)
        self._running.append(started)
        return started.lend()

    def close(self) -> None:
        for process in self._running:
            process.kill()
        for process in self._running:
            process.reap()
