"""All checks of a virtual router together, and whether it may hold its addresses."""

from collections.abc import Mapping
from dataclasses import dataclass

from pyvrrp.fencing.policy import CheckPolicy
from pyvrrp.fencing.verdict import Verdict
from pyvrrp.units import Nanoseconds


@dataclass(frozen=True, slots=True)
class FenceState:
    """The fence at one instant. Two states differ in substance if their ``failing`` differ.

    ``failing`` and ``stale`` name checks in the order of the configuration: those that close the
    fence, and those whose last pass is too old for the gate. ``reason`` says why it is closed, in
    words that may change while it stays closed; empty: it is open. ``closes_at`` is the first
    instant at which silence alone would close it (None: closed already, or nothing to wait for).
    """

    failing: tuple[str, ...] = ()
    stale: tuple[str, ...] = ()
    reason: str = ""
    closes_at: Nanoseconds | None = None

    @property
    def is_open(self) -> bool:
        """Whether the virtual router may stand."""
        return not self.failing

    @property
    def is_fresh(self) -> bool:
        """Whether it may claim its addresses now, without another look at the service."""
        return not self.stale


def judge(
    verdicts: Mapping[str, Verdict], policies: Mapping[str, CheckPolicy], now: Nanoseconds
) -> FenceState:
    """Judge *verdicts*, ordered as configured; *policies* holds one for each of them.

    Without checks the fence is open and fresh: nobody asked for one.
    """
    failing = tuple(
        name for name, verdict in verdicts.items() if not verdict.is_passing(now, policies[name])
    )
    return FenceState(
        failing=failing,
        stale=tuple(
            name for name, verdict in verdicts.items() if not verdict.is_fresh(now, policies[name])
        ),
        reason=_reason(failing, verdicts, policies, now),
        closes_at=None if failing else _closes_at(verdicts, policies),
    )


def _reason(
    failing: tuple[str, ...],
    verdicts: Mapping[str, Verdict],
    policies: Mapping[str, CheckPolicy],
    now: Nanoseconds,
) -> str:
    if not failing:
        return ""
    first = failing[0]
    others = f" (and {len(failing) - 1} more)" if len(failing) > 1 else ""
    return f"fenced by {first}: {verdicts[first].why(now, policies[first])}{others}"


def _closes_at(
    verdicts: Mapping[str, Verdict], policies: Mapping[str, CheckPolicy]
) -> Nanoseconds | None:
    instants = (verdict.stale_at(policies[name]) for name, verdict in verdicts.items())
    return min((instant for instant in instants if instant is not None), default=None)
