"""The time that one machine shows: with its own origin and rate, and without suspended time."""

from collections.abc import Callable

from pyvrrp.simulator.world.engine import Engine
from pyvrrp.simulator.world.machine.process import SimulatedProcess
from pyvrrp.units import Nanoseconds

MILLION = 1_000_000


class NodeTime:
    """Translates between true time and the two clocks of one machine.

    ``now`` is what the daemon reads (CLOCK_BOOTTIME): it goes on while the machine is suspended,
    unless a hypervisor hides the gap. ``kernel_now`` is what address lifetimes are counted in
    (jiffies): it stands still meanwhile. The wall clock exists only to be stepped: nothing may
    read it.
    """

    __slots__ = (
        "_asleep_since",
        "_drift_ppm",
        "_engine",
        "_offset",
        "_rate",
        "_slept",
        "wall_step",
    )

    def __init__(self, engine: Engine, offset: Nanoseconds, drift_ppm: int) -> None:
        self._engine = engine
        self._offset = int(offset)
        self._drift_ppm = drift_ppm
        self._rate = MILLION + drift_ppm
        self._slept = 0
        self._asleep_since: int | None = None
        self.wall_step = 0

    def now(self) -> Nanoseconds:
        """Return the daemon's time."""
        now = self._engine.now
        # Nanoseconds(...) would be a call, and nothing is asked for as often as this.
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

    def fall_asleep(self) -> None:
        """The machine is suspended from now on."""
        if self._asleep_since is None:
            self._asleep_since = self._engine.now

    def sleep(self, duration: int, *, hidden: bool) -> None:
        """Take note that the machine was suspended for *duration* of true time."""
        self._slept += duration
        self._asleep_since = None
        if hidden:
            self._offset -= duration * self._rate // MILLION


class _Timer:
    """One callback that was asked for."""

    __slots__ = ("callback", "when")

    def __init__(self, when: Nanoseconds, callback: Callable[[], None]) -> None:
        self.when = when
        self.callback: Callable[[], None] | None = callback

    def cancel(self) -> None:
        """Call it off."""
        self.callback = None

    def run(self) -> None:
        """Call back, once at most."""
        callback, self.callback = self.callback, None
        if callback is not None:
            callback()


class ProcessClock:
    """The clock port of one process: after its death no timer of it fires.

    ``now`` is the node's own: it is asked too often for a call in between.
    """

    __slots__ = ("_engine", "_process", "_time", "now")

    def __init__(self, engine: Engine, time: NodeTime, process: SimulatedProcess) -> None:
        self.now: Callable[[], Nanoseconds] = time.now
        self._engine = engine
        self._time = time
        self._process = process

    def call_at(self, when: Nanoseconds, callback: Callable[[], None]) -> _Timer:
        """Call *callback* at *when* by the node's clock."""
        timer = _Timer(when, callback)
        self._engine.at(self._time.true_time(when), self._due, timer)
        return timer

    def _due(self, timer: _Timer) -> None:
        if timer.callback is None:
            return
        if self._time.now() < timer.when:
            # The clock stood still meanwhile.
            self._engine.at(self._time.true_time(timer.when), self._due, timer)
            return
        self._process.timer(timer.run)
