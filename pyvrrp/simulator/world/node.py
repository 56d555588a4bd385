"""One machine: a clock, a kernel, services, resources, and one daemon process after the other."""

from collections.abc import Collection
from random import Random

from pyvrrp.identity import Place
from pyvrrp.ports import Ports
from pyvrrp.runtime.base.journal import Journal, JournalEvent
from pyvrrp.runtime.router.router import Router
from pyvrrp.runtime.supervisor import Supervisor
from pyvrrp.simulator.scenario.scenario import NodeSpec
from pyvrrp.simulator.world.changes import Changes
from pyvrrp.simulator.world.engine import Engine, Job
from pyvrrp.simulator.world.etcd.cluster import EtcdCluster
from pyvrrp.simulator.world.etcd.port import ProcessEtcd
from pyvrrp.simulator.world.machine.clocks import NodeTime, ProcessClock
from pyvrrp.simulator.world.machine.kernel import KernelObserver, SimulatedKernel
from pyvrrp.simulator.world.machine.kernel_ports import ProcessAddresses, ProcessLinks
from pyvrrp.simulator.world.machine.process import ProcessLife, SimulatedProcess
from pyvrrp.simulator.world.machine.resource_ports import ProcessCommands
from pyvrrp.simulator.world.machine.resources import ResourceHost, ResourceObserver
from pyvrrp.simulator.world.machine.services import ProcessProbes, SimulatedService
from pyvrrp.simulator.world.network.guardian import NodeGuardian
from pyvrrp.simulator.world.network.socket_port import ProcessSockets
from pyvrrp.simulator.world.network.sockets import NetworkCard, TrafficObserver
from pyvrrp.simulator.world.trace import Trace
from pyvrrp.units import MILLISECOND, Nanoseconds

GUARDIAN = Nanoseconds(5 * MILLISECOND)  # from the daemon's death to the last address's removal


class NodeObserver(KernelObserver, ResourceObserver):
    """Is told what happens on a machine, and ignores it."""

    def traffic(self) -> TrafficObserver:
        """Return the observer of what nodes send and read."""
        return TrafficObserver()

    def daemon_event(self, node: str, event: JournalEvent) -> None:
        """A daemon has recorded something in its journal."""

    def probed(self, node: str, check: str, passed: bool) -> None:  # noqa: FBT001 - a result
        """A daemon is being told the result of a probe."""


class SimulatedNode:
    """A machine. The daemon on it is the real runtime: a Supervisor over simulated ports."""

    def __init__(
        self,
        spec: NodeSpec,
        engine: Engine,
        random: Random,
        resource_random: Random,
        kernel_delay: Nanoseconds,
        etcd: EtcdCluster,
        changes: Changes,
        trace: Trace,
        observer: NodeObserver,
    ) -> None:
        self.spec = spec
        self.name = spec.name
        self.time = NodeTime(engine, spec.offset, spec.drift_ppm)
        self.kernel = SimulatedKernel(
            spec.name, engine, self.time, random, kernel_delay, changes, trace, observer
        )
        self.cards: dict[Place, NetworkCard] = {}
        self.services = {check.name: SimulatedService(check) for check in spec.configuration.checks}
        self.resources = ResourceHost(
            spec.name,
            engine,
            resource_random,
            lambda: self.kernel.suspended,
            self.remove_addresses,
            trace,
            observer,
        )
        self.process: SimulatedProcess | None = None
        self.supervisor: Supervisor | None = None
        self.guardians_at_work: list[NodeGuardian] = []  # those of daemons that have died
        self._guardian: NodeGuardian | None = None
        self.stopping = False
        self.drained: frozenset[str] = frozenset()  # in the state file
        self._engine = engine
        self._random = random
        self._etcd = etcd
        self._trace = trace
        self._observer = observer

    def observe(self, observer: NodeObserver) -> None:
        """Tell *observer* what happens on the machine from now on, instead of another one."""
        self._observer = self.kernel.observer = self.resources.observer = observer
        for card in self.cards.values():
            card.observer = observer.traffic()

    @property
    def running(self) -> bool:
        """Whether it has a daemon that is not stopped."""
        return self.process is not None and self.process.running

    @property
    def alive(self) -> bool:
        """Whether it has a daemon, running or stopped."""
        return self.process is not None and self.process.life is not ProcessLife.DEAD

    def routers(self) -> Collection[Router]:
        """Return the virtual routers of its daemon."""
        return () if self.supervisor is None or not self.alive else self.supervisor.routers

    def start(self) -> None:
        """Start a daemon, as the service manager does, unless there is one."""
        if self.alive:
            return
        process = SimulatedProcess(self._random)
        clock = ProcessClock(self._engine, self.time, process)
        guardian = NodeGuardian(
            process,
            self._engine,
            self.time,
            self.resources,
            self.kernel,
            self.cards,
            self.guardians_at_work,
            self._random,
        )
        ports = Ports(
            clock=clock,
            sockets=ProcessSockets(process, self.cards),
            addresses=ProcessAddresses(self.kernel, process),
            links=ProcessLinks(self.kernel, process),
            probes=ProcessProbes(process, self._engine, self.services, self._random, self._probed),
            etcd=ProcessEtcd(self.name, self.time, process, self._etcd),
            commands=ProcessCommands(process, self._engine, self.resources),
            guardian=guardian,
        )
        journal = Journal(clock)
        journal.listen(self._recorded)
        self.process = process
        self._guardian = guardian
        self.stopping = False
        self.supervisor = Supervisor(self.spec.configuration, ports, journal, self.drained)
        self.supervisor.start()

    def stop(self, stopped: Job) -> None:
        """Stop the daemon in order; *stopped* is called when it ends."""
        if self.supervisor is None or not self.running or self.stopping:
            return
        self.stopping = True
        process = self.process

        def ended() -> None:
            # The process ends in a later turn, when it has sent what it is sending.
            self._engine.after(0, last)

        def last() -> None:
            if process is not None and process is self.process:
                self.die()
                stopped()

        self.supervisor.stop(ended)

    def kill(self) -> None:
        """SIGKILL the daemon; its guardian, if it has one, hands over or removes addresses."""
        if not self.alive:
            return
        guarded = self.spec.configuration.guardian
        self.die()
        self.resources.daemon_died(guarded=guarded)
        if guarded and self._guardian is not None:
            delay = int((0.3 + 0.7 * self._random.random()) * GUARDIAN)
            self._guardian.daemon_died(delay, self.spec.configuration.virtual_routers)

    def die(self) -> None:
        """End the daemon, with its sockets and subscriptions."""
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
        """Let the machine go on *after* this much true time.

        *hidden*: its clock does not show it. *frozen*: the daemon is still stopped.
        """
        self.time.sleep(after, hidden=hidden)
        self.kernel.suspended = False
        if self.process is not None and not frozen:
            self.process.resume()
        self.kernel.go_on()

    def remove_addresses(self) -> None:
        """Take all virtual addresses off, as the guardian does."""
        for router in self.spec.configuration.virtual_routers:
            for address in router.addresses:
                if self.kernel.interfaces[router.id.place].exists:
                    self.kernel.remove(router.id.place, address)

    def _recorded(self, event: JournalEvent) -> None:
        self._trace.event(self.name, event)
        self._observer.daemon_event(self.name, event)

    def _probed(self, check: str, passed: bool) -> None:  # noqa: FBT001 - a result
        self._observer.probed(self.name, check, passed)
