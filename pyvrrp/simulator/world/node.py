"""One machine: a clock, a kernel, services, and the lives of a daemon on it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from random import Random

from pyvrrp.identity import Place
from pyvrrp.ports import Ports
from pyvrrp.runtime.base.journal import Event, Journal
from pyvrrp.runtime.router.router import Router
from pyvrrp.runtime.supervisor import Supervisor
from pyvrrp.simulator.scenario.scenario import NodeSpec
from pyvrrp.simulator.world.clocks import NodeTime, ProcessClock
from pyvrrp.simulator.world.engine import Engine
from pyvrrp.simulator.world.etcd import EtcdCluster, ProcessEtcd
from pyvrrp.simulator.world.kernel import ProcessAddresses, ProcessLinks, SimulatedKernel
from pyvrrp.simulator.world.process import ProcessLife, SimulatedProcess
from pyvrrp.simulator.world.resources import ProcessCommands, ProcessGuardian, ResourceHost
from pyvrrp.simulator.world.services import ProcessProbes, SimulatedService
from pyvrrp.simulator.world.sockets import NetworkCard, ProcessSockets
from pyvrrp.units import MILLISECOND, Nanoseconds

GUARDIAN = Nanoseconds(5 * MILLISECOND)  # from the daemon's death to the last address's removal


@dataclass(slots=True, eq=False)
class SimulatedNode:
    """A machine. The daemon on it is the real runtime: a Supervisor over simulated ports."""

    spec: NodeSpec
    engine: Engine
    random: Random
    time: NodeTime
    kernel: SimulatedKernel
    machine: ResourceHost
    cards: dict[Place, NetworkCard]
    heard: Callable[[str, Event], None]
    probed: Callable[[str, str, bool], None]
    etcd: EtcdCluster
    services: dict[str, SimulatedService] = field(default_factory=dict)
    process: SimulatedProcess | None = None
    supervisor: Supervisor | None = None
    stopping: bool = False
    drained: frozenset[str] = frozenset()  # in the state file

    @property
    def name(self) -> str:
        """What the scenario calls it."""
        return self.spec.name

    @property
    def running(self) -> bool:
        """Whether a daemon lives on it and gets to run."""
        return self.process is not None and self.process.running

    @property
    def alive(self) -> bool:
        """Whether a daemon lives on it, running or stopped."""
        return self.process is not None and self.process.life is not ProcessLife.DEAD

    def routers(self) -> list[Router]:
        """Return the virtual routers of the daemon that lives on it."""
        return [] if self.supervisor is None or not self.alive else self.supervisor.routers

    def start(self) -> None:
        """Start a daemon, as the service manager does, unless one lives already."""
        if self.alive:
            return
        process = SimulatedProcess(self.random)
        clock = ProcessClock(self.engine, self.time, process)
        ports = Ports(
            clock=clock,
            sockets=ProcessSockets(process, self.cards),
            addresses=ProcessAddresses(self.kernel, process),
            links=ProcessLinks(self.kernel, process),
            probes=ProcessProbes(
                process, self.engine, self.services, self.random, partial(self.probed, self.name)
            ),
            etcd=ProcessEtcd(self.name, self.time, process, self.etcd),
            commands=ProcessCommands(process, self.engine, self.machine),
            heir=ProcessGuardian(process, self.engine, self.machine),
        )
        journal = Journal(clock)
        journal.listen(partial(self.heard, self.name))
        self.process = process
        self.stopping = False
        self.supervisor = Supervisor(self.spec.configuration, ports, journal, self.drained)
        self.supervisor.start()

    def stop(self, stopped: Callable[[], None]) -> None:
        """Stop the daemon in order; *stopped* is called when it ends."""
        if self.supervisor is None or not self.running or self.stopping:
            return
        self.stopping = True
        process = self.process

        def ended() -> None:
            # The process ends in a later turn: what it has begun to say is said.
            self.engine.at(self.engine.now, last)

        def last() -> None:
            if process is not None and process is self.process:
                self.die()
                stopped()

        self.supervisor.stop(ended)

    def kill(self) -> None:
        """SIGKILL the daemon; its guardian, if it has one, takes the addresses off."""
        if not self.alive:
            return
        guarded = self.spec.configuration.guardian
        self.die()
        self.machine.daemon_died(guarded=guarded)
        if guarded:
            delay = int((0.3 + 0.7 * self.random.random()) * GUARDIAN)
            guard = partial(self._guard, self.process)
            locked = partial(self.kernel.after_what_is_under_way, guard)
            self.engine.at(self.engine.now + delay, locked)

    def die(self) -> None:
        """Have the daemon gone, with its sockets and subscriptions."""
        if self.process is not None:
            self.process.kill()
        for card in self.cards.values():
            card.advertisements.clear()
            card.announcements.clear()
        self.kernel.forget_watchers()
        self.stopping = False

    def freeze(self) -> None:
        """SIGSTOP the daemon."""
        if self.process is not None:
            self.process.stop()

    def thaw(self) -> None:
        """SIGCONT the daemon."""
        if self.process is not None and not self.kernel.suspended:
            self.process.resume()
            self.kernel.go_on()

    def suspend(self) -> None:
        """Stop the whole machine."""
        self.kernel.suspended = True
        self.freeze()

    def wake(self, after: int, *, hidden: bool, frozen: bool) -> None:
        """Let the machine go on *after* so much true time.

        *hidden*: its clock does not show it. *frozen*: the daemon is still stopped.
        """
        self.time.sleep(after, hidden=hidden)
        self.kernel.suspended = False
        if self.process is not None and not frozen:
            self.process.resume()
        self.kernel.go_on()

    def _guard(self, process: SimulatedProcess | None) -> None:
        # A daemon that was started meanwhile has a guardian and leftovers of its own to see to.
        if process is self.process or self.machine.legacies:
            self.remove_addresses()
        self.machine.stop_all()

    def remove_addresses(self) -> None:
        """Take all virtual addresses off, as the guardian does."""
        for router in self.spec.configuration.virtual_routers:
            for address in router.addresses:
                if self.kernel.interfaces[router.id.place].exists:
                    self.kernel.remove(router.id.place, address)
