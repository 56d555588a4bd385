"""Judges what nodes advertise and how they react to what they receive, packet by packet."""

from pyvrrp.identity import Version
from pyvrrp.simulator.judges.events.announcements import AnnouncementJudge
from pyvrrp.simulator.judges.events.deaths import DeathJudge
from pyvrrp.simulator.judges.observed.facts import changeable_state
from pyvrrp.simulator.judges.observed.judge import Case, Judge
from pyvrrp.simulator.judges.observed.priority import higher
from pyvrrp.simulator.judges.observed.router import ObservedRouter
from pyvrrp.simulator.judges.observed.since import latest
from pyvrrp.simulator.judges.rules.invariants import InvariantName
from pyvrrp.simulator.judges.rules.protocol_times import handover_wait, master_down, skew
from pyvrrp.simulator.judges.rules.verdicts import words
from pyvrrp.simulator.scenario.fault import FaultKind
from pyvrrp.simulator.world.network.seen_advertisement import SeenAdvertisement
from pyvrrp.simulator.world.network.sockets import NetworkCard, TrafficObserver
from pyvrrp.units import MILLISECOND

ANSWER_FLOOR = 10 * MILLISECOND


class AdvertisementJudge(Judge, TrafficObserver):
    """Updates the observed routers with each packet that is sent or read, and judges it."""

    def __init__(self, case: Case, announcements: AnnouncementJudge, deaths: DeathJudge) -> None:
        super().__init__(case)
        self._deaths = deaths
        self._announcements = announcements
        self._routers = case.facts.on_card

    def advertisement_sent(self, card: NetworkCard, seen: SeenAdvertisement) -> None:
        """Judge an advertisement that is being sent."""
        router = self._routers[card].get(seen.key)
        if router is None:
            return
        now, here = self._engine.now, router.here()
        if seen.priority == 0:
            self._judge_release(router)
            router.last_release = now
        else:
            if seen.priority != router.priority:
                self._broken(
                    InvariantName.STANDING,
                    router.who,
                    f"advertised priority {seen.priority}, its priority is {router.priority}",
                )
            self._judge_positive(router, here)
            router.last_positive = here
            if router.overtaken_at is not None:
                router.overtaken_at = None
                self._facts.version += 1
        router.last_sent, router.last_sent_here = now, here

    def packet_queued(self, card: NetworkCard, seen: SeenAdvertisement) -> None:
        """Record that a valid advertisement has arrived at a socket."""
        router = self._routers[card].get(seen.key)
        if router is not None and router.state == "BACKUP" and seen.sender not in router.own:
            self._hear(router, seen)

    def packet_taking(self, card: NetworkCard, seen: SeenAdvertisement) -> None:
        """Record the state before the daemon reads an advertisement."""
        router = self._routers[card].get(seen.key)
        if router is None:
            return
        if seen.sender in router.own:
            router.state_before = changeable_state(router)
        else:
            router.delivering = seen
            router.was_master, router.followed = router.is_master(), False

    def packet_taken(self, card: NetworkCard, seen: SeenAdvertisement) -> None:
        """Judge what the daemon has done about an advertisement."""
        router = self._routers[card].get(seen.key)
        if router is None:
            return
        if router.state_before is not None:
            self._case(InvariantName.INVALID)
            if changeable_state(router) != router.state_before:
                self._broken(
                    InvariantName.INVALID, router.who, "changed because of its own advertisement"
                )
            router.state_before = None
        if router.delivering is None:
            return
        router.delivering = None
        if seen.sender == router.foreign:
            router.foreign, router.foreign_until = None, 0  # it can be accepted now
        here = router.here()
        router.last_heard = here
        if router.state == "BACKUP":
            if not router.followed:
                self._hear(router, seen)
        elif router.was_master and router.is_master():
            self._judge_answer(router, seen)
        elif router.state == "MASTER" and higher(seen, router.priority, router.own):
            router.overtaken_at, router.overtaken_here = self._engine.now, here
            self._facts.version += 1

    def foreign(self, card: NetworkCard, seen: SeenAdvertisement, version: Version) -> None:
        """Record that a daemon reads an advertisement that it cannot accept."""
        router = self._routers[card].get(seen.key)
        if router is not None:
            wait = master_down(version, router.priority, seen.interval)
            router.foreign, router.foreign_until = seen.sender, router.here() + wait
            self._facts.version += 1

    def announcement_sent(self, card: NetworkCard, frame: bytes) -> None:
        """Judge an announcement that is being sent: a predecessor may have to let go sooner."""
        self._facts.version += 1
        self._announcements.announced(card, frame)

    def injecting(self, card: NetworkCard, seen: SeenAdvertisement) -> None:
        """Record the state before the daemon reads an invalid packet."""
        router = self._routers[card].get(seen.key)
        if router is not None:
            router.state_before = (changeable_state(router), router.last_sent)

    def injected(
        self, card: NetworkCard, seen: SeenAdvertisement, invalid: bytes, mutation: str
    ) -> None:
        """Judge that an invalid packet has changed nothing."""
        router = self._routers[card].get(seen.key)
        if router is None:
            return
        self._case(InvariantName.INVALID)
        if (changeable_state(router), router.last_sent) != router.state_before:
            self._broken(
                InvariantName.INVALID,
                router.who,
                f"changed because of an invalid packet ({mutation}): {invalid.hex()}",
            )
        router.state_before = None

    def _hear(self, router: ObservedRouter, seen: SeenAdvertisement) -> None:
        """Count an advertisement for a backup; a release of its master for its whole group.

        A packet that is read at the instant of its arrival has been counted on arrival.
        """
        here = router.here()
        if router.heard is seen and router.heard_at == here:
            return
        router.heard, router.heard_at = seen, here
        listeners: tuple[ObservedRouter, ...] = (router,)
        if seen.priority == 0 and router.takeover.knows(seen.sender):
            others = (one for one in router.members if one is not router and one.state == "BACKUP")
            listeners = (*others, router)
        for listener in listeners:
            if listener is not router:
                listener.heard = None
            if listener.takeover.hear(seen, here):
                self._facts.version += 1

    def _judge_release(self, router: ObservedRouter) -> None:
        self._case(InvariantName.REMOVED_FIRST)
        if router.config.resources:
            self._case(InvariantName.RELEASED_LAST)
        running = router.node.simulated.resources.running.intersection(router.config.resources)
        if running:
            self._broken(
                InvariantName.RELEASED_LAST,
                router.who,
                f"sent priority 0 while {', '.join(sorted(running))} runs",
            )
        self._deaths.released(router)
        asked = router.killed is not None or (
            router.move is not None and router.move.at == self._engine.now
        )
        if router.held and not asked:
            listed = ", ".join(map(str, router.held))
            self._broken(
                InvariantName.REMOVED_FIRST, router.who, f"sent priority 0 while it holds {listed}"
            )

    def _judge_positive(self, router: ObservedRouter, here: int) -> None:
        config = router.config
        own = int(config.advertisement_interval)
        limit = own + master_down(config.version, router.priority, own)
        if router.move is not None and router.handing_over():
            waited = here - router.move.here
            limit += handover_wait(config)
            early = router.move.order is not FaultKind.RESIGN or waited < handover_wait(config)
            # What was heard before the order, and waits to be read, comes before it.
            if early and router.ordered_at != self._engine.now:
                self._broken(
                    InvariantName.HANDOVER,
                    router.who,
                    f"advertised {words(waited)} after it was asked to {router.move.order}",
                )
            router.move = None
            router.resigned = False
            self._facts.version += 1
        if router.last_positive is not None and router.state == "MASTER":
            self._case(InvariantName.STALE_CLAIM)
            away = here - router.last_positive
            if router.overtaken_at is not None:
                away = here - router.overtaken_here
            if away > self._bounds.stretched(limit):
                self._broken(
                    InvariantName.STALE_CLAIM,
                    router.who,
                    f"advertised again after {words(away)} of silence",
                )
        if not router.last_resort:
            self._judge_checks(router, here)

    def _judge_checks(self, router: ObservedRouter, here: int) -> None:
        running, sound = router.node.running_since, router.interface.sound_since
        if running is None or sound is None:
            return
        # A master that leaves goes on advertising until the kernel has confirmed the removal, and
        # etcd that the key is given back.
        since = max(running, sound, self._disturbances.failing_until if router.chained else 0)
        lasting = self._engine.now - since
        leaving = max(self._bounds.leaving(one.node.name, one.config) for one in router.members)
        for check in router.checks():
            closed = here - check.closes_at()
            allowed = leaving if check.turned_at else -1
            if closed >= 0 and min(closed, lasting) > allowed:
                self._broken(
                    InvariantName.NOT_BEFORE_OPEN,
                    router.who,
                    f"advertised although {check.check.name} fails",
                )

    def _judge_answer(self, router: ObservedRouter, seen: SeenAdvertisement) -> None:
        """Judge a master that has read the advertisement of a router of lower rank."""
        if seen.priority == 0 or router.interface.card.refuses:
            return
        config, now = router.config, self._engine.now
        own = int(config.advertisement_interval)
        gap = max(skew(config.version, router.priority, own), ANSWER_FLOOR)
        # By its own clock: the daemon does not count a suspension that was hidden from it.
        silence = router.here() - router.last_sent_here
        sends = latest((router.interface.sends_since, router.node.running_since))
        # An answer that the kernel refused counts for the limit too.
        able = sends is not None and now - sends > gap
        if config.version is not Version.V2 and able:
            self._case(InvariantName.ANSWERS)
        if config.version is not Version.V2 and able and silence > self._bounds.stretched(gap):
            self._broken(
                InvariantName.ANSWERS,
                router.who,
                f"did not answer {seen.sender} of priority {seen.priority}",
            )
        paced = int(config.announce.gap) * config.announce.count * len(config.addresses)
        due = now + self._bounds.reannounced(config, seen.interval) + paced
        router.rival_at, router.rival_due = now, max(router.rival_due, due)
        self._facts.version += 1
        # An address whose removal was refused is announced when it is acknowledged again.
        since = max(router.state_since, *router.held.values()) if router.holds_all() else now
        settled = not router.unacknowledged and now - since > own
        if settled and sends is not None and now - sends > own:
            self._judge_announced(router, seen, own + paced)

    def _judge_announced(
        self, router: ObservedRouter, seen: SeenAdvertisement, within: int
    ) -> None:
        # The other addresses follow later; they are judged when the rival has stopped.
        last = router.announced_here
        if last is None or router.here() - last > self._bounds.stretched(within):
            self._broken(
                InvariantName.REANNOUNCED,
                router.who,
                f"read priority {seen.priority} of {seen.sender} and did not announce",
            )
