"""Adds, keeps and removes the addresses of one virtual router.

It is told whether the addresses shall be there and asks the kernel for that, with one request at a
time. A newer decision waits for the request under way and then replaces the older one. It decides
nothing else.

The addresses count as gone when the kernel has confirmed their removal, when they cannot be there
(`kernel_answers`), when the kernel refuses the removal but does not list them, or when their lease
has certainly run out. Nothing else is believed.
"""

from collections.abc import Callable, Collection
from typing import Protocol

from pyvrrp.config.model.addresses import HeldAddresses
from pyvrrp.config.model.configuration import VirtualRouterConfig
from pyvrrp.errors import KernelError
from pyvrrp.identity import InterfaceAddress, Place
from pyvrrp.ports import AddressLease, InterfaceState, Ports
from pyvrrp.runtime.addresses.lease_end import LeaseEnd
from pyvrrp.runtime.addresses.lease_renewals import LeaseRenewals
from pyvrrp.runtime.base.counters import Counters
from pyvrrp.runtime.base.deadline_timer import DeadlineTimer
from pyvrrp.runtime.base.journal import Journal, Level
from pyvrrp.units import MILLISECOND, SECOND, Nanoseconds, in_words
from pyvrrp.virtual_router.rules.kernel_answers import KernelRequest, Meaning, meaning

RENEWALS_THAT_MAY_FAIL = 1
RESTORATIONS_THAT_MAY_FAIL = 2
FIRST_RETRY = Nanoseconds(100 * MILLISECOND)
LAST_RETRY = SECOND
FIGHT_COUNT = 3  # as many restorations within FIGHT_WINDOW are an alarm
FIGHT_WINDOW = Nanoseconds(10 * SECOND)


class AddressOwner(Protocol):
    """The virtual router whose addresses these are."""

    def may_hold(self) -> bool:
        """Return whether the address lease may be renewed: master, unfenced, heard by others."""

    def may_add(self) -> bool:
        """Return whether the addresses may be added now; if not, it is asked again soon."""

    @property
    def may_add_until(self) -> Nanoseconds | None:
        """From when on the addresses may not be added any more; None: there is no limit."""

    def addresses_taken(self) -> None:
        """Take note that the kernel has confirmed that all addresses are there."""

    def addresses_gone(self) -> None:
        """Take note that the kernel has confirmed that none of the addresses is there."""

    def addresses_refused(self, error: KernelError) -> None:
        """Take note that the kernel has refused the addresses."""

    def addresses_restored(self, addresses: Collection[InterfaceAddress]) -> None:
        """Take note that these, which another program had removed, are there again."""


class AddressKeeper:
    """Makes all requests to the kernel for the addresses of a virtual router on one interface."""

    def __init__(
        self,
        config: VirtualRouterConfig,
        ports: Ports,
        journal: Journal,
        counters: Counters,
        owner: AddressOwner,
        renewals: LeaseRenewals,
        held: HeldAddresses | None = None,
    ) -> None:
        self._config = config
        on = config.held[0] if held is None else held
        self._place = on.place
        self._shapes = on.shapes
        self._untracked = on.untracked
        self._given_up: frozenset[InterfaceAddress] = frozenset()  # untracked ones that have gone
        self._ports = ports
        self._journal = journal
        self._counters = counters
        self._owner = owner
        self._renewals = renewals
        self._lease: AddressLease | None = None  # the last renewal
        self._managed: tuple[InterfaceAddress, ...] = on.addresses
        self._wanted = False
        self._held: bool | None = None  # None: unknown, after an earlier process or an error
        self._busy = False  # a request is under way
        self._paused = False  # a removal that was refused waits to be repeated
        self._adding = False  # the request under way adds addresses
        self._renewing = False  # a renewal has been asked for and is not answered
        # Whether everything that may be there has the lease of this configuration. What an earlier
        # process has left behind may have another one.
        self._lease_known = False
        self._last_state: InterfaceState | None = None
        self._removal_refused = False
        self._confirmed: frozenset[InterfaceAddress] = frozenset()
        self._observed: frozenset[InterfaceAddress] = frozenset()
        self._failed_renewals = 0
        self._retry = FIRST_RETRY
        self._restored_at: list[Nanoseconds] = []
        self._no_longer_ours: tuple[InterfaceAddress, ...] = ()  # to be removed, while others stay
        self._awaited: frozenset[InterfaceAddress] = frozenset()  # new ones that are not there yet
        self._list_changed = False  # since the request under way to add all addresses
        self._lease_changed = False  # what is there has the lease of an earlier configuration
        self._restoring = False  # an address is missing, and may not be added now
        self._failed_restorations = 0
        self._restore_at: Nanoseconds | None = None  # after the kernel has refused to
        self._patience = DeadlineTimer(ports.clock, self._too_slow)
        self._restoration = DeadlineTimer(ports.clock, self._look_again)
        self._removal = DeadlineTimer(ports.clock, self._try_again)
        self._lease_end = LeaseEnd(
            ports.clock, lambda: self._adding or self._renewing, self._lease_has_run_out
        )

    @property
    def idle(self) -> bool:
        """Whether no request is under way and the wanted state is confirmed."""
        settled = not (self._no_longer_ours or self._awaited)
        return not self._busy and not self._paused and settled and self._held is self._wanted

    @property
    def held(self) -> bool:
        """Whether the kernel has confirmed the addresses."""
        return self._held is True

    @property
    def wanted(self) -> bool:
        """Whether the addresses shall be there."""
        return self._wanted

    @property
    def gone(self) -> bool:
        """Whether none shall be there, and it is certain that none is."""
        return not self._adding and self._held is False and not self._wanted

    @property
    def managed(self) -> tuple[InterfaceAddress, ...]:
        """The addresses that are ours to add and remove."""
        return self._managed

    def forget(self, managed: tuple[InterfaceAddress, ...]) -> None:
        """Begin anew on an interface that has appeared: manage these, remove those left on it."""
        self._managed = managed
        self._lease = None
        self._stop_renewing()
        self._wanted = False
        self._held = None
        self._lease_known = False
        self._lease_end.stop()
        self._confirmed = self._awaited = frozenset()
        self._advance()

    def configuration_is(
        self, config: VirtualRouterConfig, managed: tuple[InterfaceAddress, ...]
    ) -> None:
        """Manage *managed* from now on, with the lease of *config*; what is in both stays as it is.

        An address that is new is added if the others are there.
        """
        gone = tuple(one for one in self._managed if one not in managed)
        new = frozenset(one for one in managed if one not in self._managed)
        self._lease_changed |= config.lease != self._config.lease
        self._list_changed |= self._adding and bool(new)
        self._stop_renewing()
        self._config, self._managed, self._lease = config, managed, None
        self._confirmed &= frozenset(managed)
        self._awaited &= frozenset(managed)
        self._no_longer_ours = tuple(
            one for one in (*self._no_longer_ours, *gone) if one not in managed
        )
        if self._held is False and not self._busy:
            self._no_longer_ours = ()  # none of them is there
            self._lease_changed = False
        if self._wanted and self._held:
            self._awaited |= new
            self._confirmed |= new
            self._join_renewals()
        if self._last_state is not None:
            self._observed = self._last_state.present.intersection(managed)
        self._advance()
        self._put_back()

    def take(self) -> None:
        """Add the addresses; then call addresses_taken or addresses_refused."""
        self._wanted = True
        self._lease_end.stop()
        self._removal_refused = False
        self._failed_renewals = self._failed_restorations = 0
        self._restore_at = None
        self._given_up = frozenset()
        if self._held:
            # They were let go and are taken again before the kernel has removed them.
            self._held = None
        self._advance()

    def let_go(self) -> None:
        """Remove the addresses; call addresses_gone when it is certain that they are gone."""
        self._give_up_the_lease()
        if self._wanted and self._held is False:
            # They were wanted and could not be added yet. The owner waits to hear that all of that
            # is over, so they are removed as others are.
            self._held = None
        self._wanted = False
        self._stop_renewing()
        self._restoration.set(None)
        self._advance()

    def observe(self, state: InterfaceState, at: Place | None = None) -> None:  # noqa: ARG002 - one place
        """Take note of the addresses on the interface; add those that were removed from it."""
        is_news, self._last_state = state is not self._last_state, state
        # The others are not kept: they may be hundreds, of other virtual routers.
        self._observed = state.present.intersection(self._managed)
        self._confirmed |= self._observed
        if self._untracked and self._held:
            self._given_up = (self._untracked & self._confirmed) - self._observed
        unlisted = state.exists and not state.ours.intersection(self._managed)
        if is_news and unlisted and self._removal_refused and not self._renewing:
            self._are_gone("the kernel does not list the addresses any more")
        self._put_back()

    def look_again(self) -> None:
        """Go on with what waited for the owner: an answer of it has changed."""
        self._look_again()

    def _look_again(self) -> None:
        self._advance()
        self._put_back()

    def _advance(self) -> None:
        if self._busy or self._paused:
            return
        if self._wanted and self._held is not True:
            if self._owner.may_add():
                self._ask_present(self._managed, self._after_take)
            else:
                self._restoration.set(Nanoseconds(self._ports.clock.now() + FIRST_RETRY))
        elif not self._wanted and self._held is not False:
            self._ask_absent()
        elif self._no_longer_ours:
            self._ask_absent_of(self._no_longer_ours)
        elif self._lease_changed and self._wanted and self._owner.may_hold():
            self._ask_present(self._managed, self._after_lease_change)

    def _ask_present(
        self, addresses: tuple[InterfaceAddress, ...], after: Callable[[KernelError | None], None]
    ) -> None:
        finish = self._begin(after)
        self._adding = True
        if not addresses:
            self._ports.clock.call_at(self._ports.clock.now(), lambda: finish(None))
            return
        self._ports.addresses.ensure_present(
            self._place,
            addresses,
            self._config.lease,
            finish,
            until=self._owner.may_add_until,
            shapes=self._shapes,
        )

    def _give_up_the_lease(self) -> None:
        if self._config.lease and self._lease_known and self._held is not False:
            self._lease_end.begin(self._config.lease)

    def _ask_absent(self) -> None:
        # They may have been let go while the request to add them was under way.
        self._give_up_the_lease()
        finish = self._begin(self._after_let_go)
        all_of_them = (*self._managed, *self._no_longer_ours)
        if not all_of_them:
            self._ports.clock.call_at(self._ports.clock.now(), lambda: finish(None))
            return
        self._ports.addresses.ensure_absent(self._place, all_of_them, finish)

    def _ask_absent_of(self, addresses: tuple[InterfaceAddress, ...]) -> None:
        """Remove *addresses*, which a reload has taken from the list, while the others stay."""
        finish = self._begin(lambda error: self._after_removal_of(addresses, error))
        self._ports.addresses.ensure_absent(self._place, addresses, finish)

    def _after_removal_of(
        self, addresses: tuple[InterfaceAddress, ...], error: KernelError | None
    ) -> None:
        if error is None or meaning(KernelRequest.REMOVE, error.code) is Meaning.DONE:
            self._no_longer_ours = tuple(
                one for one in self._no_longer_ours if one not in addresses
            )
            listed = ", ".join(map(str, addresses))
            self._report("addresses_absent", f"off the interface after a reload: {listed}")
            return
        self._journal.warn_rarely(
            "kernel_refused", f"{error}; trying again", virtual_router=self._config
        )
        self._paused = True
        self._removal.set(Nanoseconds(self._ports.clock.now() + self._retry))
        self._retry = min(Nanoseconds(2 * self._retry), LAST_RETRY)

    def _after_lease_change(self, error: KernelError | None) -> None:
        if error is None:
            self._lease_changed = False
        else:
            self._restoration_failed(error)

    def _join_renewals(self) -> None:
        if self._config.lease and self._managed:
            self._renewals.join(self._place.netns, self._config.lease, self)

    def _begin(
        self, after: Callable[[KernelError | None], None]
    ) -> Callable[[KernelError | None], None]:
        self._busy = True
        self._patience.set(Nanoseconds(self._ports.clock.now() + self._renewals.budget))

        def finish(error: KernelError | None) -> None:
            self._busy = self._adding = False
            self._patience.set(None)
            if error is not None:
                self._counters.add("kernel_errors")
            after(error)
            self._advance()
            self._put_back()

        return finish

    def _after_take(self, error: KernelError | None) -> None:
        list_changed, self._list_changed = self._list_changed, False
        if error is None and list_changed and self._wanted:
            self._held = None  # not all are there: ask again
            return
        if error is None:
            self._held = True
            self._lease_known = True
            self._confirmed = self._awaited = frozenset()
            if self._wanted:
                self._lease_changed = False
                self._join_renewals()
                self._report("addresses_present", "addresses are on the interface")
                self._owner.addresses_taken()
            return
        self._held = None
        if self._wanted:
            # The owner lets go when it hears of the refusal. Until then there is no new request.
            self._wanted = False
            self._owner.addresses_refused(error)

    def _after_let_go(self, error: KernelError | None) -> None:
        if error is None or meaning(KernelRequest.REMOVE, error.code) is Meaning.DONE:
            self._are_gone("addresses are off the interface")
            return
        self._journal.warn_rarely(
            "kernel_refused", f"{error}; trying again", virtual_router=self._config
        )
        if self._wanted or self._held is False:
            return  # they are wanted again, or are known to be gone by now
        self._removal_refused = True
        self._paused = True
        self._removal.set(Nanoseconds(self._ports.clock.now() + self._retry))
        self._retry = min(Nanoseconds(2 * self._retry), LAST_RETRY)

    def _try_again(self) -> None:
        self._paused = False
        self._advance()

    def _lease_has_run_out(self) -> None:
        if not self._wanted and self._held is not False:
            self._are_gone("the address lease has run out: no address is on the interface")

    def _are_gone(self, why: str) -> None:
        was_held, self._held = self._held, False
        self._lease_known = True
        self._lease_changed = False
        self._no_longer_ours = ()
        self._awaited = frozenset()
        self._confirmed = frozenset()
        self._retry = FIRST_RETRY
        self._lease_end.stop()
        self._removal_refused = self._paused = False
        self._removal.set(None)
        if not self._wanted:
            if was_held:
                self._report("addresses_absent", why)
            self._owner.addresses_gone()

    def _stop_renewing(self) -> None:
        self._renewals.leave(self._place.netns, self)

    def lease_to_renew(self) -> AddressLease | None:
        """Return what `LeaseRenewals` has to renew now; None if the addresses may not be held."""
        if not (self._wanted and self._held and self._owner.may_hold()):
            return None
        if self._restoring:
            # A renewal would add the missing address too, but would not announce it.
            self._put_back()
            if self._busy:
                return None
        until = self._owner.may_add_until
        kept = self._managed
        if self._given_up:
            kept = tuple(one for one in kept if one not in self._given_up)
        if self._lease is None or self._lease.until != until or self._lease.addresses != kept:
            self._lease = AddressLease(self._place, kept, self._config.lease, until, self._shapes)
        if not kept:
            return None
        self._renewing = True
        return self._lease

    def renewal_answered(self, error: KernelError | None) -> None:
        """Take note that the kernel has renewed the address lease, or has refused."""
        self._renewing = False
        if error is not None:
            self._counters.add("kernel_errors")
        if self._wanted and self._held:
            self._after_renewal(error)

    def renewal_is_slow(self) -> None:
        """Report that the kernel has not answered a renewal in time."""
        self._too_slow()

    def _after_renewal(self, error: KernelError | None) -> None:
        if error is None:
            self._failed_renewals = 0
            return
        self._failed_renewals += 1
        self._journal.warn_rarely("kernel_refused", str(error), virtual_router=self._config)
        hopeless = meaning(KernelRequest.RENEW, error.code) is Meaning.CANNOT
        if hopeless or self._failed_renewals > RENEWALS_THAT_MAY_FAIL:
            self._owner.addresses_refused(error)

    def _put_back(self) -> None:
        if self._busy or not (self._wanted and self._held):
            return
        if self._restore_at is not None and self._ports.clock.now() < self._restore_at:
            return
        missing = tuple(
            address
            for address in self._managed
            if address in self._confirmed and address not in self._observed
            if address not in self._untracked
        )
        if missing and not self._owner.may_hold():
            # No other router hears this master now. Without an address lease no renewal would
            # look again.
            self._restoring = True
            self._restoration.set(Nanoseconds(self._ports.clock.now() + FIRST_RETRY))
            return
        # No address lease was renewed while the master was not heard: add all addresses.
        asked = self._managed if self._restoring else missing
        self._restoring = False
        if missing:
            self._confirmed -= frozenset(missing)
            self._ask_present(asked, lambda error: self._after_put_back(missing, error))

    def _after_put_back(
        self, missing: tuple[InterfaceAddress, ...], error: KernelError | None
    ) -> None:
        if error is not None:
            self._confirmed |= frozenset(missing)
            self._restoration_failed(error)
            return
        self._failed_restorations, self._restore_at = 0, None
        listed = ", ".join(str(address) for address in missing)
        if self._awaited.issuperset(missing):
            self._awaited -= frozenset(missing)
            self._report("addresses_present", f"on the interface after a reload: {listed}")
            self._owner.addresses_restored(missing)
            return
        self._awaited -= frozenset(missing)
        self._counters.add("addresses_restored")
        self._report(
            "address_restored",
            f"{listed} was gone, removed by somebody or run out; put back",
            level=Level.WARNING,
        )
        now = self._ports.clock.now()
        self._restored_at = [at for at in self._restored_at if now - at < FIGHT_WINDOW] + [now]
        if len(self._restored_at) >= FIGHT_COUNT:
            self._journal.warn_rarely(
                "address_fight",
                f"{listed} removed {len(self._restored_at)} times within "
                f"{in_words(FIGHT_WINDOW)}: another program manages this interface",
                virtual_router=self._config,
            )
        self._owner.addresses_restored(missing)

    def _restoration_failed(self, error: KernelError) -> None:
        self._journal.warn_rarely(
            "kernel_refused", f"{error}; trying again", virtual_router=self._config
        )
        self._failed_restorations += 1
        hopeless = meaning(KernelRequest.ADD, error.code) is Meaning.CANNOT
        if hopeless or self._failed_restorations > RESTORATIONS_THAT_MAY_FAIL:
            self._owner.addresses_refused(error)
            return
        pause = FIRST_RETRY * self._failed_restorations
        self._restore_at = Nanoseconds(self._ports.clock.now() + pause)
        self._restoration.set(self._restore_at)

    def _too_slow(self) -> None:
        self._counters.add("kernel_delays")
        self._journal.warn_rarely(
            "kernel_slow",
            f"the kernel has not answered an address request for {in_words(self._renewals.budget)}",
            virtual_router=self._config,
        )

    def _report(self, name: str, text: str, level: Level = Level.INFO) -> None:
        self._journal.record(name, text, level=level, virtual_router=self._config)
