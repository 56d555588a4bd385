"""Judges what lasts: looks at the facts from time to time and before each of them changes."""

from pyvrrp.identity import InterfaceAddress, VirtualRouterId
from pyvrrp.simulator.judges.bounds import NEIGHBOUR_AGE, STATUS_WITHIN, Bounds
from pyvrrp.simulator.judges.facts import Facts, ObservedSegment
from pyvrrp.simulator.judges.group import GroupJudge
from pyvrrp.simulator.judges.invariants import InvariantName
from pyvrrp.simulator.judges.observed_router import ObservedRouter
from pyvrrp.simulator.judges.placement import PlacementJudge
from pyvrrp.simulator.judges.verdicts import Verdicts
from pyvrrp.simulator.scenario.fault import ServiceHealth
from pyvrrp.simulator.scenario.scenario import Scenario
from pyvrrp.simulator.world.clients import SimulatedClient
from pyvrrp.simulator.world.engine import Engine
from pyvrrp.simulator.world.kernel import NOTICE
from pyvrrp.units import MILLISECOND, Nanoseconds, in_words


class TimeJudge:
    """Each rule compares how long something has lasted with its bound."""

    def __init__(
        self,
        scenario: Scenario,
        facts: Facts,
        bounds: Bounds,
        engine: Engine,
        verdicts: Verdicts,
    ) -> None:
        self._facts = facts
        self._bounds = bounds
        self._engine = engine
        self._require = verdicts.require
        self._groups = GroupJudge(facts, bounds, engine, verdicts)
        self._placement = PlacementJudge(facts, bounds, engine, verdicts)
        self._period = max((int(client.period) for client in scenario.clients), default=0)

    def look(self) -> None:
        """Judge everything that lasts."""
        for key, seats in self._facts.by_key.items():
            self._judge_overlaps(key, seats)
            for seat in seats:
                self._judge_seat(seat)
            segment = self._facts.segments[key.place]
            for group in segment.groups:
                self._placement.look(key, segment, group)

    def overlaps(self, key: VirtualRouterId) -> None:
        """Judge what lasted until now, before an address changes hands."""
        self._judge_overlaps(key, self._facts.by_key[key])

    def gained(self, seat: ObservedRouter) -> None:
        """Judge a master that nobody has heard for longer than a lease and that has more again."""
        name = seat.node.name
        refused, awake = (
            self._facts.refused.get((name, seat.place)),
            self._facts.awake.get(name),
        )
        if refused is None or awake is None or not seat.config.lease or seat.state != "MASTER":
            return
        lasted = self._engine.now - max(refused, awake)
        self._require(
            lasted <= self._bounds.unsendable(seat.config) or seat.state_since > refused,
            InvariantName.LEASE,
            seat.who,
            f"could not send for {in_words(Nanoseconds(lasted))} and takes an address",
        )

    def client(self, client: SimulatedClient, segment: ObservedSegment) -> None:
        """Judge whom a client has just reached."""
        for key, seats in self._facts.by_key.items():
            if key.place == segment.place:
                for address in seats[0].config.addresses:
                    self._judge_client(key, client, segment, address)

    def put_back_due(self, seat: ObservedRouter, address: InterfaceAddress) -> None:
        """Somebody deleted an address of a master: look whether it comes back."""
        name, place = seat.node.name, seat.place
        since = self._engine.now
        well = self._facts.well(name, place)
        # Who could not send renews and puts back nothing before it has been heard again.
        heard = seat.last_sent is not None and well is not None and seat.last_sent >= well
        if (
            well is None
            or not heard
            or not seat.is_master()
            or since - seat.state_since < 50 * MILLISECOND
        ):
            return
        due = self._bounds.stretched(int(NOTICE) + self._bounds.kernel)

        def look() -> None:
            still = self._facts.well(name, place)
            same = still is not None and still <= since and seat.state_since <= since
            self._require(
                address in seat.held or not same or not seat.is_master(),
                InvariantName.PUT_BACK,
                seat.who,
                f"{address} was deleted and is not back",
            )

        self._engine.at(since + due, look)

    def _judge_overlaps(self, key: VirtualRouterId, seats: list[ObservedRouter]) -> None:
        holding = [seat for seat in seats if seat.held]
        segment = self._facts.segments[key.place]
        for index, one in enumerate(holding):
            for other in holding[index + 1 :]:
                self._judge_overlap(key, segment, one, other)

    def _judge_overlap(
        self,
        key: VirtualRouterId,
        segment: ObservedSegment,
        one: ObservedRouter,
        other: ObservedRouter,
    ) -> None:
        well = (self._facts.well(seat.node.name, key.place) for seat in (one, other))
        heard = self._facts.hear_each_other(segment, (one.node.name, other.node.name))
        since = [*well, heard]
        both = [a for a in one.held if a in other.held]
        if not both or any(fact is None for fact in since):
            return
        latest = max(max(one.held[a], other.held[a]) for a in both)
        lasted = self._engine.now - max([latest, *(fact for fact in since if fact is not None)])
        self._require(
            lasted <= self._bounds.overlap(key),
            InvariantName.ONE_HOLDER,
            f"{one.who} and {other.who}",
            f"both have held {both[0]} for {in_words(Nanoseconds(lasted))}",
        )

    def _judge_seat(self, seat: ObservedRouter) -> None:
        name = seat.node.name
        running, sound = self._facts.running.get(name), self._facts.sound.get((name, seat.place))
        self._groups.look(seat)
        self._judge_lease(seat)
        if running is not None:
            self._judge_status(seat, running)
        if running is None or sound is None:
            return
        since = max(running, sound)
        self._judge_fence(seat, since)
        if seat.state != "MASTER":
            self._judge_only_master(seat, since)
            self._judge_lateness(seat, since)
        else:
            self._judge_pace(seat, since)
            self._judge_rival(seat, since)

    def _judge_lease(self, seat: ObservedRouter) -> None:
        config, name = seat.config, seat.node.name
        if not seat.held:
            return
        away = self._facts.gone.get(name)
        kernel = seat.node.time.kernel_now()
        if away is not None:
            how, when = away
            guarded = how == "dead" and seat.node.spec.configuration.guardian
            limit = self._bounds.lease(config) if config.lease else None
            if guarded and not seat.node.kernel.suspended:
                limit = self._bounds.guarded()
            self._require(
                limit is None or kernel - when <= limit,
                InvariantName.LEASE,
                seat.who,
                f"{how} for {in_words(Nanoseconds(kernel - when))} and still holds an address",
            )
        refused = self._facts.refused.get((name, seat.place))
        if refused is None or not config.lease or name not in self._facts.running:
            return
        begun = max(refused, self._facts.running[name], min(seat.held.values()))
        lasted = self._engine.now - begun
        self._require(
            lasted <= self._bounds.unsendable(config),
            InvariantName.LEASE,
            seat.who,
            f"could not send for {in_words(Nanoseconds(lasted))} and still holds an address",
        )

    def _judge_status(self, seat: ObservedRouter, running: int) -> None:
        if self._engine.now - max(running, seat.changed_at) <= STATUS_WITHIN:
            return
        for instance in seat.node.routers():
            if instance.config is seat.config:
                self._require(
                    instance.addresses.present == frozenset(seat.held),
                    InvariantName.STATUS,
                    seat.who,
                    f"status knows of {len(instance.addresses.present)} addresses, "
                    f"the kernel has {len(seat.held)}",
                )

    def _judge_fence(self, seat: ObservedRouter, since: int) -> None:
        if not seat.held or seat.last_resort:
            return
        held = max(min(seat.held.values()), seat.resort_over_at)
        for life in self._facts.checks(seat):
            closed = life.closed_for(seat.node.time.now())
            lasted = min(closed or 0, self._engine.now - max(since, held))
            self._require(
                lasted <= self._bounds.removal(),
                InvariantName.NOT_BEFORE_OPEN,
                seat.who,
                f"{life.check.name} has kept it out for {in_words(Nanoseconds(lasted))}, and it "
                "holds an address",
            )
        for check in seat.fence():
            bad = self._facts.bad.get((seat.node.name, check))
            if bad is None:
                continue
            service = seat.node.services[check]
            stuck = service.health is ServiceHealth.STUCK
            limit = (self._bounds.silent if stuck else self._bounds.failing)(service.check)
            lasted = self._engine.now - max(bad, since, held)
            self._require(
                lasted <= limit,
                InvariantName.FENCED,
                seat.who,
                f"{check} has failed for {in_words(Nanoseconds(lasted))}, and it holds an address",
            )

    def _judge_only_master(self, seat: ObservedRouter, since: int) -> None:
        if not seat.held:
            return
        begun = max(since, seat.state_since, min(seat.held.values()))
        lasted = self._engine.now - begun
        limit = self._bounds.lingering() if seat.lingers else self._bounds.removal()
        self._require(
            lasted <= limit,
            InvariantName.ONLY_MASTER,
            seat.who,
            f"has been {seat.state} for {in_words(Nanoseconds(lasted))} and holds an address",
        )

    def _judge_lateness(self, seat: ObservedRouter, since: int) -> None:
        healthy, able = self._facts.healthy(seat), self._facts.able(seat)
        if healthy is None or seat.node.stopping or able is None:
            return
        if any(one.state != "BACKUP" for one in seat.members):
            return
        if seat.exclusive:
            return  # it may have to wait for the key, for as long as somebody has it
        # All members of a group take over when the last one may.
        due = max(one.patience.due() for one in seat.members)
        overdue = seat.node.time.now() - due
        # What waited in the socket of a stopped process counts from when it was read.
        read = since + max(self._bounds.placed(one.key, one.config) for one in seat.members)
        begun = (max(one.state_since, one.priority_since) for one in seat.members)
        ready = max(read, healthy, able, *begun)
        lasted = min(overdue, self._engine.now - ready)
        looking = max(self._bounds.looking(one.node.name, one.config) for one in seat.members)
        # The gate may look once more, and a look that was under way may have to end first.
        self._require(
            lasted <= looking + self._bounds.removal(),
            InvariantName.NOT_LATE,
            seat.who,
            f"could have taken over {in_words(Nanoseconds(overdue))} ago",
        )

    def _judge_pace(self, seat: ObservedRouter, since: int) -> None:
        sends = self._facts.sends.get((seat.node.name, seat.place))
        if sends is None or seat.handing_over:
            return
        spoke = max(since, sends, seat.state_since, seat.last_sent or 0)
        if seat.overtaken_at is not None:
            spoke = seat.overtaken_at + self._bounds.longest_wait[seat.key]
        silence = self._engine.now - spoke
        self._require(
            silence <= self._bounds.stretched(int(seat.config.advertisement_interval)),
            InvariantName.PACE,
            seat.who,
            f"a master silent for {in_words(Nanoseconds(silence))}",
        )

    def _judge_rival(self, seat: ObservedRouter, since: int) -> None:
        if seat.rival_at is None or not seat.is_master() or not seat.whole():
            return
        own = int(seat.config.advertisement_interval)
        late = self._engine.now - max(
            seat.rival_due, since + 3 * own, max(seat.held.values()) + 3 * own
        )
        if late <= 0:
            return
        sends = self._facts.sends.get((seat.node.name, seat.place))
        if sends is None or sends > seat.rival_at:
            seat.rival_at = None  # its announcements were refused
            return
        last = min(seat.announced.get(address.ip, 0) for address in seat.config.addresses)
        self._require(
            last > seat.rival_at,
            InvariantName.REANNOUNCED,
            seat.who,
            "did not announce again after its rival had fallen silent",
        )
        seat.rival_at = None

    def _judge_client(
        self,
        key: VirtualRouterId,
        client: SimulatedClient,
        segment: ObservedSegment,
        address: InterfaceAddress,
    ) -> None:
        for group in segment.groups:
            calm = self._facts.calm(segment, group)
            clean = self._facts.hear_each_other(segment, (client.name, *group))
            seats = self._facts.seats_of(key, group)
            holders = [seat for seat in seats if address in seat.held]
            if calm is None or clean is None or len(holders) != 1:
                continue
            if self._others_hold(key, group, address):
                continue
            self._judge_reach(key, client, address, holders[0], max(calm, clean))

    def _others_hold(
        self, key: VirtualRouterId, group: tuple[str, ...], address: InterfaceAddress
    ) -> bool:
        return any(
            address in seat.held and seat.node.name not in group for seat in self._facts.by_key[key]
        )

    def _judge_reach(
        self,
        key: VirtualRouterId,
        client: SimulatedClient,
        address: InterfaceAddress,
        holder: ObservedRouter,
        clean: int,
    ) -> None:
        since = max(clean, holder.held[address])
        own = holder.own()
        rivals = (s for s in self._facts.by_key[key] if s.yielded_to in own)
        yielded = max((s.yielded_at for s in rivals), default=0)
        limit = self._bounds.clients(key) + 2 * self._period
        # Who was away when the holder announced learns of it when its neighbour entry is old.
        if clean > holder.held[address] and yielded < clean:
            limit += int(NEIGHBOUR_AGE) + 2 * self._period
        lasted = self._engine.now - max(since, yielded if yielded > clean else 0)
        reached = client.reached.get(address)
        self._require(
            reached == holder.node.name or lasted <= limit,
            InvariantName.CLIENTS,
            client.name,
            f"{holder.node.name} has held {address} for {in_words(Nanoseconds(lasted))}, and the "
            f"client reaches {reached or 'nobody'}",
        )
