"""Carry out, in order, what a step of the election asks for; decide nothing."""

from collections.abc import Callable
from typing import assert_never

from pyvrrp.identity import Address
from pyvrrp.runtime.addresses.address_keeper import Performer
from pyvrrp.runtime.addresses.announcer import Announcer
from pyvrrp.runtime.addresses.handover_wait import Successor
from pyvrrp.runtime.base.counters import Counters
from pyvrrp.runtime.links.advertiser import Advertiser
from pyvrrp.runtime.resources.chain import ResourceChain
from pyvrrp.runtime.router.reporter import Reporter
from pyvrrp.virtual_router.actions import (
    Action,
    AddAddresses,
    AnnounceAddresses,
    CeaseAnnouncing,
    CountSuppressed,
    RemoveAddresses,
    ReportHandover,
    ReportSplitBrain,
    ReportTransition,
    SendAdvertisement,
)


class Outbound:
    """The hands of one virtual router.

    *let_go* ends the watch for others who claim addresses; *announced* is called when a rival made
    it announce once more.
    """

    def __init__(
        self,
        advertiser: Advertiser,
        performer: Performer | ResourceChain,
        announcer: Announcer,
        reporter: Reporter,
        counters: Counters,
        let_go: Callable[[], None],
        announced: Callable[[], None],
        successor: Successor,
    ) -> None:
        self._successor = successor
        self._advertiser = advertiser
        self._performer = performer
        self._announcer = announcer
        self._reporter = reporter
        self._counters = counters
        self._let_go = let_go
        self._announced = announced

    def perform(self, action: Action, source: Address) -> None:
        """Do one thing; advertisements leave from *source*."""
        match action:
            case SendAdvertisement(priority=priority):
                self._advertiser.send(priority, source)
            case AddAddresses():
                self._performer.take()
            case RemoveAddresses():
                # The address first; what follows can wait for the kernel's worker.
                self._performer.let_go()
                self.fall_silent()
                self._successor.forget()
            case AnnounceAddresses():
                self._announcer.burst()
                self._announced()
            case CeaseAnnouncing():
                self._announcer.stop()
            case _:
                self._tell(action)

    def fall_silent(self) -> None:
        """Announce the addresses no more, and watch for nobody who claims them."""
        self._announcer.stop()
        self._let_go()

    def _tell(
        self, action: ReportTransition | ReportHandover | ReportSplitBrain | CountSuppressed
    ) -> None:
        match action:
            case ReportTransition():
                self._reporter.transition(action)
            case ReportHandover(failed=failed):
                if failed:
                    self._successor.forget()
                else:
                    self._successor.invite()
                self._reporter.handover(action)
            case ReportSplitBrain():
                self._reporter.split_brain(action)
            case CountSuppressed():
                self._counters.add("reassertions_suppressed")
            case _:
                assert_never(action)
