"""Measure one implementation in one case: two nodes, from their start to the last takeover."""

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.scale.case import HIGH, LOW, Case, CaseNumbers
from benchmarks.scale.daemons import MAKERS
from benchmarks.scale.evaluate import (
    CountedWindow,
    is_steady,
    reigns_alone,
    takeovers,
    times_master,
)
from benchmarks.scale.wire_log import WireLog
from drivers.base import Daemon
from pyvrrp.testing.errors import BenchError
from pyvrrp.testing.measure.advertisement_counter import AdvertisementCounter
from pyvrrp.testing.measure.process_cost import (
    memory,
    processes_in,
    processor_times,
    used_between,
)
from pyvrrp.testing.segment import Host, Network, Segment

_START_PATIENCE = 30.0
_SETTLE = 7.0  # seconds after which no implementation announces its addresses any more
_TAKEOVER_PATIENCE = 15.0  # seconds beyond Master_Down_Interval
_ATTEMPTS = 2
_NANOSECONDS = 1_000_000_000
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class _Nodes:
    segment: Segment
    hosts: tuple[Host, Host]  # the first is the better one
    daemons: tuple[Daemon, Daemon]


def measure(
    implementation: str, case: Case, window: float, progress: Callable[[str], None]
) -> CaseNumbers:
    """Measure it, the steady state during *window* seconds.

    What could not be measured is None and a note says why. Every step is bounded in time.
    """
    numbers = CaseNumbers(implementation, case)
    try:
        with Network() as network:
            progress("is built")
            nodes = _build(network, implementation, case)
            progress("starts")
            _start(nodes, case, numbers)
            progress("settles and is measured")
            _steady(nodes, case, window, numbers)
            progress("is cut off")
            _cut(nodes, case, numbers)
    except BenchError as error:
        numbers.note(str(error).partition("\n")[0])
    return numbers


def _build(network: Network, implementation: str, case: Case) -> _Nodes:
    segment = network.segment("lan")
    first, second = segment.host("r1", "10.9.0.1/16"), segment.host("r2", "10.9.0.2/16")
    better, worse = (
        MAKERS[implementation](host, network.directory / host.name, case, priority)
        for host, priority in ((first, HIGH), (second, LOW))
    )
    return _Nodes(segment, (first, second), (better, worse))


def _start(nodes: _Nodes, case: Case, numbers: CaseNumbers) -> None:
    """Start both at once; count how often the lower node becomes master until the other has all.

    If that does not come to rest, the lower node is started again when the other has everything.
    """
    better, lower = nodes.daemons
    with WireLog(nodes.segment.namespace, "r1", "r2") as log:
        first, second = log.sent("r1"), log.sent("r2")

        def settled() -> bool:
            return reigns_alone(first, second, case.routers, time.time(), 2 * case.interval)

        begun = time.time()
        better.start()
        lower.start()
        at_rest = log.wait(settled, _START_PATIENCE)
        numbers.false_masters = times_master(second, case.interval)
        if not at_rest:
            numbers.note(
                f"not at rest {_START_PATIENCE:.0f} s after both were started; for the rest the "
                "lower node was started again, after the better one"
            )
            lower.stop()
            if not log.wait(settled, _START_PATIENCE):
                raise BenchError(f"the better node advertises {len(first)} of {case.routers} alone")
            lower.start()
    if at_rest:
        numbers.all_masters = max(times[0] for times in first.values()) - begun


def _steady(nodes: _Nodes, case: Case, window: float, numbers: CaseNumbers) -> None:
    """Measure processor time for each advertisement, and memory.

    Only the steady state counts: the better node has sent nearly all that it should, and the lower
    one nothing. On a busy machine it may need a second attempt.
    """
    for _attempt in range(_ATTEMPTS):
        time.sleep(_SETTLE)
        measured = _window(nodes, window)
        if is_steady(measured, case):
            break
        numbers.note(
            f"not steady: {measured.sent} of {case.expected(measured.seconds)} advertisements, "
            f"{measured.sent_by_lower} of the lower node"
        )
    else:
        return
    numbers.sent, numbers.received = measured.sent, measured.received
    numbers.foreign_load = measured.foreign_load
    numbers.sent_cost = measured.used_by_better / measured.sent / 1000
    numbers.received_cost = measured.used_by_lower / measured.received / 1000
    pids = processes_in(nodes.hosts[0].namespace)
    numbers.memory, numbers.processes = memory(pids), len(pids)


def _window(nodes: _Nodes, window: float) -> CountedWindow:
    better, lower = nodes.hosts
    switch = nodes.segment.namespace
    with (
        AdvertisementCounter(switch, better.name) as sent,
        AdvertisementCounter(switch, lower.name) as sent_by_lower,
        AdvertisementCounter(lower.namespace, "eth0") as received,
    ):
        counters = (sent, sent_by_lower, received)
        before = [processor_times(processes_in(host.namespace)) for host in nodes.hosts]
        busy_before, begun = _busy(), time.monotonic()
        for counter in counters:
            counter.restart()
        time.sleep(window)
        counted = [counter.restart() for counter in counters]
        seconds, busy = time.monotonic() - begun, _busy() - busy_before
        after = [processor_times(processes_in(host.namespace)) for host in nodes.hosts]
    used = [used_between(*both) for both in zip(before, after, strict=True)]
    foreign = max(busy - sum(used) / _NANOSECONDS, 0.0) / seconds
    return CountedWindow(
        seconds=seconds,
        sent=counted[0],
        sent_by_lower=counted[1],
        received=counted[2],
        used_by_better=used[0],
        used_by_lower=used[1],
        foreign_load=foreign,
    )


def _cut(nodes: _Nodes, case: Case, numbers: CaseNumbers) -> None:
    """Take the port of the master down and see when the other node has taken over everything."""
    first, second = nodes.hosts
    with WireLog(nodes.segment.namespace, first.name, second.name) as log:
        old, new = log.sent(first.name), log.sent(second.name)
        # Two intervals and a bit: of each virtual router the last advertisement is known.
        log.wait(lambda: False, 2.3 * case.interval)
        already = len(new)
        cut = time.time()
        nodes.segment.cut(first)
        patience = case.master_down_interval + _TAKEOVER_PATIENCE
        log.wait(lambda: len(new) == case.routers, patience)
        late = takeovers(old, new, cut, case.master_down_interval)
    if already:
        numbers.note(f"before the cut the lower node was master of {already}: not counted")
    numbers.taken_over = len(late)
    if late:
        numbers.last_takeover, numbers.median_takeover = late[-1], late[len(late) // 2]


def _busy() -> float:
    """Return how long the processors of the machine have been busy, in seconds."""
    fields = Path("/proc/stat").read_text(encoding="ascii").splitlines()[0].split()[1:]
    user, nice, system, _idle, _waiting, irq, softirq, steal = map(int, fields[:8])
    return (user + nice + system + irq + softirq + steal) / _TICKS
