"""When a backup may take over, computed from the frames that reach its socket.

Written from the text of the RFCs and of the design, deliberately without the code under test.
"""

from dataclasses import dataclass

from pyvrrp.config.model.configuration import VirtualRouterConfig
from pyvrrp.identity import Address
from pyvrrp.simulator.judges.observed.priority import LAST_RESORT, OWNER
from pyvrrp.simulator.judges.rules.protocol_times import believed_interval, master_down, skew
from pyvrrp.simulator.world.network.seen_advertisement import SeenAdvertisement


@dataclass(slots=True)
class TakeoverTime:
    """When a backup may take over, by its own clock, from what has arrived at its socket.

    A new backup begins to wait, and each advertisement moves the end of the wait. A packet counts
    when it arrives at the socket, which is never later than when the daemon reads it: so the
    daemon has to wait at least as long.
    """

    config: VirtualRouterConfig
    earliest: int = 0
    preempt_at: int | None = None
    learned: int = 0
    priority: int = 0  # in force
    master: Address | None = None  # the one that it waits for
    lower: SeenAdvertisement | None = None  # a master that it will preempt
    holds_until: int = 0
    defers: bool = False

    def begin(self, now: int, interval: int | None = None) -> None:
        """Begin to wait as a new backup: with its own interval, or that of a better master."""
        own = int(self.config.advertisement_interval)
        self.learned = own if interval is None else believed_interval(self.config, interval)
        self.earliest = now + master_down(self.config.version, self.priority, self.learned)
        self.preempt_at = self.lower = self.master = None

    def knows(self, sender: Address) -> bool:
        """Whether *sender* is the master that it has heard last."""
        return sender == self.master or (self.lower is not None and self.lower.sender == sender)

    def stand(self, priority: int, now: int) -> None:
        """Continue with another priority.

        Skew_Time changes with it, and a master of lower priority may no longer be lower.
        """
        version = self.config.version
        before, self.priority = self.priority, priority
        if self.lower is not None and self.lower.priority >= priority:
            self.earliest = now + master_down(version, priority, self.learned)
            self.preempt_at = self.lower = None
            return
        self.earliest += skew(version, priority, self.learned)
        self.earliest -= skew(version, before, self.learned)

    def hear(self, seen: SeenAdvertisement, now: int) -> bool:
        """Count an advertisement of another router that has arrived at the socket.

        Return whether a takeover may be due earlier than before.
        """
        config, before = self.config, self.earliest
        if seen.priority == 0:
            self.earliest = now + skew(config.version, self.priority, self.learned)
            if self.lower is not None and self.lower.sender == seen.sender:
                self.lower = None
            self.master = seen.sender
        elif seen.priority == LAST_RESORT < self.priority:
            missed_at = self.earliest - 2 * self.learned
            at = max(now + skew(config.version, self.priority, self.learned), missed_at)
            at = min(at, self.earliest)  # a claim that waits for its checks is due already
            self.preempt_at = at if self.preempt_at is None else min(self.preempt_at, at)
            self.lower = seen
        elif self.must_believe(seen):
            self.begin(now, seen.interval)
            self.master = seen.sender
            return self.earliest < before
        elif config.preempt_delay:
            if self.preempt_at is None:
                self.preempt_at = now + config.preempt_delay
            preempt_at = self.preempt_at
            self.begin(now, seen.interval)
            self.preempt_at, self.lower, self.master = preempt_at, seen, seen.sender
        else:
            self.lower = seen
            return False
        return True

    def must_believe(self, seen: SeenAdvertisement) -> bool:
        """Whether a backup accepts this master. A backup that resigned accepts every one."""
        if self.defers:
            return True
        preempts = self.config.preempt or self.priority == OWNER
        return not preempts or seen.priority >= self.priority

    def due(self) -> int:
        """Return when a takeover is due if no more advertisement arrives.

        While it still has the addresses after a handover it claims nothing.
        """
        due = self.earliest if self.preempt_at is None else min(self.earliest, self.preempt_at)
        return max(due, self.holds_until)

    def too_early(self, now: int) -> int:
        """Return by how much a takeover at *now* comes too early; 0 or less: it is due."""
        return self.due() - now
