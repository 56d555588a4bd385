"""Measures a simulation as the lab does: outages, holders, the order of events."""

from collections.abc import Sequence
from dataclasses import dataclass

from pyvrrp.simulator.report.result import SimulationResult
from pyvrrp.simulator.world.trace import TraceEntry
from pyvrrp.units import SECOND


@dataclass(frozen=True, slots=True)
class Period:
    """A period in seconds of true time; *who* is the node or address that it is about."""

    start: float
    end: float
    who: str

    @property
    def length(self) -> float:
        """How long it lasted, in seconds."""
        return self.end - self.start


def outages(outcome: SimulationResult, client: str) -> list[Period]:
    """Return when an address did not answer *client*, from its first answer on; by address."""
    since: dict[str, float | None] = {}
    found: list[Period] = []
    for entry in _of(outcome, client, "client"):
        address, at = str(entry.fields["address"]), entry.at / SECOND
        begun = since.get(address)
        if entry.fields["answered_by"] is not None:
            if begun is not None:
                found.append(Period(begun, at, address))
            since[address] = None
        elif address in since and begun is None:
            since[address] = at
    end = outcome.scenario.duration / SECOND
    return [*found, *(Period(at, end, address) for address, at in since.items() if at is not None)]


def holders(outcome: SimulationResult, address: str) -> list[Period]:
    """Return which node's kernel had *address*, and when."""
    since: dict[str, float] = {}
    found: list[Period] = []
    for entry in outcome.trace:
        if entry.what == "address" and entry.fields["address"] == address:
            if entry.fields["present"]:
                since[entry.who] = entry.at / SECOND
            else:
                found.append(Period(since.pop(entry.who), entry.at / SECOND, entry.who))
    end = outcome.scenario.duration / SECOND
    found += [Period(at, end, who) for who, at in since.items()]
    return sorted(found, key=lambda span: span.start)


def both_held(spans: Sequence[Period]) -> float:
    """Return for how many seconds two of *spans* were of different nodes at once."""
    return sum(
        max(0.0, min(one.end, other.end) - max(one.start, other.start))
        for index, one in enumerate(spans)
        for other in spans[index + 1 :]
        if one.who != other.who
    )


def order(outcome: SimulationResult) -> list[tuple[str, str]]:
    """Return faults, states and addresses in their order, without times."""
    telling = {"fault", "end", "transition", "address"}
    return [
        (entry.who, str(entry.fields.get("to", entry.text)))
        for entry in outcome.trace
        if entry.what in telling
    ]


def _of(outcome: SimulationResult, who: str, what: str) -> list[TraceEntry]:
    return [entry for entry in outcome.trace if (entry.who, entry.what) == (who, what)]
