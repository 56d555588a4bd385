"""The implementations of `pyvrrp.ports.Guardian`."""

import fcntl
import os
from errno import EWOULDBLOCK

from pyvrrp.foreign_text import environment
from pyvrrp.net.guardian.handover_record import HandoverRecord, Sent
from pyvrrp.net.guardian.parent import REMOVING, GuardianProcess
from pyvrrp.net.guardian.records import StopRecord
from pyvrrp.net.sockets.advertisements import group_address
from pyvrrp.net.sockets.lending import LentSocket, lent_name
from pyvrrp.packet.layout import family_of, group_of
from pyvrrp.ports import HandoverOrder, LastWords, StopOrder
from pyvrrp.units import Nanoseconds, to_seconds


class NoGuardian:
    """For a daemon without a guardian: its resources continue to run when it dies."""

    def prepare_handover(self, order: HandoverOrder) -> None:
        """Do nothing."""

    def may_hand_over(self, router: str, until: Nanoseconds | None) -> None:
        """Do nothing."""

    def removing(self) -> bool:
        """Return False."""
        return False

    def register(self, order: StopOrder) -> None:
        """Do nothing."""

    def withdraw(self, router: str, resource: str) -> None:
        """Do nothing."""

    def acting(self) -> bool:
        """Return False."""
        return False

    def interventions(self) -> int:
        """Return 0."""
        return 0


class GuardianPort:
    """The guardian of this process, and that of an earlier process while it still acts."""

    def __init__(self, process: GuardianProcess) -> None:
        self._process = process
        self._alone = False  # the guardian of an earlier process is known to have ended
        self._removed = False  # and so are the addresses that it had to remove

    def prepare_handover(self, order: HandoverOrder) -> None:
        """Prepare the handover of one virtual router."""
        place, family = order.place, order.family
        self._process.prepare_handover(
            HandoverRecord(
                router=order.router,
                netns=place.netns,
                index=order.index,
                addresses=[address.packed for address in order.addresses],
                sends=[_sent(said) for said in order.says],
                hears=[
                    (
                        lent_name(at, family, LentSocket.PACKETS),
                        [peer.packed for peer in peers],
                        ttl,
                    )
                    for at, peers, ttl in order.hears
                ],
                claims=lent_name(place, family, LentSocket.CLAIMS),
                mac=order.mac,
                times=order.times,
                further=[
                    (index, [address.packed for address in there]) for index, there in order.further
                ],
            )
        )

    def may_hand_over(self, router: str, until: Nanoseconds | None) -> None:
        """Say until when it may be handed over; None: it may not."""
        self._process.may_hand_over(router, 0 if until is None else until)

    def removing(self) -> bool:
        """Return whether the guardian of an earlier process still has addresses to remove."""
        lock = self._process.lock
        self._removed = self._removed or not (lock and _is_locked(lock + REMOVING))
        return not self._removed

    def register(self, order: StopOrder) -> None:
        """Register a resource that is about to start."""
        # The sign of life comes first. The guardian could take the silence before the first
        # exclusive resource for that of a daemon that hangs.
        self._process.page.give_sign_of_life()
        self._process.register(
            StopRecord(
                router=order.router,
                resource=order.resource,
                stop=order.stop.words,
                environment=tuple(environment(order.stop.environment).items()),
                netns=order.stop.netns,
                timeout=to_seconds(order.timeout),
                alarm=() if order.alarm is None else order.alarm.words,
                watchdog=to_seconds(order.watchdog),
            )
        )

    def withdraw(self, router: str, resource: str) -> None:
        """Withdraw the stop order of a resource that has stopped."""
        self._process.withdraw(router, resource)

    def acting(self) -> bool:
        """Return whether this guardian or an earlier one acts now."""
        self._alone = self._alone or not _is_locked(self._process.lock)
        self._process.page.give_sign_of_life()
        return not self._alone or self._process.page.is_guardian_acting

    def interventions(self) -> int:
        """Return how often it has stopped all resources because signs of life were missing."""
        return self._process.page.interventions


def _sent(said: LastWords) -> Sent:
    place, destination = said.place, said.destination
    family = family_of(destination)
    if destination == group_of(family):
        return (
            lent_name(place, family, LentSocket.PACKETS),
            group_address(place, family),
            said.packet,
        )
    return lent_name(place, family, LentSocket.HOSTS), (str(destination), 0), said.packet


def _is_locked(path: str) -> bool:
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return False  # there is no such file: no guardian has had anything to do
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        return error.errno == EWOULDBLOCK
    finally:
        os.close(descriptor)
    return False
