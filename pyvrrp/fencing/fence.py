"""The fence: all checks of a virtual router together decide whether it may hold its addresses."""

from collections.abc import Mapping
from dataclasses import dataclass

from pyvrrp.fencing.policy import CheckPolicy
from pyvrrp.fencing.verdict import Verdict
from pyvrrp.units import Nanoseconds


@dataclass(frozen=True, slots=True)
class FenceState:
    """The fence at one instant.

    ``failing`` names the checks that close the fence, ``stale`` those whose last pass is too old
    to claim an address; both are in the order of the configuration. ``reason`` says why the fence
    is closed and is empty while it is open. Its text can change while the fence stays closed, so
    compare ``failing`` to learn whether something happened. ``closes_at`` is the first instant at
    which the fence closes if no further result comes; None if it is closed or has no checks.
    """

    failing: tuple[str, ...] = ()
    stale: tuple[str, ...] = ()
    reason: str = ""
    closes_at: Nanoseconds | None = None

    @property
    def is_open(self) -> bool:
        """Whether the virtual router may take part in the election."""
        return not self.failing

    @property
    def is_fresh(self) -> bool:
        """Whether it may claim its addresses now, without probing the service again."""
        return not self.stale


def fence_state(
    verdicts: Mapping[str, Verdict], policies: Mapping[str, CheckPolicy], now: Nanoseconds
) -> FenceState:
    """Return the fence at *now*.

    *verdicts* are in the order of the configuration; *policies* has a policy for each of them.
    Without checks the fence is open and fresh.
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
    instants = (verdict.fails_by_silence_at(policies[name]) for name, verdict in verdicts.items())
    return min((instant for instant in instants if instant is not None), default=None)
