"""A free-form stage: any hosts, daemons, helpers and clients, judged by the kernels' addresses.

    with Play("the master dies", setting="100 ms, IPv4") as play:
        r1 = play.node("r1", "10.9.0.1/24")
        r2 = play.node("r2", "10.9.0.2/24")
        for node, priority in ((r1, 200), (r2, 100)):
            node.pyvrrp(TOML.format(priority=priority))
            node.echo()
        client = play.client("client", "10.9.0.100", source="10.9.0.9/24")
        play.begin()
        r1.start(), r2.start()
        play.wait_for_holder("10.9.0.100", "r1", within=3.0)
        client.start()
        died = play.mark("r1's power fails")
        r1.power_off()
        play.wait_for_holder("10.9.0.100", "r2", within=0.361 + NOISE)
        client.finish()
        play.at_most("outage", client.longest_outage(died), 0.361 + NOISE)
    yield play.result()

The result has each check that did not pass, and what was waited for but did not happen.
"""

import json
import sys
import time
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Self

from plays.client import PlayClient
from plays.node import LabNode
from pyvrrp.testing.errors import BenchError
from pyvrrp.testing.measure.outages import Interval
from pyvrrp.testing.processes import OutputLine, SpawnedProcess
from pyvrrp.testing.segment import Network, Segment
from results.held import at_least, gaps, longest, succession
from results.judging import outage_spans
from results.lanes import lane, telling_marks
from results.result import Check, ExperimentResult, Lane, Mark
from results.timeline import LabEvent, Timeline, clip

_BUILD_PATIENCE = 15.0
_MORE = 5.0  # seconds a holder is waited for after its limit, so that what is reported is a number


class Play:
    """Use it as a context manager; `result` after it has been left."""

    def __init__(
        self, title: str, setting: str = "", listen: Callable[[LabEvent], None] | None = None
    ) -> None:
        self.title = title
        self.setting = setting
        self.timeline = Timeline(listen)
        self.nodes: dict[str, LabNode] = {}
        self.clients: list[PlayClient] = []
        self.checks: list[Check] = []
        self.marks: list[Mark] = []
        self._error = ""
        self._begun = time.time()
        self._ended = 0.0

    def __enter__(self) -> Self:
        self.network = Network()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool:
        """End everything. A BenchError becomes a part of the result: the next may still run."""
        try:
            if isinstance(error, BenchError):
                self._error = f"{error}{self._said()}"
            for client in self.clients:
                if client.asking and (error is None or self._error):
                    client.finish()
        except BenchError as failure:
            self._error = self._error or str(failure)
        finally:
            self._ended = time.time()
            self.network.close()
        return isinstance(error, BenchError)

    def raise_error(self) -> None:
        """Raise BenchError if it was broken off: for a program that only wants its numbers."""
        if self._error:
            raise BenchError(self._error)

    # --- building ---------------------------------------------------------------------------

    @property
    def lan(self) -> Segment:
        """The segment hosts are on unless they are given another."""
        return self.network.segments.get("lan") or self.network.segment("lan")

    def segment(self, name: str) -> Segment:
        """Return the segment of that name; it is built the first time."""
        return self.network.segments.get(name) or self.network.segment(name)

    def node(self, name: str, *addresses: str, segment: Segment | None = None) -> LabNode:
        """Add a host with these addresses on `eth0`; `LabNode.attach` gives it more interfaces."""
        host = self.network.host(name)
        node = LabNode(host, self.network.directory / name, self.timeline)
        node.attach(segment or self.lan, *addresses)
        self.nodes[name] = node
        return node

    def client(
        self,
        name: str,
        address: str,
        source: str,
        *,
        segment: Segment | None = None,
        direct: Sequence[LabNode] = (),
    ) -> PlayClient:
        """Add a client that will ask *address* once a millisecond from *source* (`10.9.0.9/24`).

        A host of that name is built unless there is one. *direct* nodes are also asked at their
        own MAC address: `PlayClient.both_answered` says whether two would have answered.
        """
        node = self.nodes.get(name) or self.node(name, source, segment=segment)
        macs = {each.name: each.host.macs["eth0"] for each in direct}
        client = PlayClient(node.host, address, source.partition("/")[0], macs, self.timeline)
        self.clients.append(client)
        return client

    def begin(self) -> None:
        """Watch from now on: every switch, and every kernel. Call it when all hosts are built."""
        truths = [f"{node.name}={node.host.namespace}" for node in self.nodes.values()]
        watching = []
        for segment in self.network.segments.values():
            ports = [argument for port in segment.ports for argument in ("--port", port)]
            nodes = [argument for truth in truths for argument in ("--node", truth)]
            module = (sys.executable, "-m", "pyvrrp.testing.measure.observer")
            process = SpawnedProcess(
                (*module, "--switch", segment.namespace, *ports, *nodes), hear=self._note
            )
            self.network.remember(process)
            watching.append(process)
            truths = []  # one observer is enough for the kernels
        helpers = [helper for node in self.nodes.values() for helper in node.helpers]
        for process in (*watching, *helpers):
            self._wait_for_first_word(process)

    # --- acting -----------------------------------------------------------------------------

    def mark(self, title: str, node: str = "") -> float:
        """Put a mark on the timeline and return its moment."""
        now = time.time()
        self.marks.append(Mark(now, node, title))
        self.timeline.add(LabEvent(now, "mark", node, {"title": title}))
        return now

    def wait(self, condition: Callable[[], object], what: str, patience: float = 15.0) -> None:
        """Wait until *condition* is true; the play is broken off after *patience* seconds."""
        self.timeline.wait(condition, patience, what)

    def sleep(self, seconds: float) -> None:
        """Let time pass while everything runs."""
        time.sleep(seconds)

    # --- who has the address ----------------------------------------------------------------

    def holders(self, address: str) -> list[str]:
        """Return the nodes whose kernel has *address* now."""
        return [node for node in self.nodes if self.timeline.holds(node, address)]

    def wait_for_holder(
        self, address: str, node: str, *, within: float, since: float = 0.0, what: str = ""
    ) -> float:
        """Wait until *node* alone has *address* (empty: nobody), and return how long it took.

        Counted from *since*, or the last mark. It is a check that it took at most *within*
        seconds; 5 s later the play is broken off.
        """
        begun = since or (self.marks[-1].time if self.marks else self._begun)
        wanted = [node] if node else []
        title = what or f"{node or 'nobody'} has {address}"
        self.wait(lambda: self.holders(address) == wanted, title, within + _MORE)
        took = max(0.0, self._last_change(address) - begun)
        self.at_most(title, took, within)
        return took

    def held(
        self, address: str, since: float = 0.0, until: float = 0.0
    ) -> dict[str, list[Interval]]:
        """Return when each node's kernel had *address* from *since* to *until* (now)."""
        end = until or time.time()
        return {
            node: clip(self.timeline.held(node, address, end), since, end) for node in self.nodes
        }

    def longest_overlap(self, address: str, since: float = 0.0, until: float = 0.0) -> float:
        """Return how long two kernels or more had *address* at a stretch, in seconds."""
        return longest(at_least(2, self.held(address, since, until)))

    def longest_gap(self, address: str, since: float, until: float = 0.0) -> float:
        """Return how long no kernel had *address* at a stretch, in seconds."""
        end = until or time.time()
        return longest(gaps(self.held(address, 0.0, end), since, end))

    def succession(self, address: str, since: float = 0.0, until: float = 0.0) -> list[str]:
        """Return who had *address* at *since*, then who got it, one after the other."""
        end = until or time.time()
        return succession(self.held(address, 0.0, end), since, end)

    # --- judging ----------------------------------------------------------------------------

    def check(self, what: str, found: object, allowed: str, *, passed: bool) -> None:
        """Note what was found, what is allowed, and whether that is so."""
        self.checks.append(Check(what, str(found), allowed, passed))

    def figure(self, what: str, found: object) -> None:
        """Note a number that is not judged: another implementation's, for comparison."""
        self.checks.append(Check(what, str(found), "for comparison", passed=True))

    def equal(self, what: str, found: object, wanted: object) -> None:
        """Check that *found* is *wanted*."""
        self.check(what, found, str(wanted), passed=found == wanted)

    def at_most(self, what: str, seconds: float, limit: float) -> None:
        """Check that it took at most *limit* seconds."""
        measured, allowed = f"{seconds * 1000:.0f} ms", f"at most {limit * 1000:.0f} ms"
        self.check(what, measured, allowed, passed=seconds <= limit)

    def never_two(self, address: str, since: float = 0.0, limit: float = 0.0) -> None:
        """Check that no two kernels had *address* together for longer than *limit* seconds."""
        self.at_most(f"two had {address}", self.longest_overlap(address, since), limit)

    def result(self) -> ExperimentResult:
        """Return what was found; call it after the play has been left."""
        observed = [client.observed for client in self.clients if client.observed is not None]
        outages = [span for each in observed for span in outage_spans(each)]
        marks = [*self.marks, *telling_marks(self.timeline)]
        return ExperimentResult(
            title=self.title,
            setting=self.setting,
            start=self._begun,
            end=self._ended,
            changes=(),
            checks=self.checks,
            lanes=self._lanes(),
            marks=sorted(marks, key=lambda mark: mark.time),
            outages=sorted(outages, key=lambda span: span.start),
            longest_stall=max((each.longest_stall for each in observed), default=0.0),
            error=self._error,
        )

    # --- inside -----------------------------------------------------------------------------

    def _lanes(self) -> list[Lane]:
        """Return a lane for each node with a daemon, and each virtual address it ever had."""
        lanes = []
        for name, node in self.nodes.items():
            held = {
                str(event.what["address"])
                for event in self.timeline.events("address", name)
                if event.what["address"] not in node.own
            }
            addresses = sorted(held, key=lambda each: (each.startswith("fe80"), each))
            for address in addresses or ([""] if node.daemon else []):
                observed = next((c.observed for c in self.clients if c.address == address), None)
                lanes.append(lane(self.timeline, observed, name, address, self._ended, address))
        return lanes

    def _last_change(self, address: str) -> float:
        times = [
            event.time
            for node in self.nodes
            for event in self.timeline.events("address", node)
            if event.what["address"] == address
        ]
        return max(times, default=0.0)

    def _wait_for_first_word(self, process: SpawnedProcess) -> None:
        shown = " ".join(process.command)
        self.wait(lambda: process.lines or not process.running, shown, _BUILD_PATIENCE)
        if not process.running:
            raise BenchError(f"{shown}: {process.output}")

    def _note(self, line: OutputLine) -> None:
        if line.error:
            self.timeline.add(LabEvent(line.time, "log", "", {"text": line.text}))
            return
        said = json.loads(line.text)
        # A port is named like its host, with the interface after a dot unless that is eth0.
        node, _dot, interface = str(said.pop("node", "")).partition(".")
        if interface:
            said["interface"] = interface
        self.timeline.add(LabEvent(said.pop("time"), said.pop("kind"), node, said))

    def _said(self) -> str:
        return "".join(
            f"\n--- {name} said last:\n{node.daemon.output()[-1500:]}"
            for name, node in self.nodes.items()
            if node.daemon is not None
        )
