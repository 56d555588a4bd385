"""One experiment: routers and a client on a segment, observed while the lab breaks things."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from drivers import RouterDaemon
from experiments.network import PairNetwork
from pyvrrp.testing.errors import BenchError
from pyvrrp.testing.measure.outages import Observation
from pyvrrp.testing.segment import Host, Segment
from results.judging import judge, outage_spans
from results.lanes import lane, telling_marks
from results.measures import Measures, Window, measure
from results.result import ChangeResult, Check, ExperimentResult, Mark
from results.setting import TWO_PYVRRP, ChangeLimits, RouterSpec, Setting
from results.timeline import LabEvent, Timeline

_START_PATIENCE = 15.0
# A Linux client accepts no second change of a neighbour within a second (neigh/*/locktime).
_DWELL = 1.2


@dataclass(slots=True)
class Change:
    """One thing the lab did to move the address from *old* to *new*."""

    title: str
    start: float
    old: str
    new: str
    limits: ChangeLimits
    sudden: bool = False  # *old* falls silent: the overshoot over the protocol's limit counts
    end: float = 0.0


class Experiment:
    """Use it as a context manager; `result` after it has been left."""

    def __init__(
        self,
        title: str,
        setting: Setting,
        members: Sequence[RouterSpec] = TWO_PYVRRP,
        listen: Callable[[LabEvent], None] | None = None,
    ) -> None:
        self.title = title
        self.setting = setting
        self.members = members
        self.timeline = Timeline(listen)
        self.changes: list[Change] = []
        self.checks: list[Check] = []
        self.marks: list[Mark] = []
        self._observed: Observation | None = None
        self._error = ""
        self._begun = time.time()
        self._ended = 0.0

    def __enter__(self) -> Self:
        self._stage = PairNetwork(self.setting, self.members, self.timeline)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool:
        """Stop everything. A BenchError becomes a part of the result: the next may still run."""
        try:
            if isinstance(error, BenchError):
                self._error = str(error)
            if error is None or self._error:
                self._observed = self._stage.stop_client()
        except BenchError as failure:
            self._error = self._error or str(failure)
        finally:
            self._ended = time.time()
            self._stage.close()
        return isinstance(error, BenchError)

    @property
    def segment(self) -> Segment:
        """The segment with its switch."""
        return self._stage.topology.segment

    @property
    def routers(self) -> Mapping[str, RouterDaemon]:
        """The routers by name: r1, r2."""
        return self._stage.routers

    @property
    def error(self) -> str:
        """Why it was broken off; empty if it was not."""
        return self._error

    @property
    def address(self) -> str:
        """The virtual address the client asks."""
        return self._stage.address

    def host(self, node: str) -> Host:
        """Return the host of that name."""
        return self._stage.host(node)

    # --- acting -----------------------------------------------------------------------------

    def start(self, *nodes: str) -> None:
        """Start these routers (all); wait until the best has the address and the others listen."""
        for node in nodes or tuple(self.routers):
            self.routers[node].start()
        best = max(self.routers, key=lambda node: self.routers[node].settings.priority)
        patience = 2 * self.setting.master_down_interval(1) + _START_PATIENCE
        self.wait_for_master(best, patience)
        for other in self.routers.keys() - {best}:
            self._wait_for_backup(other, patience)
        time.sleep(2 * self.setting.interval)
        if self.setting.client and not self._stage.client_started:
            self._stage.start_client()

    def _wait_for_backup(self, node: str, patience: float) -> None:
        """Wait until *node* listens: what happens before is no fail-over that can be judged."""

        def listens() -> bool:
            states = self.timeline.events("state", node)
            return bool(states) and states[-1].what.get("state") == "BACKUP"

        try:
            self.timeline.wait(listens, patience, f"{node} to be BACKUP")
        except BenchError as error:
            raise BenchError(f"{error}{self._said()}") from error

    def wait_for_master(self, node: str, patience: float, after: float = 0.0) -> None:
        """Wait until *node* advertises, and it alone holds the address."""
        others = [other for other in self.routers if other != node]

        def alone() -> bool:
            return (
                bool(self.timeline.advertisements(node, after=after))
                and self.timeline.holds(node, self.address)
                and not any(self.timeline.holds(other, self.address) for other in others)
            )

        try:
            self.timeline.wait(alone, patience, f"{node} to hold {self.address} alone")
        except BenchError as error:
            raise BenchError(f"{error}{self._said()}") from error

    def change(
        self,
        title: str,
        action: Callable[[], object],
        *,
        old: str,
        new: str,
        limits: ChangeLimits,
        patience: float,
        sudden: bool = False,
        dwell: float = _DWELL,
    ) -> Change:
        """Do *action* and wait until *new* is master; how long it took is judged at the end."""
        change = Change(title, time.time(), old, new, limits, sudden=sudden)
        self.mark(title)
        action()
        self.wait_for_master(new, patience, change.start)
        time.sleep(dwell)
        change.end = time.time()
        self.changes.append(change)
        return change

    def mark(self, title: str) -> None:
        """Put a mark on the timeline."""
        now = time.time()
        self.marks.append(Mark(now, "", title))
        self.timeline.add(LabEvent(now, "mark", "", {"title": title}))

    def check(self, what: str, *, measured: str, limit: str, passed: bool) -> None:
        """Judge something the lab has looked at itself."""
        self.checks.append(Check(what, measured, limit, passed))

    def web(self, node: str, mode: str) -> None:
        """Tell the web server of *node* what to do from now on."""
        self._stage.web(node, mode)

    def _said(self) -> str:
        return "".join(
            f"\n--- {node} ({router.implementation}) said last:\n{router.output()[-1500:]}"
            for node, router in self.routers.items()
        )

    # --- finding ----------------------------------------------------------------------------

    def result(self) -> ExperimentResult:
        """Return what was found; call it after the experiment has been left."""
        changes = [self._measured(change) for change in self.changes]
        judged = [
            check
            for change, found in zip(self.changes, changes, strict=True)
            for check in judge(change.title, change.limits, found.measures, self._stall(change))
        ]
        return ExperimentResult(
            self.title,
            str(self.setting),
            self._begun,
            self._ended,
            changes,
            [*judged, *self.checks],
            [
                lane(
                    self.timeline,
                    self._observed,
                    node,
                    self.address,
                    self._ended,
                    f"{router.implementation}, priority {router.settings.priority}",
                )
                for node, router in self.routers.items()
            ],
            sorted([*self.marks, *telling_marks(self.timeline)], key=lambda mark: mark.time),
            outage_spans(self._observed),
            0.0 if self._observed is None else self._observed.longest_stall,
            self._error,
        )

    def _stall(self, change: Change) -> float:
        if self._observed is None:
            return 0.0
        return self._observed.stall(change.start, change.end or self._ended)

    def measure(self, change: Change) -> Measures:
        """Return the numbers of *change* as known now."""
        priority = self.routers[change.new].settings.priority
        window = Window(change.start, change.end or time.time(), change.old, change.new)
        interval = self.setting.master_down_interval(priority) if change.sudden else None
        return measure(self.timeline, self._observed, window, self.address, interval)

    def _measured(self, change: Change) -> ChangeResult:
        return ChangeResult(
            change.title, change.start, change.end, change.old, change.new, self.measure(change)
        )
