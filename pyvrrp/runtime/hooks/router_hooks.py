"""The hooks of one virtual router: which event each of them hears, and what a veto does."""

from collections.abc import Sequence

from pyvrrp.config.model.hooks import STATES, HookConfig, HookEvent
from pyvrrp.ports import CommandResult, Ports
from pyvrrp.runtime.base.deadline_timer import DeadlineTimer
from pyvrrp.runtime.base.journal import Journal, JournalEvent
from pyvrrp.runtime.hooks.queue import HookQueue
from pyvrrp.runtime.hooks.told import Told
from pyvrrp.runtime.router.concern import BaseConcern
from pyvrrp.runtime.router.router import Router
from pyvrrp.units import SECOND, Nanoseconds
from pyvrrp.virtual_router.rules.admission import STARTING, STOPPING
from pyvrrp.virtual_router.states import name as name_of

ASK_AGAIN = Nanoseconds(5 * SECOND)  # after a veto


class RouterHooks(BaseConcern):
    """Hears the journal, and calls hooks later. As a concern it has a claim wait for PRE_MASTER.

    A hook that cannot be run, or is killed at its deadline, is no veto: a broken program must not
    keep the addresses from every node.
    """

    name = "hooks"

    def __init__(
        self,
        router: Router,
        hooks: Sequence[HookConfig],
        node: str,
        ports: Ports,
        journal: Journal,
    ) -> None:
        self._router = router
        self._hooks = tuple(hooks)
        self._last: HookEvent | None = None  # the state that hooks heard last
        self._previous = "INIT"
        self._sequence = 0
        self._claim = 0  # the number of the claim that is asked for
        self._to_ask: list[HookConfig] | None = None  # None: this claim has not asked yet
        self._answered = False
        self._veto = ""
        self._clock = ports.clock
        self._again = DeadlineTimer(ports.clock, self._forget_veto)
        self._queue = HookQueue(
            router.config,
            node,
            (ports.clock, ports.commands),
            journal,
            lambda: router.counters,
            self._is_settled,
        )
        self._journal = journal
        journal.listen(self._happened)

    @property
    def idle(self) -> bool:
        """Whether no hook runs or waits."""
        return self._queue.idle

    def configuration_changed(self) -> None:
        """Take note of other addresses, which hooks are told."""
        self._queue.configuration_is(self._router.config)

    def stop(self) -> None:
        """End for good: a reload has removed the router. Its last hooks run to their end."""
        self.stopped()
        self._journal.forget(self._happened)

    def stopped(self) -> None:
        """Take note that the router has left for good: its addresses are gone."""
        self._state_is(HookEvent.STOP, STOPPING)

    def claim_due(self) -> None:
        """Run the hooks that come before a claim, once for each claim."""
        asked = self._for(HookEvent.PRE_MASTER)
        if asked and self._to_ask is None:
            self._to_ask = asked
            self._ask_next(self._claim)

    def may_claim(self) -> str | None:
        """Return None if every hook has ended and none has a veto."""
        if self._answered or not self._for(HookEvent.PRE_MASTER):
            return None
        return self._veto or "its hooks for pre_master"

    def claimed(self) -> None:
        """Take note that the router has become MASTER: the next claim asks anew."""
        self._forget_claim()

    def released(self) -> None:
        """Take note that the claim is off: the next one asks anew."""
        self._forget_claim()

    def _ask_next(self, claim: int) -> None:
        if claim != self._claim or self._to_ask is None:
            return  # that claim is over
        if not self._to_ask:
            self._answered = True
            self._router.retry_claim()
            return
        hook = self._to_ask.pop(0)

        def ended(result: CommandResult) -> None:
            if claim != self._claim:
                return
            if hook.veto and result.status not in {0, None}:
                self._router.count("hook_vetoes")
                self._veto = f"hook {hook.name}, which forbids it"
                self._again.set(Nanoseconds(self._clock.now() + ASK_AGAIN))
                return
            self._ask_next(claim)

        told = self._told(HookEvent.PRE_MASTER, self._router.reason)
        self._queue.run_now(hook, told, ended)

    def _forget_claim(self) -> None:
        self._claim += 1
        self._to_ask = None
        self._answered = False
        self._veto = ""
        self._again.set(None)

    def _forget_veto(self) -> None:
        self._forget_claim()
        self._router.retry_claim()

    def _happened(self, event: JournalEvent) -> None:
        # A reload may have given the router another configuration meanwhile.
        if event.virtual_router is None or event.virtual_router.id != self._router.config.id:
            return
        match event.name:
            case "transition":
                self._previous = str(event.fields["from"])
                self._transition(str(event.fields["to"]), str(event.fields["reason"]))
            case "waiting":
                self._transition("INIT", str(event.fields["reason"]))
            case "split_brain":
                self._call(HookEvent.LOWER_PRIORITY, event.text)
            case _:
                pass

    def _transition(self, state: str, reason: str) -> None:
        match state:
            case "MASTER":
                self._state_is(HookEvent.MASTER, reason)
            case "BACKUP":
                self._state_is(HookEvent.BACKUP, reason)
            case _ if self._router.operator.stops:
                pass  # `stopped` tells it, when everything is gone
            case _ if reason != STARTING:
                self._state_is(HookEvent.FAULT, reason)

    def _is_settled(self, event: HookEvent) -> bool:
        """Return whether the addresses are where *event* says; after a stop nothing is waited for.

        A master that has given way keeps them for a moment.
        """
        if event not in STATES or event is HookEvent.STOP:
            return True
        keeper = self._router.addresses.keeper
        return keeper.idle if event is HookEvent.MASTER else keeper.gone

    def _state_is(self, state: HookEvent, reason: str) -> None:
        if state is not self._last:
            self._last = state
            self._call(state, reason)

    def _call(self, event: HookEvent, reason: str) -> None:
        self._queue.add(self._for(event), self._told(event, reason))

    def _told(self, event: HookEvent, reason: str) -> Told:
        self._sequence += 1
        heard = self._router.last_heard
        return Told(
            event,
            name_of(self._router.state) if event is not HookEvent.MASTER else "MASTER",
            self._previous,
            reason,
            self._sequence,
            self._router.priority,
            None if heard is None else heard.sender,
        )

    def _for(self, event: HookEvent) -> list[HookConfig]:
        return [hook for hook in self._hooks if event in hook.on]
