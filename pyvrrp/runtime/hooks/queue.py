"""Run the hooks of one virtual router one after the other."""

from collections.abc import Callable
from dataclasses import dataclass

from pyvrrp.config.model.configuration import VirtualRouterConfig
from pyvrrp.config.model.hooks import STATES, HookConfig, HookEvent
from pyvrrp.ports import Clock, CommandResult, Commands
from pyvrrp.runtime.base.counters import Counters
from pyvrrp.runtime.base.deadline_timer import DeadlineTimer
from pyvrrp.runtime.base.journal import Journal, Level
from pyvrrp.runtime.hooks.told import Told, command_of
from pyvrrp.units import MILLISECOND, SECOND, Nanoseconds, in_words, to_milliseconds

LOOK = Nanoseconds(10 * MILLISECOND)  # whether the addresses are where the state says
PATIENCE = Nanoseconds(30 * SECOND)  # after that a hook runs although the addresses are not
MOST_OUTPUT = 500  # characters in an event


@dataclass(frozen=True, slots=True)
class _WaitingHook:
    hook: HookConfig
    told: Told
    since: Nanoseconds


class HookQueue:
    """The calls of hooks that wait. Nothing starts in the callback that asked for it.

    A new state replaces the calls for earlier states that have not begun. *settled* says whether
    the addresses are where an event says.
    """

    def __init__(
        self,
        router: VirtualRouterConfig,
        node: str,
        ports: tuple[Clock, Commands],
        journal: Journal,
        counters: Callable[[], Counters],
        settled: Callable[[HookEvent], bool],
    ) -> None:
        self._router = router
        self._node = node
        self._clock, self._commands = ports
        self._journal = journal
        self._counters = counters
        self._settled = settled
        self._waiting: list[_WaitingHook] = []
        self._running = False
        self._go_on = DeadlineTimer(self._clock, self._start_next)

    @property
    def idle(self) -> bool:
        """Whether no hook runs or waits."""
        return not self._running and not self._waiting

    def configuration_is(self, router: VirtualRouterConfig) -> None:
        """Take note that the virtual router has another configuration: hooks are told of it."""
        self._router = router

    def add(self, hooks: list[HookConfig], told: Told) -> None:
        """Call *hooks* soon, in their order."""
        earlier = len(self._waiting)
        # Other events are not replaced by a state, but by a newer event of the same kind.
        replaced = STATES if told.event in STATES else (told.event,)
        self._waiting = [call for call in self._waiting if call.told.event not in replaced]
        for _ in range(earlier - len(self._waiting)):
            self._counters().add("hooks_replaced")
        now = self._clock.now()
        self._waiting += [_WaitingHook(hook, told, now) for hook in hooks]
        if not self._running:
            self._go_on.set(now)

    def run_now(self, hook: HookConfig, told: Told, done: Callable[[CommandResult], None]) -> None:
        """Run *hook* beside the queue: a claim waits for it."""
        began = self._clock.now()

        def ended(result: CommandResult) -> None:
            self._tell_end(hook, told, result, began)
            done(result)

        command = command_of(hook, self._router, told, self._node)
        self._commands.run(command, hook.timeout, ended)

    def _start_next(self) -> None:
        if self._running or not self._waiting:
            return
        call, now = self._waiting[0], self._clock.now()
        if not self._settled(call.told.event) and now - call.since < PATIENCE:
            self._go_on.set(Nanoseconds(now + LOOK))
            return
        del self._waiting[0]
        self._running = True
        self.run_now(call.hook, call.told, self._ended)

    def _ended(self, _: CommandResult) -> None:
        self._running = False
        self._start_next()

    def _tell_end(
        self, hook: HookConfig, told: Told, result: CommandResult, began: Nanoseconds
    ) -> None:
        took = Nanoseconds((self._clock.now() - began) // MILLISECOND * MILLISECOND)
        good = result.status == 0
        self._counters().add("hook_runs")
        if not good:
            self._counters().add("hook_failures")
        how = result.trouble or f"exit status {result.status}"
        text = f"hook {hook.name} for {told.event}: {how}, after {in_words(took)}"
        self._journal.record(
            "hook_ended",
            text,
            level=Level.INFO if good else Level.WARNING,
            virtual_router=self._router,
            fields={
                "hook": hook.name,
                "event": str(told.event),
                "sequence": told.sequence,
                "took_ms": to_milliseconds(took),
                "output": result.output.strip()[-MOST_OUTPUT:],
            },
        )
