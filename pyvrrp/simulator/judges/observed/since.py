"""Facts are kept as the instant since which they have held without a break, or None."""

from collections.abc import Iterable

FOREVER = 2**63  # an instant that never comes


def latest(facts: Iterable[int | None]) -> int | None:
    """Return since when all *facts* hold together; None: one of them does not hold."""
    since = 0
    for fact in facts:
        if fact is None:
            return None
        since = max(since, fact)
    return since


def kept(fact: int | None, *, holds: bool, since: int) -> int | None:
    """Return the *fact* as it is now: None, unchanged, or true from *since* on."""
    if not holds:
        return None
    return since if fact is None else fact
