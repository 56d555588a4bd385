"""Judges masters that are silent for too long, or do not announce again after a rival."""

from pyvrrp.simulator.judges.observed.judge import Judge
from pyvrrp.simulator.judges.observed.router import ObservedRouter
from pyvrrp.simulator.judges.observed.since import FOREVER, latest
from pyvrrp.simulator.judges.rules.invariants import InvariantName


class MasterJudge(Judge):
    """Judges virtual routers in state MASTER."""

    def pace(self, router: ObservedRouter) -> int:
        """Judge whether a master that can send has been silent for longer than its interval."""
        interface = router.interface
        since = latest((router.node.running_since, interface.linked_since, interface.sends_since))
        if router.state != "MASTER" or since is None or router.handing_over():
            return FOREVER
        self._note(InvariantName.PACE)
        spoke = max(since, router.state_since, router.last_sent or 0)
        if router.overtaken_at is not None:
            spoke = router.overtaken_at + self._bounds.longest_wait[router.id]
        return self._judge_duration(
            spoke,
            self._bounds.stretched(int(router.config.advertisement_interval)),
            InvariantName.PACE,
            router.who,
            "is MASTER and has sent no advertisement for {}",
        )

    def heard(self, router: ObservedRouter) -> int:
        """Judge whether a master that cannot send has been one for longer than others wait."""
        since = latest((router.node.running_since, router.interface.refused_since))
        if since is None or not router.is_master():
            return FOREVER
        self._note(InvariantName.HEARD)
        return self._judge_duration(
            max(since, router.state_since),
            self._bounds.stretched(self._bounds.longest_wait[router.id]),
            InvariantName.HEARD,
            router.who,
            "is MASTER, and no advertisement has left for {}",
        )

    def rival(self, router: ObservedRouter) -> int:
        """Judge whether a master has announced its addresses again after a rival stopped."""
        since = latest((router.node.running_since, router.interface.sound_since))
        if router.state != "MASTER" or since is None or router.rival_at is None:
            return FOREVER
        if not router.holds_all():
            return FOREVER
        self._note(InvariantName.REANNOUNCED)
        now = int(self._engine.now)
        if not router.is_master():
            return now
        settled = 3 * int(router.config.advertisement_interval)
        until = max(router.rival_due, since + settled, max(router.held.values()) + settled)
        if now <= until:
            return until
        met_at, router.rival_at = router.rival_at, None
        sends = router.interface.sends_since
        if sends is None or sends > met_at:
            return FOREVER  # its announcements were refused
        last = min(router.announced.get(address.ip, 0) for address in router.config.addresses)
        if last <= met_at:
            self._broken(
                InvariantName.REANNOUNCED,
                router.who,
                "did not announce its addresses again after a rival had stopped",
            )
        return FOREVER
