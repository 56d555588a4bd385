"""Tells the guardian what to stop if this process dies, and gives it signs of life."""

from collections.abc import Callable

from pyvrrp.config.model.resources import ChainConfig
from pyvrrp.ports import Clock, Command, Guardian, StopOrder
from pyvrrp.runtime.base.deadline_timer import DeadlineTimer
from pyvrrp.runtime.resources.resource import Resource
from pyvrrp.units import MILLISECOND, Nanoseconds

SIGN_OF_LIFE = Nanoseconds(100 * MILLISECOND)


class GuardianRegistration:
    """One chain at the guardian. *intervened* is called when the guardian has stopped resources."""

    def __init__(
        self,
        router: str,
        chain: ChainConfig,
        guardian: Guardian,
        clock: Clock,
        intervened: Callable[[], None],
    ) -> None:
        self._router = router
        self._chain = chain
        self._guardian = guardian
        self._clock = clock
        self._intervened = intervened
        self._interventions = guardian.interventions()
        self._alive = DeadlineTimer(clock, self.give_sign_of_life)

    def register(self, resource: Resource) -> None:
        """Register *resource* with the guardian, before it is started."""
        order = StopOrder(
            router=self._router,
            resource=resource.config.name,
            stop=resource.command("stop"),
            timeout=resource.config.stop_timeout,
            alarm=self.power_switch(resource) if self._chain.on_stop_failure else None,
            watchdog=self._chain.watchdog if self._chain.exclusive else Nanoseconds(0),
        )
        self._guardian.register(order)
        self.give_sign_of_life()

    def unregister(self, resource: Resource) -> None:
        """Remove *resource* from the guardian: it has stopped."""
        self._guardian.withdraw(self._router, resource.config.name)

    def power_switch(self, resource: Resource) -> Command:
        """Return the command of on_stop_failure for *resource*."""
        return Command(self._chain.on_stop_failure, resource.environment("on_stop_failure"))

    def guardian_acts(self) -> bool:
        """Return whether a guardian stops resources now, so that the chain must not act."""
        if self._guardian.acting():
            return True
        interventions = self._guardian.interventions()
        if interventions != self._interventions:
            self._interventions = interventions
            if self._chain.exclusive:
                self._intervened()
        return False

    def give_sign_of_life(self) -> None:
        """Give a sign of life now and regularly from now on, if the chain needs it."""
        if self._chain.exclusive:
            self.guardian_acts()
            self._alive.set(Nanoseconds(self._clock.now() + SIGN_OF_LIFE))

    def stop_signs_of_life(self) -> None:
        """Stop the signs of life: no resource runs."""
        self._alive.set(None)
