"""What a client saw, from its raw samples: outages, who answered, and whether two did."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import TypeAlias

from pyvrrp.testing.errors import BenchError

OUTAGE = 0.010  # seconds without an answer that count as an outage
_DIRECT_BREAK = 0.030  # seconds between two direct probes that are no longer neighbours

Interval: TypeAlias = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Sample:
    """One datagram: when it was sent, when it was answered (0: never), and by whom."""

    sent: float
    answered: float = 0.0
    node: str = ""


@dataclass(frozen=True, slots=True)
class Outage:
    """No answer from *start* to *end* (Unix seconds).

    *lost* datagrams sent meanwhile were never answered. An outage without lost datagrams is only a
    delay, most often of the measuring machine. *stall* is the longest time the client was silent.
    """

    start: float
    end: float
    lost: int
    stall: float

    @property
    def duration(self) -> float:
        """Seconds."""
        return self.end - self.start


@dataclass(frozen=True, slots=True)
class AnswerRun:
    """*node* gave all *count* answers from *start* to *end*."""

    node: str
    start: float
    end: float
    count: int


@dataclass(frozen=True, slots=True)
class Observation:
    """Everything a client saw. *direct* is when each node answered frames sent to it alone.

    *lost_at* is when each datagram was sent that nobody answered. *stalls* is when the client
    itself was silent, because the machine did not run it.
    """

    sent: int
    answered: int
    outages: tuple[Outage, ...]
    runs: tuple[AnswerRun, ...]
    direct: Mapping[str, tuple[Interval, ...]]
    longest_stall: float  # the longest the client itself was silent: the noise of the machine
    lost_at: tuple[float, ...] = ()
    stalls: tuple[Interval, ...] = ()

    def lost(self, start: float, end: float) -> int:
        """Return how many of the datagrams sent from *start* to *end* nobody answered."""
        return sum(1 for sent in self.lost_at if start <= sent < end)

    def longest_outage(self, start: float, end: float) -> float:
        """Return the seconds of the longest outage that began from *start* to *end*.

        A gap in which nothing was lost is a delay, and no outage.
        """
        return max(
            (each.duration for each in self.outages if each.lost and start <= each.start < end),
            default=0.0,
        )

    def stall(self, start: float, end: float) -> float:
        """Return the seconds of the longest silence of the client from *start* to *end*."""
        inside = overlap(self.stalls, [(start, end)])
        return max((upto - since for since, upto in inside), default=0.0)

    def as_json(self) -> dict[str, object]:
        """Return plain values for JSON."""
        return asdict(self)

    @classmethod
    def from_json(cls, text: str) -> "Observation":
        """Read what `as_json` gave; raise BenchError if *text* is anything else."""
        try:
            said = json.loads(text)
            return cls(
                int(said["sent"]),
                int(said["answered"]),
                tuple(Outage(**outage) for outage in said["outages"]),
                tuple(AnswerRun(**run) for run in said["runs"]),
                {
                    node: tuple((float(start), float(end)) for start, end in times)
                    for node, times in said["direct"].items()
                },
                float(said["longest_stall"]),
                tuple(float(sent) for sent in said["lost_at"]),
                tuple((float(start), float(end)) for start, end in said["stalls"]),
            )
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise BenchError(f"not an observation: {error}: {text[:200]}") from error


def observe(samples: Sequence[Sample], direct: Mapping[str, Sequence[Sample]]) -> Observation:
    """Evaluate the samples, in the order they were sent, and the direct probes of each node."""
    answers = sorted(
        (sample for sample in samples if sample.answered), key=lambda sample: sample.answered
    )
    return Observation(
        len(samples),
        len(answers),
        tuple(_outages(samples, [sample.answered for sample in answers])),
        tuple(_runs(answers)),
        {node: tuple(_answering(probes)) for node, probes in direct.items()},
        _longest_stall([sample.sent for sample in samples]),
        tuple(sample.sent for sample in samples if not sample.answered),
        tuple(
            (one.sent, following.sent)
            for one, following in pairwise(samples)
            if following.sent - one.sent > OUTAGE
        ),
    )


def overlap(first: Iterable[Interval], second: Iterable[Interval]) -> list[Interval]:
    """Return the times in both *first* and *second*, each a list of intervals."""
    both = [
        (max(start, other_start), min(end, other_end))
        for start, end in first
        for other_start, other_end in second
    ]
    return sorted((start, end) for start, end in both if start < end)


def _outages(samples: Sequence[Sample], arrivals: Sequence[float]) -> Iterable[Outage]:
    if not arrivals:
        return
    ends = [*arrivals[1:], samples[-1].sent]  # at the end there may be no answers any more
    position = 0
    for start, end in zip(arrivals, ends, strict=True):
        if end - start <= OUTAGE:
            continue
        while position < len(samples) and samples[position].sent < start:
            position += 1
        meanwhile = []
        for sample in samples[position:]:
            if sample.sent > end:
                break
            meanwhile.append(sample)
        lost = sum(1 for sample in meanwhile if not sample.answered)
        stall = _longest_stall([start, *(sample.sent for sample in meanwhile), end])
        yield Outage(start, end, lost, stall)


def _runs(answers: Sequence[Sample]) -> Iterable[AnswerRun]:
    current: AnswerRun | None = None
    for answer in answers:
        if current is not None and current.node == answer.node:
            current = AnswerRun(current.node, current.start, answer.answered, current.count + 1)
            continue
        if current is not None:
            yield current
        current = AnswerRun(answer.node, answer.answered, answer.answered, 1)
    if current is not None:
        yield current


def _answering(probes: Sequence[Sample]) -> Iterable[Interval]:
    """Yield the times during which each of two neighbouring direct probes was answered."""
    start: float | None = None
    last = 0.0
    for probe in probes:
        if start is not None and (not probe.answered or probe.sent - last > _DIRECT_BREAK):
            yield (start, last)
            start = None
        if probe.answered:
            start = probe.sent if start is None else start
            last = probe.sent
    if start is not None:
        yield (start, last)


def _longest_stall(times: Sequence[float]) -> float:
    return max((later - earlier for earlier, later in pairwise(times)), default=0.0)
