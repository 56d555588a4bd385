"""How long the addresses of a router stay whose daemon has died, while its successor comes.

It is the rule of a planned move (`handover`), for the guardian: when the daemon has died, the
guardian sends priority 0 for it, and keeps the addresses until the successor was heard and has
announced them. A test compares the two. The guardian imports this module, so it must import
little, and times are plain integers in nanoseconds.
"""

TimesAfterDeath = tuple[int, int, int, int]


class HandoverAfterDeath:
    """One router, from the last advertisement of priority 0 to the removal of its addresses.

    *times* are nanoseconds: how long it waits for a successor, ``linger``, ``LONGEST_WAIT`` and
    ``AFTER_ANNOUNCEMENT`` of `handover`.
    """

    __slots__ = ("_after_announcement", "_announced_at", "_linger", "_longest", "ends_at", "heard")

    def __init__(self, now: int, times: TimesAfterDeath) -> None:
        patience, self._linger, self._longest, self._after_announcement = times
        self._announced_at: int | None = None
        self.heard = False  # an advertisement of a successor
        self.ends_at = now + patience  # the addresses have to go then

    def successor_heard(self, now: int) -> None:
        """Take note of an advertisement of positive priority; the first one counts."""
        if self.heard:
            return
        self.heard = True
        announced = self._announced_at
        latest = now + self._linger + self._longest
        if announced is not None:
            latest = min(latest, announced + self._after_announcement)
        self.ends_at = max(now + self._linger, latest)

    def successor_announced(self, now: int) -> None:
        """Take note that another host has announced the addresses; the first time counts."""
        if self._announced_at is not None:
            return
        self._announced_at = now
        if self.heard:
            least = self.ends_at - self._longest
            self.ends_at = min(self.ends_at, max(least, now + self._after_announcement))
