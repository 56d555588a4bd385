"""Makes a scenario that breaks an invariant as small as possible.

It removes faults, then hosts, and simplifies the remaining faults (delta debugging).
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import islice

from pyvrrp.simulator.judges.rules.invariants import InvariantName
from pyvrrp.simulator.scenario.fault import Fault
from pyvrrp.simulator.scenario.scenario import Scenario
from pyvrrp.simulator.simulate import simulate
from pyvrrp.units import SECOND, Nanoseconds

MOST_TRIALS = 400
_AFTER = SECOND  # simulated beyond the violation, so that the timeline shows it


def shrink(
    scenario: Scenario, invariant: InvariantName, report: Callable[[str], None] = lambda _text: None
) -> Scenario:
    """Return the smallest scenario found that still violates *invariant*."""
    return _Shrinker(invariant, report).shrink(scenario)


class _Shrinker:
    def __init__(self, invariant: InvariantName, report: Callable[[str], None]) -> None:
        self._invariant = invariant
        self._report = report
        self._trials = 0

    def shrink(self, scenario: Scenario) -> Scenario:
        """Return the scenario from which nothing can be removed any more."""
        scenario = self._cut_end(scenario)
        before = None
        while before != scenario and self._trials < MOST_TRIALS:
            before = scenario
            scenario = self._fewer_faults(scenario)
            scenario = self._fewer_hosts(scenario)
            scenario = self._simpler_faults(scenario)
            scenario = self._cut_end(scenario)
        return scenario

    def _breaks(self, scenario: Scenario) -> Nanoseconds | None:
        """Return when *scenario* violates the invariant."""
        if self._trials >= MOST_TRIALS:
            return None
        self._trials += 1
        self._report(f"shrinking: {len(scenario.faults)} faults, trial {self._trials}")
        for violation in simulate(scenario, detailed=False).violations:
            if violation.invariant is self._invariant:
                return violation.at
        return None

    def _cut_end(self, scenario: Scenario) -> Scenario:
        at = self._breaks(scenario)
        if at is None:
            return scenario
        end = Nanoseconds(-(-(at + _AFTER) // SECOND) * SECOND)
        shorter = replace(
            scenario,
            duration=min(end, scenario.duration),
            faults=tuple(f for f in scenario.faults if f.at <= end),
        )
        return shorter if self._breaks(shorter) is not None else scenario

    def _fewer_faults(self, scenario: Scenario) -> Scenario:
        size = max(len(scenario.faults) // 2, 1)
        while True:
            index = 0
            while index < len(scenario.faults):
                fewer = scenario.faults[:index] + scenario.faults[index + size :]
                smaller = replace(scenario, faults=fewer)
                if self._breaks(smaller) is not None:
                    scenario = smaller
                else:
                    index += size
            if size == 1:
                return scenario
            size //= 2

    def _fewer_hosts(self, scenario: Scenario) -> Scenario:
        for client in scenario.clients:
            used = any(client.name in (f.node, *_hosts(f)) for f in scenario.faults)
            fewer = tuple(c for c in scenario.clients if c is not client)
            smaller = replace(scenario, clients=fewer)
            if not used and self._breaks(smaller) is not None:
                scenario = smaller
        for node in scenario.nodes:
            used = any(node.name in (f.node, *_hosts(f)) for f in scenario.faults)
            fewer_nodes = tuple(n for n in scenario.nodes if n is not node)
            smaller = replace(
                scenario,
                nodes=fewer_nodes,
                documents={k: v for k, v in scenario.documents.items() if k != node.name},
            )
            if not used and fewer_nodes and self._breaks(smaller) is not None:
                scenario = smaller
        return scenario

    def _simpler_faults(self, scenario: Scenario) -> Scenario:
        for index in range(len(scenario.faults)):
            for simpler in islice(_simpler(scenario.faults[index]), 8):
                faults = (*scenario.faults[:index], simpler, *scenario.faults[index + 1 :])
                smaller = replace(scenario, faults=faults)
                if self._breaks(smaller) is not None:
                    scenario = smaller
                    break
        return scenario


def _hosts(fault: Fault) -> tuple[str, ...]:
    return tuple(host for group in fault.groups for host in group)


def _simpler(fault: Fault) -> Iterator[Fault]:
    """Return variants that are easier to read, the easiest first."""
    for unit in (SECOND, SECOND // 10):
        at, lasts = _rounded(fault.at, unit), _rounded(fault.duration, unit)
        if fault.duration and not lasts:
            lasts = Nanoseconds(unit)
        both = replace(fault, at=at, duration=lasts)
        for simpler in (both, replace(fault, at=at), replace(fault, duration=lasts)):
            if simpler != fault:
                yield simpler
    if fault.count > 1:
        yield replace(fault, count=1)


def _rounded(value: Nanoseconds, unit: int) -> Nanoseconds:
    return Nanoseconds(round(value / unit) * unit)
