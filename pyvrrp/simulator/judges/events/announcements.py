"""Judges announcements: only a master sends them, and each new address is announced at once."""

from collections.abc import Collection

from pyvrrp.identity import InterfaceAddress, Place
from pyvrrp.simulator.judges.observed.judge import Judge
from pyvrrp.simulator.judges.observed.router import ObservedRouter
from pyvrrp.simulator.judges.rules.bounds import ANNOUNCE_WITHIN
from pyvrrp.simulator.judges.rules.invariants import InvariantName
from pyvrrp.simulator.world.network.sockets import NetworkCard, claim_of
from pyvrrp.units import MILLISECOND, Nanoseconds

MAC_PAUSE = Nanoseconds(100 * MILLISECOND)  # as docs/simulator.md states it, not read from the code


class AnnouncementJudge(Judge):
    """Records when each address was announced, and judges whether that was in time."""

    def announced(self, card: NetworkCard, frame: bytes) -> None:
        """Judge an announcement that is being sent."""
        claim = claim_of(frame)
        if claim is None:
            return
        for router in self._facts.on_card[card].values():
            if any(claim.address == address.ip for address in router.config.addresses):
                self._case(InvariantName.ONLY_MASTER_SPEAKS)
                if router.state != "MASTER":
                    self._broken(
                        InvariantName.ONLY_MASTER_SPEAKS,
                        router.who,
                        f"announced {claim.address} as {router.state}",
                    )
                router.announced[claim.address] = self._engine.now
                router.announced_here = router.here()

    def acknowledged(
        self, node: str, place: Place, addresses: Collection[InterfaceAddress]
    ) -> None:
        """Judge soon whether addresses are announced that the kernel acknowledges now."""
        interface = self._facts.interfaces[node, place]
        for router in self._facts.on_card[interface.card].values():
            if not router.unacknowledged:
                continue
            new = tuple(a for a in addresses if a in router.unacknowledged)
            if new:
                router.unacknowledged.difference_update(new)
                paced = int(router.config.announce.gap) * len(router.config.addresses)
                within = int(ANNOUNCE_WITHIN) + paced
                if interface.sound_since is None:
                    # They may be put back by one more request, after the one that is under way.
                    within += 2 * self._bounds.slowest_kernel
                self._engine.after(within, self._judge, router, new, int(self._engine.now))

    def mac_changed(self, node: str) -> None:
        """Judge soon whether the masters of a node announce its new hardware addresses."""
        for router in self._facts.on_node[node]:
            if router.is_master() and router.held:
                paced = int(router.config.announce.gap) * len(router.config.addresses)
                within = int(ANNOUNCE_WITHIN) + int(MAC_PAUSE) + paced
                held = tuple(router.held)
                self._engine.after(within, self._judge, router, held, int(self._engine.now))

    def _judge(
        self, router: ObservedRouter, addresses: tuple[InterfaceAddress, ...], since: int
    ) -> None:
        running, sends = router.node.running_since, router.interface.sends_since
        if running is None or running > since or sends is None or sends > since:
            return
        if not router.is_master():
            return
        for address in addresses:
            self._case(InvariantName.ANNOUNCED)
            if address in router.held and router.announced.get(address.ip, -1) < since:
                self._broken(
                    InvariantName.ANNOUNCED,
                    router.who,
                    f"{address} is there and was not announced",
                )
