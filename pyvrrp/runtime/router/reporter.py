"""The events of one virtual router, and the counters that go with them."""

from typing import assert_never

from pyvrrp.config.model.configuration import VirtualRouterConfig
from pyvrrp.identity import some_of
from pyvrrp.packet.reception import Accepted, Discarded, Mismatch
from pyvrrp.ports import Clock, InterfaceState
from pyvrrp.runtime.base.counters import Counters
from pyvrrp.runtime.base.deadline_timer import DeadlineTimer
from pyvrrp.runtime.base.journal import Journal, Level
from pyvrrp.runtime.links.source_address import becomes_a_source, what_to_set
from pyvrrp.runtime.router.collisions import Collisions
from pyvrrp.units import MILLISECOND, Nanoseconds, in_words
from pyvrrp.virtual_router.actions import ReportHandover, ReportSplitBrain, ReportTransition
from pyvrrp.virtual_router.parameters import OWNER

LASTING = Nanoseconds(100 * MILLISECOND)  # an obstacle that lasts this long gets a line in the log


class Reporter:
    """Records the events of one virtual router in the journal. Repeated warnings are limited."""

    def __init__(
        self, config: VirtualRouterConfig, clock: Clock, journal: Journal, counters: Counters
    ) -> None:
        self.reason = "starting"
        self.since = clock.now()
        self.new_master_reason = "not-master"
        self.collisions = Collisions(config, clock, journal, counters)
        self._config = config
        self._clock = clock
        self._journal = journal
        self._counters = counters
        self._explain = DeadlineTimer(clock, self._waiting)

    def configuration_is(self, config: VirtualRouterConfig) -> None:
        """Compare what is heard with *config* from now on."""
        self._config = config
        self.collisions.configuration_is(config)

    def transition(self, action: ReportTransition) -> None:
        """Tell of a change of state and its reason, or of a new reason for INIT."""
        self.reason = action.reason
        if action.before == action.after:
            self._explain.set(Nanoseconds(self._clock.now() + LASTING))
            return
        self._explain.set(None)
        self.since = self._clock.now()
        self.new_master_reason = action.new_master_reason
        if action.after == "MASTER":
            self._counters.add("master_transitions")
        self._journal.record(
            "transition",
            f"{action.before} -> {action.after}: {action.reason}",
            virtual_router=self._config,
            fields={"from": action.before, "to": action.after, "reason": action.reason},
        )

    def priority(self, before: int, now: int) -> None:
        """Tell that the priority of the router has changed."""
        self._journal.record(
            "priority",
            f"priority {before} -> {now}",
            virtual_router=self._config,
            fields={"from": before, "to": now},
        )

    def handover(self, action: ReportHandover) -> None:
        """Tell the progress of a planned move."""
        if not action.failed:
            self._journal.record("handover", action.text, virtual_router=self._config)
            return
        self._counters.add("handovers_failed")
        self._journal.record(
            "handover_failed", action.text, level=Level.WARNING, virtual_router=self._config
        )

    def discarded(self, discarded: Discarded) -> None:
        """Tell of a packet that failed a receive check."""
        self._counters.add(discarded.reason)
        source = "" if discarded.source is None else f" from {discarded.source}"
        if discarded.neighbour is not None and discarded.source is not None:
            self.collisions.same_vrid(discarded.source, discarded.neighbour)
        self._journal.warn_rarely(
            "discarded",
            f"discarded a packet{source}: {discarded.detail}",
            topic=discarded.reason,
            virtual_router=self._config,
            fields={"counter": discarded.reason, "source": str(discarded.source or "")},
        )

    def mismatches(self, accepted: Accepted) -> None:
        """Tell what a peer is configured otherwise than this router."""
        for mismatch in accepted.mismatches:
            self._counters.add(mismatch)
            if mismatch is Mismatch.ADDRESS_LIST and self.collisions.same_vrid(
                accepted.source, accepted.advertisement
            ):
                continue
            name, text = self._describe(mismatch, accepted)
            self._journal.warn_rarely(name, text, virtual_router=self._config)

    def foreign(self, state: InterfaceState) -> None:
        """Warn of virtual addresses here that pyvrrp did not add, and of those that are sources."""
        if self._config.priority == OWNER:
            return
        hosts = dict.fromkeys(address.ip for address in self._config.local_addresses)
        for address in (found for host in hosts for found in state.by_host.get(host, ())):
            if address not in state.ours:
                self._journal.warn_rarely(
                    "foreign_address",
                    f"{address} is on {self._config.id.place} and was not put there by pyvrrp: "
                    "this node answers for it in every state",
                    topic=str(address),
                    virtual_router=self._config,
                    fields={"address": str(address)},
                )

        for source in (
            becomes_a_source(self._config.local_addresses, state.addresses) * state.exists
        ):
            self._journal.warn_rarely(
                "source_address",
                f"{source} is the first address of its network on {self._config.id.place}: as "
                f"MASTER this host sends from it to {source.network}. {what_to_set(source)}",
                topic=str(source),
                virtual_router=self._config,
                fields={"address": str(source)},
            )

    def split_brain(self, action: ReportSplitBrain) -> None:
        """Tell that another router, which ranks below this one, is master too."""
        self._counters.add("split_brains")
        self._journal.warn_rarely(
            "split_brain",
            f"{action.sender} is master too, with priority {action.priority}",
            virtual_router=self._config,
            fields={"sender": str(action.sender), "priority": action.priority},
        )

    def _waiting(self) -> None:
        self._journal.record(
            "waiting",
            f"INIT: {self.reason}",
            virtual_router=self._config,
            fields={"reason": self.reason},
        )

    def _describe(self, mismatch: Mismatch, accepted: Accepted) -> tuple[str, str]:
        advertisement = accepted.advertisement
        match mismatch:
            case Mismatch.INTERVAL:
                theirs = in_words(advertisement.interval)
                ours = in_words(self._config.advertisement_interval)
                return (
                    "interval_mismatch",
                    f"{accepted.source} advertises every {theirs}, here it is {ours}",
                )
            case Mismatch.ADDRESS_LIST:
                listed = some_of(advertisement.addresses)
                return (
                    "address_list_mismatch",
                    f"{accepted.source} advertises other addresses: {listed}",
                )
            case Mismatch.FIRST_ADDRESS:
                first = advertisement.addresses[0]
                text = (
                    f"{accepted.source} advertises {first} first, and not a link-local address as "
                    "RFC 9568 demands; routers that follow the RFC drop what it sends"
                )
                return "first_address_mismatch", text
            case Mismatch.OWNER:
                return (
                    "owner_conflict",
                    f"{accepted.source} advertises although this router owns the addresses",
                )
            case _:
                assert_never(mismatch)
