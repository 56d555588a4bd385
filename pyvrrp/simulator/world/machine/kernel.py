"""The kernel of one node: interfaces, addresses with lifetimes, and a queue of requests.

It outlives the daemon. Lifetimes are whole seconds of the kernel's own time, and the kernel
notices the end of one late, by a random part of `LATENESS`, as measured on Linux. Requests are
carried out one after the other.
"""

import errno
from collections import deque
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from functools import partial
from random import Random

from pyvrrp.errors import KernelError
from pyvrrp.identity import InterfaceAddress, Place
from pyvrrp.ports import InterfaceState
from pyvrrp.simulator.world.changes import Changes
from pyvrrp.simulator.world.engine import Engine, Job
from pyvrrp.simulator.world.machine.clocks import NodeTime
from pyvrrp.simulator.world.machine.process import ProcessLife, SimulatedProcess
from pyvrrp.simulator.world.trace import Trace
from pyvrrp.units import MICROSECOND, MILLISECOND, SECOND, Nanoseconds

LATENESS = Nanoseconds(500 * MILLISECOND)  # how late the kernel notices that a lifetime is over
NOTICE = Nanoseconds(200 * MICROSECOND)  # from a change to the daemon's netlink socket


class KernelObserver:
    """Is told what really is on the interfaces, and ignores it."""

    def address_changed(
        self,
        node: str,
        place: Place,
        address: InterfaceAddress,
        *,
        present: bool,
        by_hand: bool = False,
    ) -> None:
        """An address has come or gone, for whatever reason; *by_hand*: somebody deleted it."""

    def acknowledged(
        self, node: str, place: Place, addresses: Collection[InterfaceAddress]
    ) -> None:
        """The daemon learns that these are there."""


@dataclass(slots=True)
class _Lifetime:
    expires: int | None  # kernel time; None: never


@dataclass(slots=True)
class SimulatedInterface:
    """One interface and what is on it: the operator's ``own`` addresses and those ``held``."""

    place: Place
    mac: bytes
    own: tuple[InterfaceAddress, ...]
    index: int
    exists: bool = True
    up: bool = True
    held: dict[InterfaceAddress, _Lifetime] = field(default_factory=dict)

    def state(self) -> InterfaceState:
        """Return what the daemon may know of it."""
        if not self.exists:
            return InterfaceState()
        return InterfaceState(
            exists=True,
            up=self.up,
            index=self.index,
            mac=self.mac,
            addresses=(*self.own, *self.held),
            ours=frozenset(self.held),
        )


@dataclass(slots=True, eq=False)
class AddressChange:
    """What shall be: addresses on one interface for *lifetime* seconds, or gone if that is None.

    From *until* on, by the node's clock, it is too late to begin.
    """

    place: Place
    addresses: tuple[InterfaceAddress, ...]
    lifetime: int | None
    until: Nanoseconds | None = None
    late: bool = False


@dataclass(slots=True, eq=False)
class AddressRequest:
    """Changes that are carried out at the same instant; *done* gets one answer for each."""

    process: SimulatedProcess
    changes: tuple[AddressChange, ...]
    done: Callable[[Sequence[KernelError | None]], None]


class SimulatedKernel:
    """The interfaces of a node, and the requests of its daemons, present and past.

    ``slower_by`` and ``refuses`` are faults. While ``suspended`` nothing happens at all.
    """

    def __init__(
        self,
        node: str,
        engine: Engine,
        time: NodeTime,
        random: Random,
        delay: Nanoseconds,
        changes: Changes,
        trace: Trace,
        observer: KernelObserver,
    ) -> None:
        self.node = node
        self.interfaces: dict[Place, SimulatedInterface] = {}
        self.slower_by = 0
        self.refuses = False
        self._suspended = False
        self.observer = observer
        self._engine = engine
        self._time = time
        self._random = random
        self._delay = delay
        self._changes = changes
        self._trace = trace
        self._queue: deque[AddressRequest] = deque()
        self._busy = False
        self._postponed: list[Job] = []
        self._after: list[Job] = []
        self._watchers: dict[
            Place, list[tuple[SimulatedProcess, Callable[[InterfaceState], None]]]
        ] = {}
        self._notifying: set[Place] = set()

    @property
    def suspended(self) -> bool:
        """Whether the machine is suspended."""
        return self._suspended

    @suspended.setter
    def suspended(self, suspended: bool) -> None:
        self._suspended = suspended
        self._changes.note()

    def holds(self, place: Place, address: InterfaceAddress) -> bool:
        """Whether the address is there, and the interface too."""
        interface = self.interfaces.get(place)
        return interface is not None and address in interface.held

    def request(self, request: AddressRequest) -> None:
        """Add a request to the queue."""
        self._queue.append(request)
        self._next()

    def after_current_request(self, job: Job) -> None:
        """Run *job* as soon as the request that is being carried out has ended."""
        if self._suspended:
            self._postponed.append(partial(self.after_current_request, job))
        elif self._busy:
            self._after.append(job)
        else:
            job()

    def go_on(self) -> None:
        """Continue: the machine, or the daemon's kernel thread, runs again."""
        postponed, self._postponed = self._postponed, []
        for job in postponed:
            job()
        self._next()

    def watch(
        self, process: SimulatedProcess, place: Place, changed: Callable[[InterfaceState], None]
    ) -> "_Watch":
        """Report the state of *place* soon and whenever it has changed."""
        entry = (process, changed)
        self._watchers.setdefault(place, []).append(entry)
        watch = _Watch(lambda: self._unwatch(place, entry))
        self.notify(place)
        return watch

    def _unwatch(
        self, place: Place, entry: tuple[SimulatedProcess, Callable[[InterfaceState], None]]
    ) -> None:
        watchers = self._watchers.get(place, [])
        if entry in watchers:
            watchers.remove(entry)

    def forget_watchers(self) -> None:
        """Forget who watches: the daemon has ended."""
        self._watchers.clear()

    def notify(self, place: Place) -> None:
        """Tell the watchers of *place* soon of its changes, once for all of them."""
        self._changes.note()
        if place not in self._notifying:
            self._notifying.add(place)
            self._engine.after(NOTICE, self._tell, place)

    def remove(self, place: Place, address: InterfaceAddress, *, by_hand: bool = False) -> bool:
        """Take one address off; return whether it was there."""
        interface = self.interfaces[place]
        if interface.held.pop(address, None) is None:
            return False
        self._changed(place, address, present=False, by_hand=by_hand)
        return True

    def delete_interface(self, place: Place) -> None:
        """Delete the interface, with everything that is on it."""
        interface = self.interfaces[place]
        interface.exists = False
        for address in tuple(interface.held):
            self.remove(place, address)
        self.notify(place)

    def _changed(
        self, place: Place, address: InterfaceAddress, *, present: bool, by_hand: bool = False
    ) -> None:
        word = "has" if present else "no longer has"
        self._trace.note(
            self.node, "address", f"{word} {address}", address=str(address), present=present
        )
        self.observer.address_changed(self.node, place, address, present=present, by_hand=by_hand)
        self.notify(place)

    def _next(self) -> None:
        while self._queue and self._queue[0].process.life is ProcessLife.DEAD:
            self._queue.popleft()
        if self._busy or self._suspended or not self._queue:
            return
        if self._queue[0].process.life is not ProcessLife.RUNNING:
            return  # the kernel thread is stopped too; what it has begun goes on
        self._busy = True
        request = self._queue.popleft()
        for change in request.changes:
            change.late = change.until is not None and self._time.now() >= change.until
        delay = int((0.05 + 0.95 * self._random.random()) * self._delay) + self.slower_by
        self._engine.after(delay, self._carry_out, request)

    def _carry_out(self, request: AddressRequest) -> None:
        if self._suspended:
            self._postponed.append(partial(self._carry_out, request))
            return
        self._busy = False
        dead = request.process.life is ProcessLife.DEAD
        # A request of a process that was killed meanwhile may have reached the kernel, or not.
        if not dead or self._random.random() < 0.5:  # noqa: PLR2004 - a coin
            errors = [self._refusal(change) or self._apply(change) for change in request.changes]
            if not dead:
                request.process.io(self._answer, request, errors)
        after, self._after = self._after, []
        for job in after:
            job()
        self._next()

    def _refusal(self, change: AddressChange) -> KernelError | None:
        if change.late:
            return KernelError(f"cannot add {change.addresses[0]}: it is too late for that")
        if not self.refuses:
            return None
        verb = "add" if change.lifetime is not None else "remove"
        what = f"cannot {verb} {change.addresses[0]} on {change.place}: Operation not permitted"
        return KernelError(what, errno.EPERM)

    def _answer(self, request: AddressRequest, errors: Sequence[KernelError | None]) -> None:
        for change, error in zip(request.changes, errors, strict=True):
            if error is None and change.lifetime is not None:
                self.observer.acknowledged(self.node, change.place, change.addresses)
        request.done(errors)

    def _apply(self, change: AddressChange) -> KernelError | None:
        interface = self.interfaces.get(change.place)
        exists = interface is not None and interface.exists
        if change.lifetime is None:
            for address in change.addresses if exists else ():
                self.remove(change.place, address)
            return None
        if interface is None or not exists:
            what = f"cannot add {change.addresses[0]} to {change.place}: No such device"
            return KernelError(what, errno.ENODEV)
        for address in change.addresses:
            self._put(interface, address, change.lifetime)
        return None

    def _put(self, interface: SimulatedInterface, address: InterfaceAddress, seconds: int) -> None:
        expires = self._time.kernel_now() + seconds * SECOND if seconds else None
        lifetime = interface.held.get(address)
        if lifetime is not None:
            # The planned check finds the new end by itself.
            if lifetime.expires is None and expires is not None:
                self._check_at(interface, address, lifetime, expires)
            lifetime.expires = expires
            return
        lifetime = _Lifetime(expires)
        interface.held[address] = lifetime
        self._changed(interface.place, address, present=True)
        if expires is not None:
            self._check_at(interface, address, lifetime, expires)

    def _check_at(
        self, interface: SimulatedInterface, address: InterfaceAddress, of: _Lifetime, when: int
    ) -> None:
        late = int(self._random.random() * LATENESS)
        at = self._time.true_kernel_time(when) + late
        self._engine.at(at, self._expire, interface, address, of)

    def _expire(
        self, interface: SimulatedInterface, address: InterfaceAddress, lifetime: _Lifetime
    ) -> None:
        if interface.held.get(address) is not lifetime or lifetime.expires is None:
            return
        if self._suspended:
            self._postponed.append(partial(self._expire, interface, address, lifetime))
        elif self._time.kernel_now() < lifetime.expires:
            self._check_at(interface, address, lifetime, lifetime.expires)
        else:
            self.remove(interface.place, address)

    def _tell(self, place: Place) -> None:
        self._notifying.discard(place)
        if self._suspended:
            self._postponed.append(partial(self.notify, place))
            return
        for process, changed in tuple(self._watchers.get(place, ())):
            process.io(self._report, place, changed)

    def _report(self, place: Place, changed: Callable[[InterfaceState], None]) -> None:
        interface = self.interfaces.get(place)
        changed(InterfaceState() if interface is None else interface.state())


class _Watch:
    """A subscription that can be cancelled."""

    def __init__(self, stop: Callable[[], None]) -> None:
        self._stop: Callable[[], None] | None = stop

    def cancel(self) -> None:
        """Cancel it."""
        stop, self._stop = self._stop, None
        if stop is not None:
            stop()
