"""Judges how long a node keeps an address that it should not have, or two nodes have one."""

from itertools import combinations

from pyvrrp.identity import InterfaceAddress, VirtualRouterId
from pyvrrp.simulator.judges.observed.judge import Judge
from pyvrrp.simulator.judges.observed.router import ObservedRouter
from pyvrrp.simulator.judges.observed.since import FOREVER, latest
from pyvrrp.simulator.judges.rules.invariants import InvariantName
from pyvrrp.simulator.judges.rules.shares import Suspension
from pyvrrp.simulator.judges.rules.verdicts import words


class HolderJudge(Judge):
    """Judges nodes that have addresses."""

    def overlap(self, router: VirtualRouterId) -> int:
        """Judge whether two nodes that hear each other both have an address for too long."""
        holding = [one for one in self._facts.by_id[router] if one.held]
        pairs = combinations(holding, 2)
        return min((self._overlap(router, *pair) for pair in pairs), default=FOREVER)

    def _overlap(self, router: VirtualRouterId, one: ObservedRouter, other: ObservedRouter) -> int:
        both = [address for address in one.held if address in other.held]
        segment = self._facts.segments[router.place]
        heard = segment.hear_each_other((one.node.name, other.node.name))
        for dead, successor in ((one, other), (other, one)):
            if both and dead.killed is not None and heard is not None:
                return self._overlap_after_death(dead, successor, both[0], heard)
        since = latest((one.node.running_since, other.node.running_since, heard))
        if not both or since is None:
            return FOREVER
        well = latest((one.interface.well_since(), other.interface.well_since()))
        endless = not (one.config.lease and other.config.lease)
        why = Suspension.ENDLESS if well is None and endless else None
        self._note(InvariantName.ONE_HOLDER, why)
        held = max(max(one.held[a], other.held[a]) for a in both)
        until = FOREVER
        if not endless:
            # A kernel may refuse, and a node may not be heard: then the leases run out.
            leases = max(self._bounds.unsendable(x.config) for x in (one, other))
            limit = self._bounds.overlap(router, unheard=True) + leases
            until = self._both_hold(one, other, both[0], max(since, held), limit)
        if well is not None:
            since = max(since, well)
            begun = max(since, held)
            limit = max(
                self._allowed(one, other, since, begun), self._allowed(other, one, since, begun)
            )
            until = min(until, self._both_hold(one, other, both[0], begun, limit))
        return until

    def _both_hold(
        self, one: ObservedRouter, other: ObservedRouter, address: object, begun: int, limit: int
    ) -> int:
        return self._judge_duration(
            begun,
            limit,
            InvariantName.ONE_HOLDER,
            f"{one.who} and {other.who}",
            f"both have held {address} for {{}}",
        )

    def _overlap_after_death(
        self,
        dead: ObservedRouter,
        successor: ObservedRouter,
        address: InterfaceAddress,
        heard: int,
    ) -> int:
        announced = successor.announced.get(address.ip)
        since = successor.interface.well_since()
        if since is None or announced is None or dead.node.simulated.kernel.suspended:
            return FOREVER
        if announced < successor.held[address]:
            return FOREVER
        begun = max(since, heard, dead.held[address], successor.held[address])
        unheard = dead.killed is not None and announced < dead.killed.at
        return self._judge_duration(
            begun,
            self._bounds.succeeded(successor.config, unheard=unheard),
            InvariantName.ONE_HOLDER,
            f"{dead.who} and {successor.who}",
            f"both have held {address} for {{}} after the first one was killed",
        )

    def _allowed(
        self, leaving: ObservedRouter, successor: ObservedRouter, since: int, begun: int
    ) -> int:
        """Return how long both may have an address from *begun* on, if *leaving* lets go.

        They have heard each other *since* then.
        """
        bounds, move = self._bounds, leaving.move
        if move is None or leaving.state == "MASTER":
            return bounds.overlap(leaving.id)
        announced = max(successor.announced.values(), default=0)
        if announced <= max(move.at, since):
            return bounds.overlap(leaving.id, unheard=True)
        return max(bounds.overlap(leaving.id), announced - begun + bounds.after_announcement)

    def lease(self, router: ObservedRouter) -> int:
        """Judge whether addresses stay longer than their lease where it cannot be renewed."""
        if not router.held:
            return FOREVER
        return min(self._lease_of_absent(router), self._lease_of_silent(router))

    def _lease_of_absent(self, router: ObservedRouter) -> int:
        node, config = router.node, router.config
        if not node.away:
            return FOREVER
        if config.lease and not node.simulated.kernel.suspended:
            self._note(InvariantName.LEASE)
        limit = self._bounds.lease(config) if config.lease else None
        simulated = node.simulated
        guarded = node.away == "dead" and simulated.spec.configuration.guardian
        if guarded and not simulated.kernel.suspended:
            least = self._bounds.guarded
            if router.killed is not None:
                least = self._bounds.handed_over(config)
            limit = least if limit is None else min(limit, least)
        if limit is None:
            return FOREVER
        lasted = node.time.kernel_now() - node.away_at
        if lasted > limit:
            self._broken(
                InvariantName.LEASE,
                router.who,
                f"{node.away} for {words(lasted)} and still holds an address",
            )
        return node.time.true_kernel_time(node.away_at + limit + 1) - 1

    def _lease_of_silent(self, router: ObservedRouter) -> int:
        refused, running = router.interface.refused_since, router.node.running_since
        if refused is None or not router.config.lease or running is None:
            return FOREVER
        self._note(InvariantName.LEASE)
        begun = max(refused, running, min(router.held.values()))
        return self._judge_duration(
            begun,
            self._bounds.unsendable(router.config),
            InvariantName.LEASE,
            router.who,
            "could not send for {} and still holds an address",
        )

    def only_master(self, router: ObservedRouter) -> int:
        """Judge whether a running node that is not master has an address for too long."""
        running, sound = router.node.running_since, router.interface.sound_since
        if router.state == "MASTER" or not router.held or running is None:
            return FOREVER
        limit = self._bounds.lingering if router.lingers else self._bounds.removal
        if router.killed is not None:
            # The guardian of an earlier daemon removes it, and this one waits for that.
            limit += self._bounds.handed_over(router.config)
        begun = max(running, router.state_since, min(router.held.values()))
        why = Suspension.ENDLESS if sound is None and not router.config.lease else None
        self._note(InvariantName.ONLY_MASTER, why)
        if sound is not None:
            return self._not_master(router, max(begun, sound), limit)
        if router.config.lease:
            return self._not_master(router, begun, limit + self._bounds.lease(router.config))
        return FOREVER

    def _not_master(self, router: ObservedRouter, begun: int, limit: int) -> int:
        return self._judge_duration(
            begun,
            limit,
            InvariantName.ONLY_MASTER,
            router.who,
            f"has been {router.state} for {{}} and holds an address",
        )
