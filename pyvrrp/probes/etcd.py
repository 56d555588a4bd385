"""Implements the port `pyvrrp.ports.Etcd` on the event loop."""

import asyncio
import os
from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING

from pyvrrp.clients.base.async_call import AsyncCalls
from pyvrrp.clients.base.failure import ProbeError
from pyvrrp.clients.rights.own import OwnRights
from pyvrrp.clients.rights.wants import Rights
from pyvrrp.config.model.configuration import EtcdServers
from pyvrrp.foreign_text import printable
from pyvrrp.ports import EtcdAnswer, EtcdRequest, Handle, Unanswered
from pyvrrp.units import Nanoseconds, to_seconds

if TYPE_CHECKING:
    from pyvrrp.clients.etcd.cluster import EtcdClusters

_LARGEST = (1 << 63) - 1  # the number of a lease is a signed integer of 64 bits


class AsyncioEtcd:
    """Sends requests to etcd clusters. If one fails, its answer is `Unanswered` with the reason."""

    def __init__(self, rights: Rights | None = None) -> None:
        self._rights = rights or OwnRights()
        self._calls: AsyncCalls[EtcdAnswer] = AsyncCalls()

    def draw(self) -> int:
        """Return a random positive number of 63 bits."""
        return int.from_bytes(os.urandom(8)) % _LARGEST + 1

    def ask(
        self,
        servers: EtcdServers,
        request: EtcdRequest,
        timeout: Nanoseconds,
        done: Callable[[EtcdAnswer], None],
    ) -> Handle:
        """Send *request* to one cluster. Call *done* once, at most *timeout* later."""
        began = asyncio.get_running_loop().time()
        return self._calls.start(self._answer(servers, request, timeout, began), done)

    async def close(self) -> None:
        """Cancel all requests and wait until their sockets are closed."""
        await self._calls.close()

    async def _answer(
        self, servers: EtcdServers, request: EtcdRequest, budget: Nanoseconds, began: float
    ) -> EtcdAnswer:
        try:
            return await self._clusters.answer(servers, request, began + to_seconds(budget))
        except ProbeError as error:
            return Unanswered(str(error))
        except Exception as error:  # noqa: BLE001 - after a bug the key must expire, not the daemon
            return Unanswered(f"internal error: {printable(repr(error))}")

    @cached_property
    def _clusters(self) -> "EtcdClusters":
        # Imported here, so that a daemon without a lease does not load h11 and OpenSSL.
        from pyvrrp.clients.etcd.cluster import EtcdClusters  # noqa: PLC0415

        return EtcdClusters(self._rights)
