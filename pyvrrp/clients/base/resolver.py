"""Names to addresses, without ever holding up a probe that could do without."""

import asyncio
import socket
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import TypeAlias

from pyvrrp.clients.base.blocking_calls import Background
from pyvrrp.clients.base.failure import Failure, ProbeError
from pyvrrp.clients.base.namespace import enter_for_good
from pyvrrp.identity import Address

Found: TypeAlias = tuple[Address, ...] | Failure

_REFRESH = 60.0  # seconds; the lifetimes in the DNS are not to be had from the C library


@dataclass(frozen=True, slots=True)
class Name:
    """A host as configured, and the network namespace that its name is looked up from."""

    host: str
    netns: str = ""


@dataclass(frozen=True, slots=True)
class _Known:
    addresses: tuple[Address, ...]
    since: float


def ask_the_system(name: Name) -> Found:
    """Ask the system for the addresses of *name*. Blocks, and moves the thread for good."""
    try:
        enter_for_good(name.netns)
        found = socket.getaddrinfo(name.host, None, type=socket.SOCK_STREAM)
    except ProbeError as error:
        return Failure(str(error))
    except (OSError, UnicodeError):
        return Failure(f"name does not resolve: {name.host}")
    return tuple(_address(family, sockaddr) for family, _, _, _, sockaddr in found)


def _address(
    family: int, sockaddr: tuple[str, int] | tuple[str, int, int, int] | tuple[int, bytes]
) -> Address:
    host = str(sockaddr[0])
    if family == socket.AF_INET:
        return IPv4Address(host)
    scope = sockaddr[3] if len(sockaddr) == 4 else 0  # noqa: PLR2004 - (host, port, flow, scope)
    return IPv6Address(f"{host}%{scope}" if scope else host)


class Resolver:
    """Knows addresses of names.

    What it has found once it keeps, and looks it up again in the background when a probe failed
    or after a minute. So a name service that is down fails no check of a service that is up.
    """

    def __init__(self, ask: Callable[[Name], Found] = ask_the_system) -> None:
        self._ask = ask
        self._known: dict[Name, _Known] = {}
        self._look_ups: Background[Name, tuple[Address, ...]] = Background()

    async def addresses(self, name: Name) -> tuple[Address, ...]:
        """Return all addresses of *name*, best first; raise ProbeError if it has none."""
        try:
            return (ip_address(name.host),)
        except ValueError:
            pass
        known = self._known.get(name)
        if known is None:
            return await self._find(name)
        if asyncio.get_running_loop().time() - known.since > _REFRESH:
            self._look_up(name)
        return known.addresses

    def doubt(self, name: Name) -> None:
        """Look *name* up again for later probes: what is known of it has led to a failure."""
        if name in self._known:
            self._look_up(name)

    async def _find(self, name: Name) -> tuple[Address, ...]:
        # Shielded: the next probe goes on waiting for the look-up that this one gives up on.
        outcome = await asyncio.shield(self._look_up(name))
        if isinstance(outcome, Failure):
            raise ProbeError(outcome.reason)
        return outcome

    def _look_up(self, name: Name) -> asyncio.Future[Found]:
        future = self._look_ups.start(name, partial(self._ask, name))
        future.add_done_callback(partial(self._learn, name))
        return future

    def _learn(self, name: Name, future: asyncio.Future[Found]) -> None:
        if future.cancelled():
            return
        outcome = future.result()
        if not isinstance(outcome, Failure):
            self._known[name] = _Known(outcome, asyncio.get_running_loop().time())
