"""One experiment: routers and a client on a segment, observed while the lab breaks things."""

import json
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from drivers import DRIVERS, Router, Settings
from topologies.base import CLIENT_IPV4, CLIENT_IPV6, VIRTUAL_IPV4, VIRTUAL_IPV6, Topology
from topologies.pair import build as build_pair

from experiments.lanes import lane, telling_marks
from experiments.measures import Measures, Observed, Window, measure
from experiments.result import ChangeResult, Check, ExperimentResult, Mark, Span
from experiments.timeline import Event, Timeline
from pyvrrp.testing.errors import BenchError
from pyvrrp.testing.outages import Outage, Run
from pyvrrp.testing.processes import Line, Process
from pyvrrp.testing.segment import Host, Network

NOISE = 0.25  # seconds a shared machine may add to anything
_BUILD_PATIENCE = 15.0
# A Linux client believes no second change of a neighbour within a second (neigh/*/locktime).
_DWELL = 1.2


@dataclass(frozen=True, slots=True)
class Member:
    """One router of an experiment: which implementation, at which priority."""

    implementation: str
    priority: int


@dataclass(frozen=True, slots=True)
class Setting:
    """What all routers of an experiment have in common."""

    version: int = 3
    ipv6: bool = False
    interval_ms: int = 100
    check: bool = False
    client: bool = True  # the benchmark measures on the wire alone

    @property
    def interval(self) -> float:
        """The advertisement interval in seconds."""
        return self.interval_ms / 1000

    def skew_time(self, priority: int) -> float:
        """Return Skew_Time in seconds (RFC 9568 6.1, RFC 3768 6.1)."""
        base = 1.0 if self.version == 2 else self.interval
        return (256 - priority) * base / 256

    def master_down_interval(self, priority: int) -> float:
        """Return Master_Down_Interval in seconds."""
        return 3 * self.interval + self.skew_time(priority)

    def __str__(self) -> str:
        family = "IPv6" if self.ipv6 else "IPv4"
        return f"VRRPv{self.version}, {family}, {self.interval_ms} ms"


@dataclass(frozen=True, slots=True)
class Limits:
    """The most each number may be, in seconds; None: not judged."""

    outage: float | None = None
    first_advertisement: float | None = None
    first_answer: float | None = None
    released: float | None = None
    both_answered: float | None = None
    both_held: float | None = None


@dataclass(slots=True)
class Change:
    """One thing the lab did to move the address from *old* to *new*."""

    title: str
    start: float
    old: str
    new: str
    limits: Limits
    sudden: bool = False  # *old* falls silent: the overshoot over the protocol's limit counts
    end: float = 0.0


class Experiment:
    """Use it as a context manager; `result` after it has been left."""

    def __init__(
        self,
        title: str,
        setting: Setting,
        members: Sequence[Member],
        listen: Callable[[Event], None] | None = None,
    ) -> None:
        self.title = title
        self.setting = setting
        self.members = members
        self.timeline = Timeline(listen)
        self.changes: list[Change] = []
        self.checks: list[Check] = []
        self.marks: list[Mark] = []
        self.routers: dict[str, Router] = {}
        self._webservers: dict[str, Process] = {}
        self._client: Process | None = None
        self._observed: Observed | None = None
        self._error = ""
        self._begun = time.time()
        self._ended = 0.0
        self._network = Network()

    # --- building ---------------------------------------------------------------------------

    def __enter__(self) -> Self:
        try:
            self._build()
        except BaseException:
            self._network.close()
            raise
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
                self._stop_client()
        except BenchError as failure:
            self._error = self._error or str(failure)
        finally:
            self._ended = time.time()
            self._network.close()
        return isinstance(error, BenchError)

    @property
    def topology(self) -> Topology:
        """What was built."""
        return self._topology

    @property
    def error(self) -> str:
        """Why it was broken off; empty if it was not."""
        return self._error

    @property
    def address(self) -> str:
        """The virtual address the client asks."""
        return self._addresses[-1].partition("/")[0]

    def host(self, node: str) -> Host:
        """Return the host of that name."""
        return self._network.hosts[node]

    def _build(self) -> None:
        self._topology = build_pair(self._network)
        self._addresses = VIRTUAL_IPV6 if self.setting.ipv6 else VIRTUAL_IPV4
        nodes = [host.name for host in self._topology.routers]
        self._observer = self._observe(nodes)
        for host, member in zip(self._topology.routers, self.members, strict=True):
            self._helper(host, "echo", host.name)
            if self.setting.check:
                self._webservers[host.name] = self._helper(host, "webserver")
            settings = Settings(
                member.priority,
                self._addresses,
                interval_ms=self.setting.interval_ms,
                version=self.setting.version,
                check=self.setting.check,
            )
            driver = DRIVERS[member.implementation]
            directory = self._network.directory / host.name
            self.routers[host.name] = driver(host, settings, directory, self.timeline.add)
        self._wait_for_helpers()

    def _observe(self, nodes: Sequence[str]) -> Process:
        hosts = [f"{node}={self.host(node).namespace}" for node in nodes]
        arguments = [
            *(argument for node in nodes for argument in ("--port", node)),
            *(argument for host in hosts for argument in ("--node", host)),
        ]
        module = (sys.executable, "-m", "pyvrrp.testing.observer")
        process = Process(
            (*module, "--switch", self._topology.segment.namespace, *arguments), hear=self._note
        )
        self._network.remember(process)
        return process

    def _helper(self, host: Host, module: str, *arguments: str) -> Process:
        process = host.spawn(sys.executable, "-m", f"pyvrrp.testing.{module}", *arguments)
        self._helpers = [*getattr(self, "_helpers", []), process]
        return process

    def _wait_for_helpers(self) -> None:
        waiting = [self._observer, *self._helpers]
        self.timeline.wait(
            lambda: all(process.lines for process in waiting), _BUILD_PATIENCE, "helpers to start"
        )
        for process in waiting:
            if not process.running:
                raise BenchError(f"{' '.join(process.command)}: {process.output}")

    def _note(self, line: Line) -> None:
        if line.error:
            self.timeline.add(Event(line.time, "log", "", {"text": line.text}))
            return
        said = json.loads(line.text)
        event = Event(said.pop("time"), said.pop("kind"), said.pop("node", ""), said)
        self.timeline.add(event)

    # --- acting -----------------------------------------------------------------------------

    def start(self, *nodes: str) -> None:
        """Start these routers (all), and wait until the best holds the address alone."""
        for node in nodes or tuple(self.routers):
            self.routers[node].start()
        best = max(self.routers, key=lambda node: self.routers[node].settings.priority)
        self.wait_for_master(best, 2 * self.setting.master_down_interval(1) + _BUILD_PATIENCE)
        time.sleep(2 * self.setting.interval)
        if self.setting.client and self._client is None:
            self._start_client()

    def wait_for_master(self, node: str, patience: float, after: float = 0.0) -> None:
        """Wait until *node* advertises, and it alone holds the address."""
        others = [other for other in self.routers if other != node]
        self.timeline.wait(
            lambda: (
                self.timeline.advertisements(node, after=after)
                and self.timeline.holds(node, self.address)
                and not any(self.timeline.holds(other, self.address) for other in others)
            ),
            patience,
            f"{node} to be master and the only one with {self.address}{self._said()}",
        )

    def change(
        self,
        title: str,
        action: Callable[[], object],
        *,
        old: str,
        new: str,
        limits: Limits,
        patience: float,
        sudden: bool = False,
        old_keeps_address: bool = False,
        dwell: float = _DWELL,
    ) -> Change:
        """Do *action* and wait until *new* is master; how long it took is judged at the end."""
        change = Change(title, time.time(), old, new, limits, sudden=sudden)
        self.mark(title)
        action()
        if old_keeps_address:
            self.timeline.wait(
                lambda: (
                    self.timeline.advertisements(new, after=change.start)
                    and self.timeline.holds(new, self.address)
                ),
                patience,
                f"{new} to be master{self._said()}",
            )
        else:
            self.wait_for_master(new, patience, change.start)
        time.sleep(dwell)
        change.end = time.time()
        self.changes.append(change)
        return change

    def quiet(self, title: str, action: Callable[[], object], seconds: float, master: str) -> None:
        """Do *action* and watch that *master* stays master and nobody else takes the address."""
        start = time.time()
        self.mark(title)
        action()
        time.sleep(seconds)
        others = [node for node in self.routers if node != master]
        rivals = [node for node in others if self.timeline.advertisements(node, after=start)]
        holders = [node for node in self.routers if self.timeline.holds(node, self.address)]
        self.check(
            f"{title}: {master} stays the only master",
            measured=f"holding: {', '.join(holders) or 'nobody'}; advertising besides: "
            f"{', '.join(rivals) or 'nobody'}",
            limit=f"{master} alone",
            passed=holders == [master] and not rivals,
        )

    def mark(self, title: str) -> None:
        """Put a mark on the timeline."""
        now = time.time()
        self.marks.append(Mark(now, "", title))
        self.timeline.add(Event(now, "mark", "", {"title": title}))

    def check(self, what: str, *, measured: str, limit: str, passed: bool) -> None:
        """Judge something the lab has looked at itself."""
        self.checks.append(Check(what, measured, limit, passed))

    def web(self, node: str, mode: str) -> None:
        """Tell the web server of *node* what to do from now on."""
        server = self._webservers[node]
        confirmed = len(server.lines)
        server.say(mode)
        self.timeline.wait(lambda: len(server.lines) > confirmed, 5.0, f"{node}'s web server")

    def _start_client(self) -> None:
        client = self._topology.client
        virtual_mac = any(router.virtual_mac for router in self.routers.values())
        # A virtual MAC is shared: who answers a frame to it is decided by the switch.
        direct = () if virtual_mac else tuple(self.routers)
        self._client = client.spawn(
            *(sys.executable, "-m", "pyvrrp.testing.client", self.address),
            *("--source", CLIENT_IPV6 if self.setting.ipv6 else CLIENT_IPV4),
            *("--mac", client.macs["eth0"].hex(":")),
            *(
                argument
                for node in direct
                for argument in ("--direct", f"{node}={self.host(node).macs['eth0'].hex(':')}")
            ),
        )
        process = self._client
        self.timeline.wait(lambda: process.lines, _BUILD_PATIENCE, "the client to start")
        time.sleep(NOISE)

    def _stop_client(self) -> None:
        if self._client is None:
            return
        self._client.finish()
        try:
            self._observed = _observed(json.loads(self._client.lines[-1].text))
        except (ValueError, KeyError, TypeError) as error:
            raise BenchError(f"the client: {self._client.output[-2000:]}") from error

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
            for check in _judge(change, found.measures)
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
            _outage_spans(self._observed),
            0.0 if self._observed is None else self._observed.longest_stall,
            self._error,
        )

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


def _judge(change: Change, measures: Measures) -> list[Check]:
    found = measures.named()
    checks = []
    for name in Limits.__slots__:
        limit: float | None = getattr(change.limits, name)
        if limit is None:
            continue
        value = found[name]
        measured = "never" if value is None else f"{value * 1000:.0f} ms"
        passed = value is not None and value <= limit
        checks.append(
            Check(
                f"{change.title}: {name.replace('_', ' ')}",
                measured,
                f"at most {limit * 1000:.0f} ms",
                passed,
            )
        )
    return checks


def _observed(said: dict[str, object]) -> Observed:
    outages, runs, direct = said["outages"], said["runs"], said["direct"]
    if not (isinstance(outages, list) and isinstance(runs, list) and isinstance(direct, dict)):
        raise TypeError("not what the client writes")
    return Observed(
        [Outage(**outage) for outage in outages],
        [Run(**run) for run in runs],
        {node: [(start, end) for start, end in times] for node, times in direct.items()},
        float(str(said["longest_stall"])),
    )


def _outage_spans(observed: Observed | None) -> list[Span]:
    if observed is None:
        return []
    return [
        Span(
            outage.start,
            outage.end,
            "outage" if outage.lost else "delay",
            f"{outage.duration * 1000:.0f} ms, {outage.lost} datagrams lost",
        )
        for outage in observed.outages
    ]
