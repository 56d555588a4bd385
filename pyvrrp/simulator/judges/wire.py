"""Judges what nodes say, and what they do about what they hear, at the instant they do it."""

from ipaddress import IPv4Address

from pyvrrp.identity import Family, Place, Version
from pyvrrp.runtime.base.journal import Event
from pyvrrp.simulator.judges.bounds import LINGER, Bounds, master_down, patience, skew
from pyvrrp.simulator.judges.facts import Facts, changeable_state
from pyvrrp.simulator.judges.invariants import InvariantName
from pyvrrp.simulator.judges.observed_router import ObservedRouter, OperatorOrder
from pyvrrp.simulator.judges.oracle import SeenAdvertisement, higher, seen_in
from pyvrrp.simulator.judges.resources import ResourceJudge
from pyvrrp.simulator.judges.verdicts import Verdicts
from pyvrrp.simulator.world.engine import Engine
from pyvrrp.simulator.world.sockets import claim_of
from pyvrrp.units import MILLISECOND, Nanoseconds, in_words

ANSWER_FLOOR = 10 * MILLISECOND


class WireJudge:
    """Keeps the seats up to date from what passes, and judges each event as it comes."""

    def __init__(self, facts: Facts, bounds: Bounds, engine: Engine, verdicts: Verdicts) -> None:
        self._facts = facts
        self._bounds = bounds
        self._engine = engine
        self.resources = ResourceJudge(facts, verdicts)
        self._require = verdicts.require

    def sent(self, node: str, place: Place, packet: bytes) -> None:
        """An advertisement leaves."""
        seen = seen_in(packet)
        seat = self._seat(node, place, seen)
        if seat is None:
            return
        now, here = self._engine.now, seat.node.time.now()
        if seen.priority == 0:
            self.resources.released(seat)
            listed = ", ".join(map(str, seat.held))
            asked = seat.move is not None and seat.move.at == now
            self._require(
                asked or not seat.held,
                InvariantName.REMOVED_FIRST,
                seat.who,
                f"priority 0 while it holds {listed}",
            )
            seat.last_release = now
        else:
            self._require(
                seen.priority == seat.priority,
                InvariantName.STANDING,
                seat.who,
                f"advertised priority {seen.priority}, stands with {seat.priority}",
            )
            self._judge_positive(seat, here)
            seat.last_positive, seat.overtaken_at = here, None
        seat.last_sent, seat.last_sent_here = now, here

    def announced(self, node: str, place: Place, frame: bytes) -> None:
        """An announcement leaves."""
        claim = claim_of(frame)
        if claim is None:
            return
        for seat in self._facts.by_place.get((node, place), ()):
            if any(claim.address == address.ip for address in seat.config.addresses):
                self._require(
                    seat.state == "MASTER",
                    InvariantName.ONLY_MASTER_SPEAKS,
                    seat.who,
                    f"announced {claim.address} as {seat.state}",
                )
                seat.announced[claim.address] = self._engine.now
                seat.announced_here = seat.node.time.now()

    def queued(self, node: str, place: Place, packet: bytes) -> None:
        """A valid advertisement has come to a socket."""
        seen = seen_in(packet)
        seat = self._seat(node, place, seen)
        if seat is not None and seat.state == "BACKUP" and seen.sender not in seat.own():
            self._hear(seat, seen)

    def taking(self, node: str, place: Place, packet: bytes) -> None:
        """The daemon is about to read one."""
        seen = seen_in(packet)
        seat = self._seat(node, place, seen)
        if seat is None:
            return
        if seen.sender in seat.own():
            seat.state_before = changeable_state(seat.node)
        else:
            seat.delivering = seen
            seat.was_master, seat.followed = seat.is_master(), False

    def taken(self, node: str, place: Place, packet: bytes) -> None:
        """The daemon has done what it wanted about it."""
        seen = seen_in(packet)
        seat = self._seat(node, place, seen)
        if seat is not None and seat.state_before is not None:
            same = changeable_state(seat.node) == seat.state_before
            self._require(same, InvariantName.INVALID, seat.who, "changed by its own advertisement")
            seat.state_before = None
        if seat is None or seat.delivering is None:
            return
        seat.delivering = None
        here = seat.node.time.now()
        seat.last_heard = here
        if seat.state == "BACKUP":
            if not seat.followed:
                self._hear(seat, seen)
        elif seat.was_master and seat.is_master():
            self._judge_answer(seat, seen)
        elif seat.state == "MASTER" and higher(seen, seat.priority, seat.own()):
            seat.overtaken_at, seat.overtaken_here = self._engine.now, here

    def _hear(self, seat: ObservedRouter, seen: SeenAdvertisement) -> None:
        """A backup hears something; the release of its master counts for its whole group."""
        here = seat.node.time.now()
        if seen.priority == 0 and seat.patience.knows(seen.sender):
            for other in seat.members:
                if other is not seat and other.state == "BACKUP":
                    other.patience.hear(seen, here)
        seat.patience.hear(seen, here)

    def transition(self, seat: ObservedRouter, event: Event) -> None:
        """A daemon reports a change of state."""
        before, after = str(event.fields["from"]), str(event.fields["to"])
        reason = str(event.fields["reason"])
        now, here = self._engine.now, seat.node.time.now()
        if after == "MASTER":
            self._judge_takeover(seat, before, here, reason)
        elif before == "MASTER" and after == "BACKUP":
            self._judge_yield(seat, here, reason)
        elif before == "MASTER":
            self._judge_release(seat, here, reason)
        self._require(
            not seat.drained or seat.leaving or after == "INIT",
            InvariantName.DRAINED,
            seat.who,
            f"is drained and became {after}: {reason}",
        )
        seat.lingers = False
        if after == "BACKUP":
            # A master that gave way waits for the better one; what a stalled one reads comes next.
            better = self._successor(seat) if before == "MASTER" else None
            # One that was away too long is stalled: it lets go at once and remembers nothing.
            prompt = better is not None and self._is_prompt(seat, here)
            seat.patience.begin(here, better.interval if better and prompt else None)
            lingers = not seat.exclusive
            seat.lingers, seat.followed = lingers and better is not None, prompt
            leader = self._left_before(seat) if better is None else None
            if leader is not None and leader.lingers:
                seat.lingers, prompt = True, leader.patience.holds_until > 0
            seat.patience.holds_until = here + LINGER if lingers and prompt else 0
            resigned = seat.move is not None and seat.move.wish is OperatorOrder.RESIGN
            # With a lease it leaves first, and listens again as the one that has resigned.
            seat.patience.defers = resigned and (seat.followed or seat.exclusive)
        if after == "MASTER":
            seat.move = None
        seat.state, seat.state_since = after, now
        seat.last_positive = here if after == "MASTER" else None
        seat.rival_at = seat.overtaken_at = None

    def _seat(self, node: str, place: Place, seen: SeenAdvertisement) -> ObservedRouter | None:
        family = Family.IPV4 if isinstance(seen.sender, IPv4Address) else Family.IPV6
        for seat in self._facts.by_place.get((node, place), ()):
            if seat.key.vrid == seen.vrid and seat.key.family is family:
                return seat
        return None

    def _judge_positive(self, seat: ObservedRouter, here: int) -> None:
        own = int(seat.config.advertisement_interval)
        limit = own + master_down(seat.config.version, seat.priority, own)
        if seat.handing_over and seat.move is not None:
            waited = here - seat.move.here
            limit += patience(seat.config)
            self._require(
                seat.move.wish is OperatorOrder.RESIGN and waited >= patience(seat.config),
                InvariantName.HANDOVER,
                seat.who,
                f"advertised {in_words(Nanoseconds(waited))} after it was asked to "
                f"{seat.move.wish}",
            )
            seat.move = None
        if seat.last_positive is not None and seat.state == "MASTER":
            away = here - seat.last_positive
            if seat.overtaken_at is not None:
                away = here - seat.overtaken_here
            self._require(
                away <= self._bounds.stretched(limit),
                InvariantName.STALE_CLAIM,
                seat.who,
                f"advertised again after {in_words(Nanoseconds(away))}",
            )
        running = self._facts.running.get(seat.node.name)
        for check in self._facts.checks(seat):
            closed = check.closed_for(here)
            if closed is None or seat.last_resort:
                continue
            # Until the kernel has confirmed the removal, a master that leaves goes on.
            sound = self._facts.sound.get((seat.node.name, seat.place))
            begun = max(running or 0, sound or 0) if running is not None else None
            lasting = begun is not None and sound is not None
            allowed = self._bounds.removal() if check.turned_at else -1
            for_how_long = min(closed, self._engine.now - begun) if begun is not None else 0
            self._require(
                not lasting or for_how_long <= allowed,
                InvariantName.NOT_BEFORE_OPEN,
                seat.who,
                f"advertised although {check.check.name} fails",
            )

    def _judge_takeover(self, seat: ObservedRouter, before: str, here: int, reason: str) -> None:
        if before == "BACKUP":
            early = seat.patience.too_early(here)
            self._require(
                early <= 0,
                InvariantName.TAKEOVER,
                seat.who,
                f"{in_words(Nanoseconds(early))} too early ({reason})",
            )
        # Sockets on an interface that has just come back are opened with the next notice.
        sends = self._facts.sends.get((seat.node.name, seat.place), self._engine.now)
        running = self._facts.running.get(seat.node.name, self._engine.now)
        able = self._engine.now - max(sends, running) > 10 * MILLISECOND
        self._require(
            not able or seat.last_sent == self._engine.now,
            InvariantName.PACE,
            seat.who,
            f"became master without a word ({reason})",
        )
        for check in self._facts.checks(seat):
            self._require(
                seat.last_resort or (check.open(here) and check.fresh(here)),
                InvariantName.GATE,
                seat.who,
                f"became master, and {check.check.name} has no fresh pass ({reason})",
            )

    def _judge_yield(self, seat: ObservedRouter, here: int, reason: str) -> None:
        better, late = self._successor(seat), self._late(seat, here)
        follows = self._left_before(seat) is not None
        self._require(
            better is not None or follows or seat.last_positive is None or late > 0,
            InvariantName.YIELD,
            seat.who,
            f"gave way: {reason}",
        )
        if better is not None and late <= 10 * MILLISECOND and not seat.handing_over:
            # It said farewell; one that was away goes without a word.
            seat.yielded_at = self._engine.now
            seat.yielded_to = better.sender

    def _judge_release(self, seat: ObservedRouter, here: int, reason: str) -> None:
        now = self._engine.now
        card = seat.node.cards[seat.place]
        able = card.kernel.interfaces[seat.place].exists and not card.refuses
        # None: it could not send, so nobody knows when it should have.
        said = seat.last_positive is None or self._late(seat, here) > 0
        said = said or seat.last_release == now or seat.overtaken_at is not None
        if seat.move is not None:
            # It said so when it was asked, if it could.
            sends = self._facts.sends.get((seat.node.name, seat.place), now)
            said = said or sends > seat.move.at
            said = said or (seat.last_release is not None and seat.last_release >= seat.move.at)
        self._require(
            said or not able, InvariantName.RELEASE_SENT, seat.who, f"left silently: {reason}"
        )

    def _left_before(self, seat: ObservedRouter) -> ObservedRouter | None:
        """Return the member of its group that has just ceased to be master."""
        return next((one for one in seat.members if one.state != "MASTER"), None)

    def _successor(self, seat: ObservedRouter) -> SeenAdvertisement | None:
        """Return the advertisement being read, if this master has to give way to it."""
        seen = seat.delivering
        if seen is None or seen.priority == 0:
            return None
        gives_way = seat.handing_over or higher(seen, seat.priority, seat.own())
        return seen if gives_way else None

    def _is_prompt(self, seat: ObservedRouter, here: int) -> bool:
        if seat.last_positive is not None or seat.handing_over:
            return self._late(seat, here) <= 0
        # It could not send; if it was awake all the time, its timers have fired.
        own = int(seat.config.advertisement_interval)
        awake = self._facts.awake.get(seat.node.name, self._engine.now)
        stall = own + master_down(seat.config.version, seat.priority, own)
        return self._engine.now - awake > self._bounds.stretched(stall)

    def _late(self, seat: ObservedRouter, here: int) -> int:
        """Return how much longer than a stall it was away, less 10 ms of ordinary lateness."""
        config = seat.config
        own = int(config.advertisement_interval)
        asked = seat.move.here if seat.handing_over and seat.move is not None else None
        until = here if asked is None else asked
        stall = master_down(config.version, seat.priority, own)
        late = 0 if seat.last_positive is None else until - seat.last_positive - own
        if asked is not None:
            late = max(late, here - asked - patience(config))
        elif seat.overtaken_at is not None:
            late = here - seat.overtaken_here - stall
        return late - stall + 10 * MILLISECOND

    def _judge_answer(self, seat: ObservedRouter, seen: SeenAdvertisement) -> None:
        config, now = seat.config, self._engine.now
        own = int(config.advertisement_interval)
        if seen.priority == 0 or seat.node.cards[seat.place].refuses:
            return
        gap = max(skew(config.version, seat.priority, own), ANSWER_FLOOR)
        # By its own clock: a suspension that was hidden from it is no time to the daemon.
        silence = seat.node.time.now() - seat.last_sent_here
        # An answer that the kernel refused counts for the limit too.
        able = now - self._facts.sends.get((seat.node.name, seat.place), now) > gap
        self._require(
            config.version is Version.V2 or not able or silence <= self._bounds.stretched(gap),
            InvariantName.ANSWERS,
            seat.who,
            f"did not answer {seen.sender} of priority {seen.priority}",
        )
        paced = int(config.announce.gap) * config.announce.count * len(config.addresses)
        seat.rival_at = now
        seat.rival_due = max(
            seat.rival_due, now + self._bounds.reannounced(config, seen.interval) + paced
        )
        # An address that a refused removal left there is announced when it is acknowledged anew.
        since = max(seat.state_since, *seat.held.values()) if seat.whole() else now
        settled = not seat.unacknowledged and now - since > own
        sends = self._facts.sends.get((seat.node.name, seat.place))
        if settled and sends is not None and now - sends > own:
            # The others follow at their pace, and are looked at when the rival has fallen silent.
            last = seat.announced_here
            self._require(
                last is not None
                and seat.node.time.now() - last <= self._bounds.stretched(own + paced),
                InvariantName.REANNOUNCED,
                seat.who,
                f"met {seen.sender} of priority {seen.priority} and did not announce",
            )
