"""Watch a server and take its address when the server fails. No VRRP is involved.

The address is taken only after `fall` failures in a row, with the link up, and after three probes
to which no host answered. It has an address lease like that of a virtual router. It is removed when
the link goes down, when this process did not run for longer than the lease, or when another host
claims it.
"""

from collections.abc import Callable, Collection
from enum import Enum, auto

from pyvrrp.config.model.takeover import TakeoverConfig
from pyvrrp.errors import KernelError
from pyvrrp.fencing.hold_down import HoldDownState
from pyvrrp.identity import InterfaceAddress
from pyvrrp.ports import Claim, Handle, InterfaceState, Ports
from pyvrrp.runtime.addresses.address_keeper import AddressKeeper
from pyvrrp.runtime.addresses.announcer import Announcer
from pyvrrp.runtime.addresses.lease_renewals import LeaseRenewals
from pyvrrp.runtime.addresses.neighbour_query import Answer
from pyvrrp.runtime.base.counters import VIRTUAL_ROUTER_COUNTERS, Counters
from pyvrrp.runtime.base.deadline_timer import DeadlineTimer
from pyvrrp.runtime.base.journal import Journal, Level
from pyvrrp.runtime.takeover.address_neighbours import AddressNeighbours
from pyvrrp.runtime.takeover.watched_server import WatchedServer
from pyvrrp.units import MILLISECOND, SECOND, Nanoseconds, in_words

KERNEL_BUDGET = Nanoseconds(500 * MILLISECOND)
STOP_BUDGET = Nanoseconds(5 * SECOND)  # to remove the address; the address lease ends by itself
YOUNG = Nanoseconds(3 * SECOND)  # two hosts that took it together decide within this time


class TakeoverPhase(Enum):
    """What this host does about the address."""

    WATCHING = auto()
    ASKING = auto()  # the neighbours whether a host has it
    HOLDING = auto()  # the kernel was asked to add it, and perhaps has
    RELEASING = auto()
    STOPPING = auto()
    STOPPED = auto()


class Takeover:
    """One watched server and its address. *refused* is called if the start is not possible."""

    def __init__(
        self,
        config: TakeoverConfig,
        ports: Ports,
        journal: Journal,
        refused: Callable[[str], None],
    ) -> None:
        self.phase = TakeoverPhase.WATCHING
        self._config = config
        self._ports = ports
        self._clock = ports.clock
        self._journal = journal
        self._refused = refused
        self._router = config.router
        self._place = config.router.id.place
        self._address = config.router.addresses[0]
        counters = Counters(VIRTUAL_ROUTER_COUNTERS)
        self._server = WatchedServer(config.check, ports, journal, self._seen)
        self._neighbours = AddressNeighbours(
            self._place, self._address.ip, ports, journal, self._claimed
        )
        renewals = LeaseRenewals(ports.clock, ports.addresses, KERNEL_BUDGET)
        self._address_keeper = AddressKeeper(self._router, ports, journal, counters, self, renewals)
        self._announcer = Announcer(
            *(self._router, ports.clock, self._neighbours, journal, counters),
            may_announce=self.may_hold,
        )
        self._state: InterfaceState | None = None
        self._link: Handle | None = None
        self._obstacle = ""
        self._rival_heard = False
        self._conflicts = HoldDownState()
        self._taken_at = ports.clock.now()
        self._alive_at = ports.clock.now()
        self._stopped: Callable[[], None] | None = None
        self._give_up = DeadlineTimer(ports.clock, self._stop_all_the_same)
        self._settle = DeadlineTimer(ports.clock, self._look_for_rival)

    def start(self) -> None:
        """Watch the interface, then the server."""
        self._link = self._ports.links.watch(self._place, self._interface_changed)

    def stop(self, stopped: Callable[[], None]) -> None:
        """Remove the address if it is held, then call *stopped*."""
        self._stopped = stopped
        self._server.stop()
        held = self.phase in {TakeoverPhase.HOLDING, TakeoverPhase.RELEASING}
        if self.phase is TakeoverPhase.HOLDING:
            self._let_go("stopping")
        self.phase = TakeoverPhase.STOPPING
        if held:
            self._give_up.set(Nanoseconds(self._clock.now() + STOP_BUDGET))
        else:
            self._finish_stopping()

    # --- observations ---

    def _interface_changed(self, state: InterfaceState) -> None:
        before, self._state = self._state, state
        self._neighbours.interface_changed(state)
        if before is None:
            if self._present(state):
                self._refused(self._already_there(state))
                return
            self._server.start()
        if before is None or before.up != state.up or before.device != state.device:
            self._link_changed(state)
        if self.phase is TakeoverPhase.HOLDING:
            self._announcer.interface_changed()
            self._address_keeper.observe(state)

    def _link_changed(self, state: InterfaceState) -> None:
        # Failures while this host had no link say nothing about the server.
        self._server.reset_counts()
        obstacle = self._link_obstacle(state)
        if self.phase is TakeoverPhase.ASKING:
            self._stop_asking()
        if self.phase is TakeoverPhase.HOLDING:
            self._let_go(obstacle or f"{self._place} is another interface now")
        self._explain(obstacle)

    def _seen(self) -> None:
        """Act on the newest result of the check."""
        if self.phase is TakeoverPhase.WATCHING and self._server.failed:
            self._consider()
        elif self.phase is TakeoverPhase.ASKING and self._server.passes:
            self._stop_asking()
        elif self.phase is TakeoverPhase.HOLDING and self._server.passed:
            self._let_go(f"{self._config.check.name} passes: {self._server.reason}")

    def _consider(self) -> None:
        obstacle = self._why_not()
        if obstacle:
            self._explain(obstacle)
        else:
            self.phase = TakeoverPhase.ASKING
            self._neighbours.ask(self._answered)

    def _answered(self, answer: Answer) -> None:
        self.phase = TakeoverPhase.WATCHING
        # The situation may have changed while the neighbours were asked.
        obstacle = answer.error or self._why_not()
        self._explain(obstacle)
        if obstacle:
            return
        if answer.claim is None:
            self._take(f"nobody answers for {self._address.ip}", forced=False)
        elif self._config.force:
            holder = answer.claim.mac.hex(":")
            self._take(f"although {self._address.ip} is at {holder}", forced=True)
        else:
            self._name(answer.claim.mac)

    def _claimed(self, claim: Claim) -> None:
        """Handle the claim of another host that it has the address."""
        if self.phase is not TakeoverPhase.HOLDING or self._state is None:
            return
        mac = claim.mac.hex(":")
        self._journal.warn_rarely(
            "address_conflict",
            f"{claim.address} is claimed by {mac} too",
            virtual_router=self._router,
            fields={"address": str(claim.address), "mac": mac},
        )
        if self._config.force:
            return
        young = self._clock.now() - self._taken_at < YOUNG
        if young and self._state.mac < claim.mac:
            # Two hosts took it at once: the one with the lower MAC keeps it, unless the other one
            # keeps it too.
            self._rival_heard = True
            return
        # A hold-down, because a host that claims only while the address is here would otherwise
        # make this host take and remove it for ever.
        self._conflicts = self._conflicts.closed(self._clock.now())
        self._let_go(f"{claim.address} is at {mac}")

    # --- actions ---

    def _take(self, found: str, *, forced: bool) -> None:
        self.phase = TakeoverPhase.HOLDING
        self._taken_at = self._alive_at = self._clock.now()
        self._rival_heard = False
        watched = "" if self._config.release_when_back else f"; {self._config.check.name} rests"
        failed = f"{self._config.check.name} fails: {self._server.reason}"
        self._journal.record(
            "taken_over",
            f"takes {self._address}: {failed}; {found}{watched}",
            level=Level.ERROR if forced else Level.WARNING,
            virtual_router=self._router,
            fields={"address": str(self._address), "reason": failed, "forced": forced},
        )
        if not self._config.release_when_back:
            # The check may use the address that is here now, so it would check this host.
            self._server.stop()
        self._settle.set(Nanoseconds(self._taken_at + YOUNG))
        self._address_keeper.take()

    def _let_go(self, reason: str) -> None:
        self.phase = TakeoverPhase.RELEASING
        self._journal.record(
            "let_go",
            f"lets {self._address} go: {reason}",
            virtual_router=self._router,
            fields={"address": str(self._address), "reason": reason},
        )
        # The address is removed first. The rest can wait.
        self._address_keeper.let_go()
        self._announcer.stop()
        self._settle.set(None)

    def _name(self, mac: bytes) -> None:
        who = mac.hex(":")
        self._journal.warn_rarely(
            "address_in_use",
            f"does not take {self._address}: it is at {who}; looks again at each further failure",
            virtual_router=self._router,
            fields={"address": str(self._address), "mac": who},
        )

    def _stop_asking(self) -> None:
        self._neighbours.cancel()
        self.phase = TakeoverPhase.WATCHING

    def _look_for_rival(self) -> None:
        """Ask once more: two hosts may have taken it at once, and only one should be left."""
        if self._rival_heard:
            self._announcer.announce_now()
        self._neighbours.ask_once()

    # --- called by the address keeper ---

    may_add_until = None  # the address may be added at any time

    def may_add(self) -> bool:
        """Return True: the address is added only after `_take` has decided it."""
        return True

    def may_hold(self) -> bool:
        """Return whether the address lease may be renewed."""
        if self.phase is not TakeoverPhase.HOLDING:
            return False
        now = self._clock.now()
        late = Nanoseconds(now - self._alive_at)
        if self._router.lease and late > self._router.lease * SECOND:
            # Another host may have it by now, so ask again before it is taken again.
            self._clock.call_at(now, lambda: self._stalled(late))
            return False
        self._alive_at = now
        return True

    def _stalled(self, late: Nanoseconds) -> None:
        if self.phase is TakeoverPhase.HOLDING:
            self._let_go(f"stalled for {in_words(late)}, longer than the lease")

    def addresses_taken(self) -> None:
        """Announce the address: the kernel has added it."""
        if self.phase is TakeoverPhase.HOLDING:
            self._announcer.start()

    def addresses_gone(self) -> None:
        """Go on: the kernel has removed the address."""
        if self.phase is TakeoverPhase.STOPPING:
            self._finish_stopping()
        elif self.phase is TakeoverPhase.RELEASING:
            self.phase = TakeoverPhase.WATCHING
            if not self._config.release_when_back:
                self._server.start()
            self._server.reset_counts()

    def addresses_refused(self, error: KernelError) -> None:
        """Give up the address for now: the kernel refuses it."""
        if self.phase is TakeoverPhase.HOLDING:
            self._journal.warn_rarely("kernel_refused", str(error), virtual_router=self._router)
            self._let_go(str(error))

    def addresses_restored(self, addresses: Collection[InterfaceAddress]) -> None:
        """Announce the address again: it had been removed by another program."""
        self._announcer.announce_now([address.ip for address in addresses])

    # --- reasons ---

    def _why_not(self) -> str:
        """Return why this host cannot take the address; empty if it can."""
        state = self._state or InterfaceState()
        if obstacle := self._link_obstacle(state):
            return obstacle
        if not self._neighbours.reachable:
            return f"the neighbours on {self._place} cannot be asked"
        if self._present(state):
            return self._already_there(state)
        return self._held_back()

    def _held_back(self) -> str:
        until = self._conflicts.may_open_at(self._router.hold_down, nobody_serves=False)
        if until is None or self._clock.now() >= until:
            return ""
        pause = Nanoseconds(until - self._conflicts.closings[-1])
        return f"another host claimed it while it was here, so for {in_words(pause)} it stays away"

    def _link_obstacle(self, state: InterfaceState) -> str:
        if not state.exists:
            return f"there is no interface {self._place}"
        return "" if state.up else f"the link of {self._place} is down"

    def _present(self, state: InterfaceState) -> list[InterfaceAddress]:
        return [address for address in state.addresses if address.ip == self._address.ip]

    def _already_there(self, state: InterfaceState) -> str:
        found = self._present(state)[0]
        if found in state.ours:
            who = "pyvrrp put it there: another one runs, or one was killed and its lease runs out"
        else:
            who = "pyvrrp did not put it there, and leaves it alone"
        return f"{found} is on {self._place} already: {who}"

    def _explain(self, obstacle: str) -> None:
        if obstacle == self._obstacle:
            return
        self._obstacle = obstacle
        if obstacle:
            self._journal.record(
                "takeover_waits",
                f"cannot take {self._address}: {obstacle}",
                level=Level.WARNING,
                virtual_router=self._router,
                fields={"reason": obstacle},
            )

    def _stop_all_the_same(self) -> None:
        self._journal.warn_rarely(
            "stop_incomplete",
            "the kernel has not confirmed that the address is gone; stopping all the same",
            virtual_router=self._router,
        )
        self._finish_stopping()

    def _finish_stopping(self) -> None:
        self.phase = TakeoverPhase.STOPPED
        self._give_up.set(None)
        self._neighbours.stop()
        if self._link is not None:
            self._link.cancel()
        if self._stopped is not None:
            self._stopped()
