"""The orders of an operator to a running daemon, such as drain and resign."""

import asyncio
from collections.abc import Collection, Mapping
from functools import partial

from pyvrrp.config.values.scalars import shown
from pyvrrp.config.values.sections import suggestion
from pyvrrp.daemon.control_socket import Handler, Request, refuse_unknown_keys
from pyvrrp.daemon.saved_orders import SavedOrders
from pyvrrp.daemon.state_file import StateFile
from pyvrrp.errors import UsageError
from pyvrrp.runtime.base.guarded_ports import Guard
from pyvrrp.runtime.base.json import Json
from pyvrrp.runtime.router.router import Router
from pyvrrp.runtime.supervisor import Supervisor
from pyvrrp.units import to_milliseconds
from pyvrrp.virtual_router.parameters import OWNER
from pyvrrp.virtual_router.rules.effective_priority import HIGHEST, LOWEST


class OperatorCommands:
    """Handles orders. An order names a virtual router, or is for all. A bad one changes nothing.

    A good one enters the runtime through *guard*.
    """

    def __init__(
        self,
        supervisor: Supervisor,
        state: StateFile,
        guard: Guard,
        drained: Collection[str] = (),
    ) -> None:
        self._supervisor = supervisor
        self._guard = guard
        self._saved = SavedOrders(state, drained)
        self._one_at_a_time = asyncio.Lock()

    def drained(self) -> Collection[str]:
        """Return the virtual routers that are drained, as the state file has it."""
        return self._saved.drained

    def handlers(self) -> Mapping[str, Handler]:
        """Return the handler of each command, for the control socket."""
        return {
            "drain": self.drain,
            "undrain": self.undrain,
            "resign": self.resign,
            "undo_resign": self.undo_resign,
            "priority": self.priority,
            "announce": self.announce,
        }

    async def drain(self, request: Request) -> dict[str, Json]:
        """Keep virtual routers out, after restarts too unless ``save`` is false."""
        return await self._drain(request, drained=True)

    async def undrain(self, request: Request) -> dict[str, Json]:
        """End the drain of virtual routers, and what they resigned."""
        return await self._drain(request, drained=False)

    async def resign(self, request: Request) -> dict[str, Json]:
        """Hand over once from each virtual router that is master."""
        refuse_unknown_keys(request, "name")
        meant = self._meant(request)
        masters = [router for router in meant if router.is_master]
        for router in masters:
            self._guard.run(router.resign)
        return _answer(meant, masters)

    async def undo_resign(self, request: Request) -> dict[str, Json]:
        """Let virtual routers that resigned preempt again."""
        refuse_unknown_keys(request, "name")
        meant = self._meant(request)
        resigned = [router for router in meant if router.operator.resigned]
        for router in resigned:
            self._guard.run(router.undo_resign)
        return _answer(meant, resigned)

    async def priority(self, request: Request) -> dict[str, Json]:
        """Set another ``priority`` until the daemon restarts; null: that of the configuration."""
        refuse_unknown_keys(request, "name", "priority")
        wanted = request.get("priority")
        meant = self._meant(request, required=True)
        if wanted is not None and (
            not isinstance(wanted, int)
            or isinstance(wanted, bool)
            or not LOWEST <= wanted <= HIGHEST
        ):
            raise UsageError(f"priority must be from {LOWEST} to {HIGHEST}, not {shown(wanted)}")
        for router in meant:
            if router.config.priority == OWNER:
                raise UsageError(
                    f"{router.config.name} owns its addresses: its priority is always {OWNER}"
                )
        # After a stall, no check that has been silent may count for the new priority.
        self._guard.run(self._supervisor.look_at_clock)
        for router in meant:
            self._guard.run(partial(router.set_priority, wanted))
        return _answer(meant, meant)

    async def announce(self, request: Request) -> dict[str, Json]:
        """Announce the addresses to the neighbours once more."""
        refuse_unknown_keys(request, "name")
        meant = self._meant(request)
        masters = [router for router in meant if router.is_master]
        for router in masters:
            self._guard.run(router.announce)
        return _answer(meant, masters)

    async def _drain(self, request: Request, *, drained: bool) -> dict[str, Json]:
        refuse_unknown_keys(request, "name", "save")
        save = request.get("save", True)
        if not isinstance(save, bool):
            raise UsageError(f"save must be true or false, not {shown(save)}")
        meant = self._meant(request)
        names = {router.config.name for router in meant}
        async with self._one_at_a_time:
            before = self._saved.drained
            saved = before | names if drained else before - names
            # An undrain that changes nothing in the file does not write it.
            if save and (drained or saved != before):
                await self._saved.save(saved)
            resigned = [one for one in meant if not drained and one.operator.resigned]
            for router in resigned:
                self._guard.run(router.undo_resign)
            changed = [router for router in meant if router.operator.drained is not drained]
            for router in changed:
                self._guard.run(partial(router.drain, drained=drained))
        return _answer(meant, [*changed, *resigned])

    def _meant(self, request: Request, *, required: bool = False) -> list[Router]:
        name = request.get("name")
        routers = self._supervisor.routers
        known = sorted({router.config.name for router in routers})
        if name is None and not required:
            return list(routers)
        if not isinstance(name, str):
            raise UsageError(f"name must be that of a virtual router: {', '.join(known)}")
        meant = [router for router in routers if router.config.name == name]
        if not meant:
            raise UsageError(
                f"there is no virtual router {shown(name)} here{suggestion(name, known)}"
            )
        return meant


def _answer(meant: Collection[Router], changed: Collection[Router]) -> dict[str, Json]:
    return {
        "virtual_routers": _names(meant),
        "changed": _names(changed),
        "patience_ms": max((to_milliseconds(i.handover_patience) for i in changed), default=0.0),
    }


def _names(routers: Collection[Router]) -> Json:
    names: list[Json] = []
    names.extend(sorted({router.config.name for router in routers}))
    return names
