"""Talks to etcd clusters on the event loop: the daemon's `pyvrrp.ports.Etcd`."""

import asyncio
import os
from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING

from pyvrrp.clients.base.async_call import Errand
from pyvrrp.clients.base.failure import ProbeError, printable
from pyvrrp.config.model.configuration import EtcdServers
from pyvrrp.ports import EtcdAnswer, EtcdRequest, Handle, Unanswered
from pyvrrp.units import Nanoseconds, to_seconds

if TYPE_CHECKING:
    from pyvrrp.clients.etcd.cluster import EtcdClusters

_LARGEST = (1 << 63) - 1  # a lease has a number of 64 bits, which is signed


class AsyncioEtcd:
    """Asks, and tells what came of it. Whatever goes wrong is an `Unanswered` with its reason."""

    def __init__(self) -> None:
        self._running: set[Errand[EtcdAnswer]] = set()

    def draw(self) -> int:
        """Return a number that nobody else will ever have."""
        return int.from_bytes(os.urandom(8)) % _LARGEST + 1

    def ask(
        self,
        servers: EtcdServers,
        request: EtcdRequest,
        timeout: Nanoseconds,
        done: Callable[[EtcdAnswer], None],
    ) -> Handle:
        """Ask one cluster; call *done* once, from the loop, *timeout* later at the latest."""
        loop = asyncio.get_running_loop()
        task = loop.create_task(self._answer(servers, request, timeout, loop.time()))
        errand = Errand(task, done, self._running)
        self._running.add(errand)
        return errand

    async def close(self) -> None:
        """Call off what is under way and wait until its sockets are closed."""
        running = tuple(self._running)
        for each in running:
            each.cancel()
        await asyncio.gather(*(each.task for each in running), return_exceptions=True)

    async def _answer(
        self, servers: EtcdServers, request: EtcdRequest, budget: Nanoseconds, began: float
    ) -> EtcdAnswer:
        try:
            return await self._clusters.answer(servers, request, began + to_seconds(budget))
        except ProbeError as error:
            return Unanswered(str(error))
        except Exception as error:  # noqa: BLE001 - a bug here must let go, not kill
            return Unanswered(f"internal error: {printable(repr(error))}")

    @cached_property
    def _clusters(self) -> "EtcdClusters":
        # Here, so that a daemon without a lease has neither h11 nor OpenSSL contexts.
        from pyvrrp.clients.etcd.cluster import EtcdClusters  # noqa: PLC0415

        return EtcdClusters()
