"""What a master does about another master that ranks below it (RFC 9568 section 6.4.3).

It answers with an advertisement, so that the other one yields. It announces the addresses again,
because the neighbours may have learned the hardware address of the other one. The limits on both
are per time and not per sender, because an attacker can forge any number of sender addresses.
"""

from dataclasses import replace
from ipaddress import IPv4Address, IPv6Address

from pyvrrp.identity import Version
from pyvrrp.units import Nanoseconds
from pyvrrp.virtual_router.actions import (
    Action,
    AnnounceAddresses,
    CountSuppressed,
    ReportSplitBrain,
    SendAdvertisement,
)
from pyvrrp.virtual_router.events import AdvertisementReceived
from pyvrrp.virtual_router.parameters import Parameters, believed
from pyvrrp.virtual_router.states import Master, Rival
from pyvrrp.virtual_router.timers import reassertion_gap

REPORTED_AT_MOST = 8  # senders in one split brain; more than that is a flood of forged packets


def sender_wins(event: AdvertisementReceived, parameters: Parameters) -> bool:
    """Return whether a master must yield: higher priority, or the same and the higher address."""
    # Addresses compare as unsigned integers in network byte order.
    rank = (event.priority, int(event.sender))
    return rank > (parameters.priority, int(parameters.primary_address))


def answer_release(
    state: Master, parameters: Parameters, now: Nanoseconds
) -> tuple[Master, tuple[Action, ...]]:
    """Answer a priority 0, so that no Backup takes over because of it."""
    if not _may_reassert(state, parameters, now):
        return state, (CountSuppressed(),)
    adver_at = Nanoseconds(now + parameters.advertisement_interval)
    return replace(state, adver_at=adver_at, reasserted_at=now, predecessor=None), (
        SendAdvertisement(parameters.priority),
    )


def answer_rival(
    state: Master, event: AdvertisementReceived, parameters: Parameters, now: Nanoseconds
) -> tuple[Master, tuple[Action, ...]]:
    """Answer a losing advertisement, report it, and announce the addresses again."""
    actions: list[Action] = []
    if parameters.version is Version.V3:
        # RFC 9568 section 6.4.3, item 5 of section 1.1; RFC 3768 only discards.
        if _may_reassert(state, parameters, now):
            state = replace(state, reasserted_at=now)
            actions.append(SendAdvertisement(parameters.priority))
        else:
            actions.append(CountSuppressed())
    known = state.rival
    reported = frozenset() if known is None else known.reported
    if _is_news(event, state, reported):
        reported |= {event.sender}
        actions.append(ReportSplitBrain(event.sender, event.priority))
    announced_at = now if known is None else known.announced_at
    if known is None or now - announced_at >= parameters.advertisement_interval:
        announced_at = now
        actions.append(AnnounceAddresses())
    quiet_at = _quiet_at(known, event, parameters, now)
    rival = Rival(event.sender, announced_at, quiet_at, reported)
    return replace(state, rival=rival), tuple(actions)


def _may_reassert(state: Master, parameters: Parameters, now: Nanoseconds) -> bool:
    gap = reassertion_gap(
        parameters.version, parameters.priority, parameters.advertisement_interval
    )
    return state.reasserted_at is None or now - state.reasserted_at >= gap


def _is_news(
    event: AdvertisementReceived, state: Master, reported: frozenset[IPv4Address | IPv6Address]
) -> bool:
    if event.sender == state.predecessor or event.sender in reported:
        return False
    return len(reported) < REPORTED_AT_MOST


def _quiet_at(
    known: Rival | None, event: AdvertisementReceived, parameters: Parameters, now: Nanoseconds
) -> Nanoseconds:
    # A rival with a longer interval has not yielded only because it pauses for that interval.
    pace = max(parameters.advertisement_interval, believed(event.interval, parameters))
    # A rival that yields answers for a moment longer, so a neighbour may still learn its address.
    quiet_at = Nanoseconds(now + max(pace + pace // 2, 3 * parameters.linger))
    return quiet_at if known is None else max(known.quiet_at, quiet_at)
