"""The clocks of one machine: they have an origin and a rate of their own."""

from collections.abc import Callable

from pyvrrp.simulator.world.engine import Engine
from pyvrrp.simulator.world.machine.process import ProcessLife, SimulatedProcess
from pyvrrp.units import Nanoseconds

MILLION = 1_000_000


class NodeTime:
    """Translates between true time and the two clocks of one machine.

    ``now`` is what the daemon reads (CLOCK_BOOTTIME): it goes on while the machine is suspended,
    unless a hypervisor hides the gap. The kernel counts address lifetimes in ``kernel_now``
    (jiffies), which stands still meanwhile. The wall clock can only be stepped: nothing reads it.
    """

    __slots__ = (
        "_asleep_since",
        "_drift_ppm",
        "_engine",
        "_offset",
        "_rate",
        "_slept",
        *("hidden", "wall_step"),
    )

    def __init__(self, engine: Engine, offset: Nanoseconds, drift_ppm: int) -> None:
        self._engine = engine
        self._offset = int(offset)
        self._drift_ppm = drift_ppm
        self._rate = MILLION + drift_ppm
        self._slept = 0
        self._asleep_since: int | None = None
        self.hidden = 0  # how often a gap was hidden from the clock
        self.wall_step = 0

    def now(self) -> Nanoseconds:
        """Return the daemon's time."""
        now = self._engine.now
        # Nanoseconds(...) would be one more call in the function that is called most often.
        return self._offset + now + now * self._drift_ppm // MILLION  # type: ignore[return-value]

    def true_time(self, when: int) -> int:
        """Return the first true instant at which the daemon's clock shows *when*."""
        return -(-(when - self._offset) * MILLION // self._rate)

    def kernel_now(self) -> int:
        """Return the time that the kernel counts lifetimes in."""
        now = self._engine.now if self._asleep_since is None else self._asleep_since
        return (now - self._slept) * self._rate // MILLION

    def true_kernel_time(self, when: int) -> int:
        """Return the first true instant at which the kernel's time is *when*."""
        return self._slept - (-when * MILLION // self._rate)

    def asleep_for(self) -> int:
        """Return for how long the machine has been suspended, by its clock; 0: it is not."""
        if self._asleep_since is None:
            return 0
        return (self._engine.now - self._asleep_since) * self._rate // MILLION

    def fall_asleep(self) -> None:
        """Record that the machine is suspended from now on."""
        if self._asleep_since is None:
            self._asleep_since = self._engine.now

    def sleep(self, duration: int, *, hidden: bool) -> None:
        """Record that the machine was suspended for *duration* of true time."""
        self._slept += duration
        self._asleep_since = None
        if hidden:
            self.hidden += 1
            self._offset -= duration * self._rate // MILLION


class _Timer:
    """One callback that is planned."""

    __slots__ = ("callback", "hidden", "when")

    def __init__(self, when: Nanoseconds, callback: Callable[[], None], hidden: int) -> None:
        self.when = when
        self.hidden = hidden  # of the clock, when its due time was worked out
        self.callback: Callable[[], None] | None = callback

    def cancel(self) -> None:
        """Cancel it."""
        self.callback = None

    def run(self) -> None:
        """Call back, once at most."""
        callback, self.callback = self.callback, None
        if callback is not None:
            callback()


class ProcessClock:
    """The clock port of one process: after its death no timer of it fires.

    ``now`` is that of the node itself, because it is called very often.
    """

    __slots__ = ("_engine", "_process", "_time", "now")

    def __init__(self, engine: Engine, time: NodeTime, process: SimulatedProcess) -> None:
        self.now: Callable[[], Nanoseconds] = time.now
        self._engine = engine
        self._time = time
        self._process = process

    def call_at(self, when: Nanoseconds, callback: Callable[[], None]) -> _Timer:
        """Call *callback* at *when* by the node's clock."""
        timer = _Timer(when, callback, self._time.hidden)
        self._engine.at(self._time.true_time(when), self._due, timer)
        return timer

    def _due(self, timer: _Timer) -> None:
        callback, time = timer.callback, self._time
        if callback is None:
            return
        if timer.hidden != time.hidden and time.now() < timer.when:
            # The clock stood still meanwhile: it is not due yet.
            timer.hidden = time.hidden
            self._engine.at(time.true_time(timer.when), self._due, timer)
        elif self._process.life is ProcessLife.RUNNING:
            timer.callback = None
            callback()
        else:
            self._process.timer(timer.run)
