"""What is asked at the moment of a claim, namely whether this node may take the addresses now."""

from typing import Protocol


class Gate(Protocol):
    """One thing that may hold a claim back. After a no it calls `Router.gate_opened` later."""

    @property
    def waiting_for(self) -> str:
        """What a claim that it holds back waits for, in words for status."""

    def may_claim(self) -> bool:
        """Return whether the addresses may be taken now; if not, find out at once."""

    def claim_ended(self) -> None:
        """The claim that was asked for is off, or its mastership over and the addresses gone."""


class Gates:
    """All gates of one virtual router, asked in the order in which they were named."""

    def __init__(self) -> None:
        self._gates: tuple[Gate, ...] = ()
        self._closed: Gate | None = None

    def add(self, gate: Gate) -> None:
        """Ask *gate* too, after those that were named before."""
        self._gates = (*self._gates, gate)

    @property
    def waits_for(self) -> str:
        """What alone is missing for a claim that is due; empty if none is due."""
        return "" if self._closed is None else self._closed.waiting_for

    @property
    def hold_back(self) -> bool:
        """Whether a claim is due and one of them holds it back."""
        return self._closed is not None

    def let_through(self) -> bool:
        """Ask all of them, up to the first that says no."""
        self._closed = next((gate for gate in self._gates if not gate.may_claim()), None)
        return self._closed is None

    def give_up(self, *, gone: bool) -> None:
        """Forget the claim that is held back; *gone*: there is no mastership before it either."""
        self._closed = None
        if gone:
            self.end_claim()

    def end_claim(self) -> None:
        """Tell all of them that there is no claim and no mastership any more."""
        self._closed = None
        for gate in self._gates:
            gate.claim_ended()
