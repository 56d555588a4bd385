"""Carry out, in order, what a step of the election asks for; decide nothing."""

from typing import Protocol, assert_never

from pyvrrp.identity import Address
from pyvrrp.runtime.links.advertiser import Advertiser
from pyvrrp.runtime.links.unsent import UnsentAdvertisements
from pyvrrp.runtime.router.reporter import Reporter
from pyvrrp.runtime.router.router_addresses import RouterAddresses
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


class Acting(Protocol):
    """The virtual router whose actions are carried out."""

    reporter: Reporter
    addresses: RouterAddresses
    unsent: UnsentAdvertisements

    def count(self, counter: str) -> None:
        """Count one more under the name *counter*."""

    def announced_again(self) -> None:
        """Have the rest of the group announce too: a rival made this router do it."""


class ActionRunner:
    """Carries out the actions of one virtual router."""

    def __init__(self, router: Acting, advertiser: Advertiser) -> None:
        self._router = router
        self._advertiser = advertiser
        self._addresses = router.addresses

    def run(self, action: Action, source: Address) -> None:
        """Carry out one action; advertisements leave from *source*."""
        match action:
            case SendAdvertisement(priority=priority):
                self._send(priority, source)
            case AddAddresses():
                self._addresses.keeper.take()
            case RemoveAddresses():
                # The removal is asked for first; what follows can wait.
                self._addresses.keeper.let_go()
                self._addresses.stop_announcing()
            case AnnounceAddresses():
                self._addresses.announce_again()
                self._router.announced_again()
            case CeaseAnnouncing():
                self._addresses.cease_announcing()
            case _:
                self._report(action)

    def _send(self, priority: int, source: Address) -> None:
        advertiser = self._advertiser
        was_sent = advertiser.sent_at is not None
        advertiser.send(priority, source)
        if advertiser.refusal is not None:
            self._router.unsent.refused(advertiser.refusal, advertiser.left_at)
        elif not was_sent:
            self._router.unsent.sent()

    def _report(
        self, action: ReportTransition | ReportHandover | ReportSplitBrain | CountSuppressed
    ) -> None:
        match action:
            case ReportTransition():
                self._router.reporter.transition(action)
            case ReportHandover():
                self._router.reporter.handover(action)
            case ReportSplitBrain():
                self._router.reporter.split_brain(action)
            case CountSuppressed():
                self._router.count("reassertions_suppressed")
            case _:
                assert_never(action)
