"""The services that are probed: they answer, fail, hang or flap; and the prober itself."""

from collections.abc import Callable
from functools import partial
from random import Random

from pyvrrp.config.model.configuration import CheckConfig, ProbeConfig
from pyvrrp.ports import ProbeResult, Probes
from pyvrrp.simulator.scenario.fault import ServiceHealth
from pyvrrp.simulator.world.engine import Engine
from pyvrrp.simulator.world.machine.process import SimulatedProcess
from pyvrrp.units import MILLISECOND, Nanoseconds, in_words

QUICKEST = MILLISECOND  # a healthy service answers within one to five of these

_PASSED = ProbeResult(True, "HTTP 200")


class SimulatedService:
    """One service of one node, seen by one check."""

    __slots__ = ("check", "delay", "health", "since", "waiting")

    def __init__(self, check: CheckConfig) -> None:
        self.check = check
        self.health = ServiceHealth.OK
        self.delay = 0  # ns
        self.since = 0  # true time
        self.waiting: list[Callable[[], None]] = []  # results that a stuck prober has not given

    def becomes(self, health: ServiceHealth, delay: int, now: int) -> None:
        """Change how the service answers from now on."""
        self.health, self.delay, self.since = health, delay, now
        waiting, self.waiting = self.waiting, []
        for ended in waiting:
            ended()

    @property
    def good(self) -> bool:
        """Whether every probe passes."""
        slow_but_in_time = (
            self.health is ServiceHealth.SLOW and self.delay < self.check.policy.timeout
        )
        return self.health is ServiceHealth.OK or slow_but_in_time

    @property
    def bad(self) -> bool:
        """Whether no probe passes."""
        return not self.good and self.health is not ServiceHealth.FLAPPING

    def answer(self, now: int, random: Random) -> tuple[ProbeResult, int] | None:
        """Return what a probe sees and how long that takes; None: it never ends."""
        prompt = int((1 + 4 * random.random()) * QUICKEST)
        if self.good:
            slow = self.health is ServiceHealth.SLOW
            return _PASSED, self.delay if slow else min(prompt, self.check.policy.timeout // 2)
        match self.health:
            case ServiceHealth.STUCK:
                return None
            case ServiceHealth.HANG | ServiceHealth.SLOW:
                return self._timed_out()
            case ServiceHealth.REFUSED:
                return ProbeResult(False, "connection refused"), prompt
            case ServiceHealth.ERROR_500:
                return ProbeResult(False, "HTTP 500"), prompt
            case _:
                if (now - self.since) // max(self.delay, 1) % 2 == 0:
                    return ProbeResult(False, "HTTP 503"), prompt
                return _PASSED, min(prompt, self.check.policy.timeout // 2)

    def _timed_out(self) -> tuple[ProbeResult, int]:
        timeout = self.check.policy.timeout
        return ProbeResult(False, f"timed out after {in_words(timeout)}"), timeout


class _Probe:
    """One probe of a service."""

    __slots__ = ("done",)

    def __init__(self, done: Callable[[ProbeResult], None]) -> None:
        self.done: Callable[[ProbeResult], None] | None = done

    def cancel(self) -> None:
        """Forget it."""
        self.done = None


class ProcessProbes(Probes):
    """The probes port of one process; *seen* is called with each result that the daemon gets."""

    def __init__(
        self,
        process: SimulatedProcess,
        engine: Engine,
        services: dict[str, SimulatedService],
        random: Random,
        seen: Callable[[str, bool], None],
    ) -> None:
        self._process = process
        self._engine = engine
        self._services = {id(service.check.probe): service for service in services.values()}
        self._random = random
        self._seen = seen

    def start(
        self, probe: ProbeConfig, timeout: Nanoseconds, done: Callable[[ProbeResult], None]
    ) -> _Probe:
        """Probe once."""
        del timeout  # the service has that of its check
        service = self._services[id(probe)]
        under_way = _Probe(done)
        answer = service.answer(self._engine.now, self._random)
        name, end = service.check.name, self._process.io
        if answer is None:
            late = ProbeResult(False, "timed out")
            service.waiting.append(partial(end, self._ended, under_way, name, late))
        else:
            result, delay = answer
            self._engine.after(delay, end, self._ended, under_way, name, result)
        return under_way

    def _ended(self, probe: _Probe, check: str, result: ProbeResult) -> None:
        if probe.done is not None:
            self._seen(check, result.passed)
            probe.done(result)
