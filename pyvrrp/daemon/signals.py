"""What signals do to the daemon. Only SIGTERM and SIGINT end it.

SIGHUP, SIGUSR1 and SIGUSR2 mean what administrators know from keepalived. Other signals that end a
process by default have no effect. They are handled and not ignored, because a program that the
daemon starts would inherit what is ignored. SIGTTIN and SIGTTOU are ignored: the kernel would send
them again and again to a handler. Python ignores SIGPIPE.
"""

import signal
from collections.abc import Callable, Mapping

from pyvrrp.ports import Clock
from pyvrrp.runtime.base.counters import Counters
from pyvrrp.runtime.base.journal import Journal
from pyvrrp.runtime.router.view import view_of
from pyvrrp.runtime.supervisor import Supervisor
from pyvrrp.virtual_router import states

IGNORED = (signal.SIGTTIN, signal.SIGTTOU)
WITHOUT_EFFECT: tuple[int, ...] = (
    *(signal.SIGALRM, signal.SIGVTALRM, signal.SIGPROF),
    *(signal.SIGIO, signal.SIGPWR, signal.SIGQUIT),
    *range(signal.SIGRTMIN, signal.SIGRTMAX + 1),
)


def nothing() -> None:
    """Do nothing: the answer to the signals of `WITHOUT_EFFECT`."""


class SignalReports:
    """What an administrator asks the daemon for by a signal. The answer is in the log."""

    def __init__(
        self,
        supervisor: Supervisor,
        clock: Clock,
        journal: Journal,
        reload: Callable[[], None] = nothing,
    ) -> None:
        """*reload* has the configuration read again; it returns at once."""
        self._supervisor = supervisor
        self._reload = reload
        self._clock = clock
        self._journal = journal

    def handlers(self) -> Mapping[int, Callable[[], None]]:
        """Return what each signal does, apart from those that end the daemon."""
        return {
            **dict.fromkeys(WITHOUT_EFFECT, nothing),
            signal.SIGHUP: self._reload,
            signal.SIGUSR1: self.write_status,
            signal.SIGUSR2: self.write_counters,
        }

    def write_status(self) -> None:
        """Write the state of each virtual router, with its reason."""
        now = self._clock.now()
        for router in self._supervisor.routers:
            view = view_of(router, now)
            present = ", ".join(
                str(one) for one in view.config.all_addresses if one in view.present
            )
            state = states.name(view.state)
            self._journal.record(
                "status",
                f"{state}: {view.reason}; priority {view.priority}, "
                f"master {view.master or 'unknown'}, addresses here: {present or 'none'}",
                virtual_router=view.config,
                fields={
                    "state": state,
                    "reason": view.reason,
                    "priority": view.priority,
                    "master": str(view.master or ""),
                    "addresses": present,
                },
            )

    def write_counters(self) -> None:
        """Write the counters of each virtual router and interface that are not 0."""
        for router in self._supervisor.routers:
            counts = _not_zero(router.counters)
            self._journal.record(
                "counters", counts, virtual_router=router.config, fields={"counts": counts}
            )
        for place, interface in self._supervisor.interfaces.items():
            counts = _not_zero(interface.counters)
            self._journal.record(
                "counters",
                f"{place}: {counts}",
                fields={"interface": str(place), "counts": counts},
            )


def _not_zero(counters: Counters) -> str:
    counts = counters.snapshot()
    return ", ".join(f"{name} {count}" for name, count in counts.items() if count) or "all 0"
