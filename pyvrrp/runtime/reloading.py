"""Apply another configuration to a daemon that runs, one virtual router at a time.

`pyvrrp.config.changes` has decided how each virtual router gets its new configuration. What it does
not name is not touched. Each virtual router has a turn of the event loop of its own, so that no
advertisement waits for the others.

Whatever an order of the operator says stays as it is, also for a virtual router that begins anew.
"""

from collections.abc import Collection
from dataclasses import dataclass

from pyvrrp.config.changes.difference import (
    Difference,
    How,
    RouterChange,
    difference,
    key_of,
    runnable,
)
from pyvrrp.config.changes.words import in_words
from pyvrrp.config.model.configuration import Configuration, VirtualRouterConfig
from pyvrrp.errors import UsageError
from pyvrrp.identity import Family
from pyvrrp.ports import Clock
from pyvrrp.runtime.base.deadline_timer import DeadlineTimer
from pyvrrp.runtime.base.journal import Journal, Level
from pyvrrp.runtime.router.group import Group
from pyvrrp.runtime.router.router import Router
from pyvrrp.runtime.supervisor import Supervisor, used_checks
from pyvrrp.units import MILLISECOND, Nanoseconds
from pyvrrp.virtual_router.states import Backup, Init, Master

LOOK = Nanoseconds(5 * MILLISECOND)  # whether a router that leaves has stopped
LOOK_AT_GROUPS = Nanoseconds(100 * MILLISECOND)  # whether a new member can join its group
STOPS = "the daemon stops: nothing is reloaded any more"
REMOVED, ANEW = "removed by a reload", "begins anew after a reload"


@dataclass(frozen=True, slots=True)
class _Orders:
    """The orders of the operator for a virtual router that begins anew."""

    drained: bool = False
    resigned: bool = False
    priority: int | None = None


class Reloading:
    """Brings a running supervisor from one configuration to another."""

    def __init__(self, supervisor: Supervisor, clock: Clock, journal: Journal) -> None:
        self.count = 0  # reloads that were applied, those without a change included
        self._supervisor = supervisor
        self._clock = clock
        self._journal = journal
        self._changes: list[RouterChange] = []  # those whose turn has not come
        self._leaving: list[Router] = []
        self._to_begin: dict[tuple[str, Family], tuple[VirtualRouterConfig, _Orders]] = {}
        self._joining: list[tuple[Router, str]] = []  # not in their group yet
        self._drained: frozenset[str] = frozenset()
        self._turn = DeadlineTimer(clock, self._next)
        self._wait = DeadlineTimer(clock, self._look)

    @property
    def under_way(self) -> bool:
        """Whether a virtual router still has to change, to leave or to begin."""
        return bool(self._changes or self._leaving or self._to_begin)

    @property
    def leaving(self) -> tuple[str, ...]:
        """The names of the virtual routers that are on their way out."""
        return tuple(router.config.name for router in self._leaving)

    def apply(self, wanted: Configuration, drained: Collection[str] = ()) -> Difference:
        """Go over to *wanted*, apart from what needs a restart; return what changes.

        *drained* are the virtual routers that the operator keeps out. Raise UsageError while the
        daemon stops. If an earlier reload is not over, this one counts from its result.
        """
        if self._supervisor.is_stopping:
            raise UsageError(STOPS)
        while self._changes:
            self._apply_next()
        found = difference(self._supervisor.configuration, wanted)
        self.count += 1
        self._tell(found)
        self._drained = frozenset(drained)
        now = runnable(self._supervisor.configuration, wanted)
        self._supervisor.configuration = now
        # Addresses that move from one virtual router to another are given up first.
        self._changes = sorted(found.routers, key=_gives_nothing_up)
        self._supervisor.checks_are(used_checks(now), self._serving())
        self._turn.set(self._clock.now())
        return found

    def _tell(self, found: Difference) -> None:
        lines = in_words(found)
        for line in lines:
            self._journal.record("reload_changes", line)
        for value in found.needs_restart:
            self._journal.record(
                "reload_needs_restart",
                f"{value.field} has changed in the file: that needs a restart, the rest is used",
                level=Level.WARNING,
                fields={"key": value.field},
            )
        text = f"configuration reloaded: {len(lines)} changes" if lines else "nothing has changed"
        self._journal.record("reloaded", text, fields={"changes": len(lines)})

    def _serving(self) -> set[str]:
        """Return the checks of all virtual routers that hold their addresses, as they will be."""
        changed = {key_of(one.before): one.after for one in self._changes if one.before is not None}
        serving: set[str] = set()
        for router in self._supervisor.routers:
            config = changed.get(key_of(router.config), router.config)
            if config is not None and not isinstance(router.state, Init | Backup):
                serving |= set(config.checks)
        return serving

    def _next(self) -> None:
        if self._supervisor.is_stopping:
            return
        if self._changes:
            self._apply_next()
            self._turn.set(self._clock.now())
            return
        self._forget_checks()
        self._look()

    def _apply_next(self) -> None:
        change = self._changes.pop(0)
        config = change.after
        router = None if change.before is None else self._router(change.before)
        if config is not None and (router is None or change.how is How.ANEW):
            orders = _Orders(drained=self._is_drained(config.name))
            if router is not None:
                stands = router.operator
                orders = _Orders(stands.drained, stands.resigned, router.priority_sources.operator)
            elif (waiting := self._to_begin.get(key_of(config))) is not None:
                orders = waiting[1]
            self._to_begin[key_of(config)] = (config, orders)
        elif config is None and change.before is not None:
            self._to_begin.pop(key_of(change.before), None)
        if router is None:
            return
        if config is None or change.how is How.ANEW:
            self._leave(router, REMOVED if config is None else ANEW)
        else:
            self._change_in_place(router, config)

    def _change_in_place(self, router: Router, config: VirtualRouterConfig) -> None:
        before = router.config
        router.configuration_is(config)
        if (before.checks, before.weights) != (config.checks, config.weights):
            self._supervisor.use_checks_of(router)

    def _router(self, config: VirtualRouterConfig) -> Router | None:
        for router in self._supervisor.routers:
            if key_of(router.config) == key_of(config) and router not in self._leaving:
                return router
        return None

    def _is_drained(self, name: str) -> bool:
        return name in self._drained or any(
            router.operator.drained
            for router in self._supervisor.routers
            if router.config.name == name
        )

    def _leave(self, router: Router, reason: str) -> None:
        self._joining = [one for one in self._joining if one[0] is not router]
        if len(router.group.members) > 1:
            # The others go on: this one leaves their group first.
            router.move_to(Group(self._clock))
        self._leaving.append(router)
        router.stop(reason)

    def _look(self) -> None:
        if self._supervisor.is_stopping:
            return
        for router in [one for one in self._leaving if one.stopped]:
            self._leaving.remove(router)
            self._supervisor.remove(router)
            self._journal.record("router_removed", "left", virtual_router=router.config)
        self._join_groups()
        if (ready := self._can_begin()) is not None:
            self._begin(*self._to_begin.pop(ready))
            self._wait.set(self._clock.now())  # the next one in another turn
        elif self._leaving or self._to_begin:
            self._wait.set(Nanoseconds(self._clock.now() + LOOK))
        else:
            self._forget_checks()
            if self._joining:
                self._wait.set(Nanoseconds(self._clock.now() + LOOK_AT_GROUPS))

    def _can_begin(self) -> tuple[str, Family] | None:
        for key, (config, _) in self._to_begin.items():
            if not any(_in_the_way(router.config, config) for router in self._leaving):
                return key
        return None

    def _begin(self, config: VirtualRouterConfig, orders: _Orders) -> None:
        members = self._supervisor.groups.get(config.group)
        alone = members is not None and bool(members.members)
        group = None if alone else self._supervisor.group_of(config)
        router = self._supervisor.begin(config, drained=orders.drained, group=group)
        if orders.resigned:
            router.operator.resign(leaves=False)
        if orders.priority is not None:
            router.priority_from(operator=orders.priority)
        if alone:
            self._joining.append((router, config.group))
        self._journal.record("router_begun", "begun by a reload", virtual_router=config)

    def _join_groups(self) -> None:
        """Have new members join their groups when that changes nothing for the others."""
        for router, name in tuple(self._joining):
            group = self._supervisor.groups.get(name)
            others = () if group is None else group.members
            serves = isinstance(router.state, Master)
            out = isinstance(router.state, Init)
            if all(
                isinstance(one.state, Master) is serves and isinstance(one.state, Init) is out
                for one in others
            ):
                self._joining.remove((router, name))
                router.move_to(self._supervisor.group_of(router.config))

    def _forget_checks(self) -> None:
        if self.under_way:
            return  # a virtual router that leaves still listens to its checks
        self._supervisor.forget_checks(
            {check.name for check in used_checks(self._supervisor.configuration)}
        )


def _gives_nothing_up(change: RouterChange) -> bool:
    if change.before is None or change.after is None:
        return change.before is None
    return set(change.before.all_addresses) <= set(change.after.all_addresses)


def _in_the_way(leaving: VirtualRouterConfig, new: VirtualRouterConfig) -> bool:
    """Return whether *leaving* must be gone before *new* can begin."""
    hosts = {address.ip for address in leaving.all_addresses}
    return (
        key_of(leaving) == key_of(new)
        or leaving.id == new.id
        or any(address.ip in hosts for address in new.all_addresses)
    )
