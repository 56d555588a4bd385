"""Look up the addresses of host names. Known addresses are used while the look-up takes time."""

import asyncio
import socket
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import TypeAlias

from pyvrrp.clients.base.blocking_calls import ThreadedCalls
from pyvrrp.clients.base.failure import Failure, ProbeError
from pyvrrp.clients.base.name_service import use_name_service_of
from pyvrrp.clients.base.namespace import move_thread_to
from pyvrrp.identity import Address

LookUpResult: TypeAlias = tuple[Address, ...] | Failure

_MOST = 64  # addresses of one name that are used; others choose how many it has
_REFRESH = 60.0  # seconds; the C library does not return the lifetimes from the DNS


@dataclass(frozen=True, slots=True)
class HostName:
    """The name of a host, and the network namespace in which it is looked up."""

    host: str
    netns: str = ""


@dataclass(frozen=True, slots=True)
class _CachedAddresses:
    addresses: tuple[Address, ...]
    found_at: float  # the time of the event loop in seconds


def look_up_in_system(name: HostName) -> LookUpResult:
    """Return the addresses of *name*. Blocks, and leaves the thread in other namespaces."""
    try:
        move_thread_to(name.netns)
        use_name_service_of(name.netns)
        found = socket.getaddrinfo(name.host, None, type=socket.SOCK_STREAM)
    except ProbeError as error:
        return Failure(str(error))
    except (OSError, UnicodeError):
        return Failure(f"name does not resolve: {name.host}")
    return tuple(_address(family, sockaddr) for family, _, _, _, sockaddr in found[:_MOST])


def _address(
    family: int, sockaddr: tuple[str, int] | tuple[str, int, int, int] | tuple[int, bytes]
) -> Address:
    host = str(sockaddr[0])
    if family == socket.AF_INET:
        return IPv4Address(host)
    scope = sockaddr[3] if len(sockaddr) == 4 else 0  # noqa: PLR2004 - (host, port, flow, scope)
    return IPv6Address(f"{host}%{scope}" if scope else host)


class Resolver:
    """Resolves host names and keeps the addresses that it found.

    A name is looked up again in the background after a minute, or when a probe failed. So a check
    of a service that works does not fail when the name service fails.
    """

    def __init__(self, ask: Callable[[HostName], LookUpResult] = look_up_in_system) -> None:
        self._ask = ask
        self._cache: dict[HostName, _CachedAddresses] = {}
        self._look_ups: ThreadedCalls[HostName, tuple[Address, ...]] = ThreadedCalls()

    async def addresses(self, name: HostName) -> tuple[Address, ...]:
        """Return all addresses of *name* in the order of the system.

        Raise ProbeError if it has none.
        """
        try:
            return (ip_address(name.host),)
        except ValueError:
            pass
        cached = self._cache.get(name)
        if cached is None:
            return await self._find(name)
        if asyncio.get_running_loop().time() - cached.found_at > _REFRESH:
            self._look_up(name)
        return cached.addresses

    def look_up_again(self, name: HostName) -> None:
        """Look *name* up again for later probes, because a probe of its addresses failed."""
        if name in self._cache:
            self._look_up(name)

    async def _find(self, name: HostName) -> tuple[Address, ...]:
        # Shielded, so that the look-up goes on for the next probe when this one times out.
        outcome = await asyncio.shield(self._look_up(name))
        if isinstance(outcome, Failure):
            raise ProbeError(outcome.reason)
        return outcome

    def _look_up(self, name: HostName) -> asyncio.Future[LookUpResult]:
        future = self._look_ups.start(name, partial(self._ask, name))
        future.add_done_callback(partial(self._keep, name))
        return future

    def _keep(self, name: HostName, future: asyncio.Future[LookUpResult]) -> None:
        if future.cancelled():
            return
        outcome = future.result()
        if not isinstance(outcome, Failure):
            self._cache[name] = _CachedAddresses(outcome, asyncio.get_running_loop().time())
