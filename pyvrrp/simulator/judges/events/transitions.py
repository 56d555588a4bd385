"""Judges each change of state that a daemon reports."""

from pyvrrp.runtime.base.journal import JournalEvent
from pyvrrp.simulator.judges.observed.judge import Judge
from pyvrrp.simulator.judges.observed.priority import higher
from pyvrrp.simulator.judges.observed.router import ObservedRouter
from pyvrrp.simulator.judges.rules.bounds import LINGER
from pyvrrp.simulator.judges.rules.invariants import InvariantName
from pyvrrp.simulator.judges.rules.protocol_times import handover_wait, master_down
from pyvrrp.simulator.judges.rules.verdicts import words
from pyvrrp.simulator.world.network.seen_advertisement import SeenAdvertisement
from pyvrrp.units import MILLISECOND, SECOND

ORDINARY_LATENESS = 10 * MILLISECOND


class TransitionJudge(Judge):
    """Records the states of routers, and judges the cause of each change."""

    def transition(self, router: ObservedRouter, event: JournalEvent) -> None:
        """Judge a change of state that a daemon reports."""
        before, after = str(event.fields["from"]), str(event.fields["to"])
        reason = str(event.fields["reason"])
        now, here = self._engine.now, router.here()
        self._judge_quiet(router, event)
        if after == "MASTER":
            self._judge_takeover(router, before, here, reason)
        elif before == "MASTER" and after == "BACKUP":
            self._judge_yield(router, here, reason)
        elif before == "MASTER":
            self._judge_release(router, here, reason)
        if router.drained:
            self._case(InvariantName.DRAINED)
        # What was heard before the order, and waits to be read, comes before it.
        obeys = router.drained and router.ordered_at != now
        if obeys and not router.leaving() and after != "INIT":
            self._broken(
                InvariantName.DRAINED, router.who, f"is drained and became {after}: {reason}"
            )
        router.lingers = False
        if after == "BACKUP":
            self._begin_to_wait(router, before, here)
        if after == "MASTER":
            router.move = None
            router.resigned = False
        router.state, router.state_since = after, now
        refused = router.interface.card.refuses  # then its claim has not left either
        router.last_positive = here if after == "MASTER" and not refused else None
        router.rival_at = router.overtaken_at = router.heard = None
        self._facts.version += 1

    def _begin_to_wait(self, router: ObservedRouter, before: str, here: int) -> None:
        # A master that gave way waits for the better one.
        better = self._successor(router) if before == "MASTER" else None
        # One that was silent too long has stalled: it lets go at once and starts from nothing.
        prompt = better is not None and self._is_prompt(router, here)
        router.takeover.begin(here, better.interval if better and prompt else None)
        lingers = not router.exclusive
        router.lingers, router.followed = lingers and better is not None, prompt
        leader = self._left_before(router) if better is None else None
        if leader is not None and leader.lingers:
            router.lingers, prompt = True, leader.takeover.holds_until > 0
        router.takeover.holds_until = here + LINGER if lingers and prompt else 0
        router.takeover.defers = router.resigned

    def _judge_quiet(self, router: ObservedRouter, event: JournalEvent) -> None:
        self._case(InvariantName.QUIET)
        limit = self._bounds.quiet(router.id, router.node.name, router.config)
        quiet = self._engine.now - self._disturbances.quiet_since()
        if quiet > limit:
            self._broken(
                InvariantName.QUIET,
                router.who,
                f"{event.text} after {quiet / SECOND:.3f} s in which nothing happened",
            )

    def _judge_takeover(self, router: ObservedRouter, before: str, here: int, reason: str) -> None:
        if before == "BACKUP":
            self._case(InvariantName.TAKEOVER)
            early = router.takeover.too_early(here)
            if early > 0:
                self._broken(
                    InvariantName.TAKEOVER,
                    router.who,
                    f"took over {words(early)} too early ({reason})",
                )
        if before == "BACKUP":
            self._judge_neighbour(router, here, reason)
        # Sockets on an interface that has just come back are opened after the next notice.
        now = self._engine.now
        sends, running = router.interface.sends_since, router.node.running_since
        able = (
            sends is not None
            and running is not None
            and now - max(sends, running) > ORDINARY_LATENESS
        )
        if able and router.last_sent != now:
            self._broken(
                InvariantName.PACE,
                router.who,
                f"became MASTER and sent no advertisement ({reason})",
            )
        for check in router.checks():
            self._case(InvariantName.GATE)
            if not router.last_resort and not (check.open(here) and check.fresh(here)):
                self._broken(
                    InvariantName.GATE,
                    router.who,
                    f"became MASTER, and {check.check.name} has no recent pass ({reason})",
                )

    def _judge_neighbour(self, router: ObservedRouter, here: int, reason: str) -> None:
        for one in router.members:
            if not one.foreign_until:
                continue
            self._case(InvariantName.NEIGHBOUR)
            early = one.foreign_until - here
            if early > 0:
                self._broken(
                    InvariantName.NEIGHBOUR,
                    router.who,
                    f"became MASTER {words(early)} before a router in another version counts no "
                    f"longer ({reason})",
                )

    def _judge_yield(self, router: ObservedRouter, here: int, reason: str) -> None:
        self._case(InvariantName.YIELD)
        better, late = self._successor(router), self._late(router, here)
        follows = self._left_before(router) is not None
        if better is None and not follows and router.last_positive is not None and late <= 0:
            self._broken(
                InvariantName.YIELD, router.who, f"became BACKUP for no valid cause: {reason}"
            )
        sends = router.interface.refused_since is None
        if better is not None and sends and late <= ORDINARY_LATENESS and not router.handing_over():
            # It sent a last advertisement, after which its successor announces the addresses again.
            # One that has stalled sends none.
            router.yielded_at = self._engine.now
            router.yielded_to = better.sender

    def _judge_release(self, router: ObservedRouter, here: int, reason: str) -> None:
        now = self._engine.now
        card = router.interface.card
        able = card.kernel.interfaces[card.place].exists and not card.refuses
        # None: it could not send, so there is no time at which it should have sent.
        said = router.last_positive is None or self._late(router, here) > 0
        said = said or router.last_release == now or router.overtaken_at is not None
        if router.move is not None:
            # It sent priority 0 when it received the order, if it could.
            sends = router.interface.sends_since
            said = said or (now if sends is None else sends) > router.move.at
            said = said or (
                router.last_release is not None and router.last_release >= router.move.at
            )
        if able:
            self._case(InvariantName.RELEASE_SENT)
        if able and not said:
            self._broken(
                InvariantName.RELEASE_SENT,
                router.who,
                f"left the election and did not send priority 0: {reason}",
            )

    def _left_before(self, router: ObservedRouter) -> ObservedRouter | None:
        """Return the member of its group that has just ceased to be master."""
        return next((one for one in router.members if one.state != "MASTER"), None)

    def _successor(self, router: ObservedRouter) -> SeenAdvertisement | None:
        """Return the advertisement being read, if this master has to give way to it."""
        seen = router.delivering
        if seen is None:
            return None
        if router.handing_over():
            return seen  # priority 0 too: only a master sends it
        gives_way = seen.priority != 0 and higher(seen, router.priority, router.own)
        return seen if gives_way else None

    def _is_prompt(self, router: ObservedRouter, here: int) -> bool:
        if router.last_positive is not None or router.handing_over():
            return self._late(router, here) <= 0
        # It could not send. If it was awake all the time, its timers have fired.
        awake = router.node.awake_since
        stall = int(router.config.advertisement_interval) + self._own_wait(router)
        lasted = 0 if awake is None else self._engine.now - awake
        return lasted > self._bounds.stretched(stall)

    def _late(self, router: ObservedRouter, here: int) -> int:
        """Return how much longer than a stall it was silent, less 10 ms of ordinary lateness."""
        asked = router.move.here if router.handing_over() and router.move is not None else None
        until = here if asked is None else asked
        stall = self._own_wait(router)
        own = int(router.config.advertisement_interval)
        late = 0 if router.last_positive is None else until - router.last_positive - own
        if asked is not None:
            late = max(late, here - asked - handover_wait(router.config))
        elif router.overtaken_at is not None:
            late = here - router.overtaken_here - stall
        return late - stall + ORDINARY_LATENESS

    def _own_wait(self, router: ObservedRouter) -> int:
        config = router.config
        return master_down(config.version, router.priority, int(config.advertisement_interval))
