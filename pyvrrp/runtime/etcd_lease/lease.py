"""The etcd lease of one virtual router over time: without the key it is not MASTER.

A claim waits until the key is taken. While the router is MASTER, the key is renewed. If that fails,
the addresses are removed long before the key can expire. After the addresses the key is given back,
and only then priority 0 is sent.
"""

from collections.abc import Mapping
from enum import StrEnum

from pyvrrp.config.model.configuration import EtcdLease
from pyvrrp.config.model.lease_times import holding_time, retry_after
from pyvrrp.ports import Found, Ports, Record, Unanswered
from pyvrrp.runtime.base.deadline_timer import DeadlineTimer
from pyvrrp.runtime.base.journal import Journal, Level
from pyvrrp.runtime.base.json import Json
from pyvrrp.runtime.etcd_lease.key import Denied, EtcdKey, Held, KeyOutcome
from pyvrrp.runtime.etcd_lease.preemption_request import PreemptionRequest
from pyvrrp.runtime.etcd_lease.records import Author, RecordWriter, author_of, holder_in_words
from pyvrrp.runtime.router.concern import BaseConcern, RouterControl
from pyvrrp.units import MILLISECOND, Nanoseconds, in_words, to_milliseconds
from pyvrrp.virtual_router.states import Backup, Master


class LeasePhase(StrEnum):
    """What this node does about the key."""

    IDLE = "idle"  # this node does not want it; it reads the key from time to time, for status
    SEEKING = "seeking"  # a claim is due and waits for the key
    HOLDING = "holding"  # the key is ours, and the addresses may be here
    LOST = "lost"  # the key is lost, and the addresses are being removed
    LEAVING = "leaving"  # the addresses are gone, and the key is being given back


class EtcdLeaseHolder(BaseConcern):
    """Lets one virtual router have its addresses only while it has a key in etcd."""

    name = "etcd lease"

    def __init__(
        self, router: RouterControl, lease: EtcdLease, node: str, ports: Ports, journal: Journal
    ) -> None:
        self.lease = lease
        self.phase = LeasePhase.IDLE
        self.is_answered: bool | None = None  # by etcd, the last time; None: not asked yet
        self.last_words = "not asked yet"
        self.answered_at: Nanoseconds | None = None
        self._router = router
        self._clock = ports.clock
        self._journal = journal
        self._writer = RecordWriter(node, ports.etcd.draw(), lambda: router.priority)
        self._key = EtcdKey(lease, self._writer, ports.clock, ports.etcd)
        self._preemption_request = PreemptionRequest(lease, self._writer, ports.clock, ports.etcd)
        self._had_key = False
        self._gives_way = False
        self._is_over = False
        self._next = DeadlineTimer(ports.clock, self._go_on)
        self._end = DeadlineTimer(ports.clock, self.hold_expired)

    def start(self) -> None:
        """Read the key for the first time."""
        self._go_on()

    def stop(self) -> None:
        """Ask for nothing more. A key that could not be given back yet is given back all the same.

        Its lease in etcd ends by itself if that does not succeed.
        """
        self._is_over = True
        self._preemption_request.withdraw()
        self._next.set(None)
        self._end.set(None)
        if self.phase is not LeasePhase.LEAVING:
            self._key.cancel()

    # The methods of a concern.

    def claim_due(self) -> None:
        """Begin to take the key."""
        if self.phase is LeasePhase.IDLE:
            self.phase = LeasePhase.SEEKING
            self._go_on()

    def may_claim(self) -> str | None:
        """Return None if the key is ours and its last proof is recent enough."""
        if self._clock.now() < self.may_hold_until():
            return None
        return f"the key {self.lease.key}: {self.last_words}"

    def released(self) -> None:
        """Give the key back: the claim is over, or the addresses are gone."""
        if not isinstance(self._router.state, Backup):
            self._preemption_request.withdraw()
        # A Backup keeps the request: it made the holder send priority 0, and that starts a new
        # wait.
        if self.phase in {LeasePhase.IDLE, LeasePhase.LEAVING}:
            return
        self.phase = LeasePhase.LEAVING
        self._gives_way = False
        self._end.set(None)
        self._next.set(None)
        self._key.give_back(self._given_back)

    def may_hold_until(self) -> Nanoseconds:
        """Return until when the last proof that the key is ours is valid; 0 if it is not ours."""
        return self._proven_until() if self.phase is LeasePhase.HOLDING else Nanoseconds(0)

    def has_let_go(self) -> bool:
        """Return whether the key is given back, or etcd does not answer."""
        return self.phase is not LeasePhase.LEAVING or not self.is_answered

    def hold_expired(self) -> None:
        """Treat the key as lost: the last proof is too old."""
        if self.phase is LeasePhase.HOLDING:
            age = Nanoseconds(self._clock.now() - (self._key.proven_at or 0))
            age = Nanoseconds(age // (100 * MILLISECOND) * (100 * MILLISECOND))
            self._lose(f"lease lost: not renewed for {in_words(age)}: {self.last_words}")

    def status(self, now: Nanoseconds) -> Mapping[str, Json]:
        """Return the key, and the lease as one of the checks: it passes while etcd answers."""
        last, left = self.answered_at, self.valid_for
        return {
            "checks": [
                {
                    "name": self.lease.check,
                    "passing": self.is_answered is True,
                    "reason": self.last_words,
                    "age_ms": None if last is None else to_milliseconds(Nanoseconds(now - last)),
                }
            ],
            "etcd_lease": {
                "check": self.lease.check,
                "key": self.lease.key,
                "ttl_s": self.lease.ttl,
                "phase": str(self.phase),
                "valid_ms": None if left is None else to_milliseconds(left),
            },
        }

    @property
    def valid_for(self) -> Nanoseconds | None:
        """How long the addresses may stay if the key is not renewed again; None: no key."""
        if self.phase is not LeasePhase.HOLDING:
            return None
        return Nanoseconds(self._proven_until() - self._clock.now())

    # Requests to etcd, and what follows from the answers.

    def _go_on(self) -> None:
        if self._is_over:
            return
        match self.phase:
            case LeasePhase.IDLE | LeasePhase.SEEKING:
                if not isinstance(self._router.state, Backup):
                    self._preemption_request.withdraw()
                self._key.look(self._seen)
            case LeasePhase.HOLDING:
                self._key.obtain(self._renewed)
            case LeasePhase.LOST | LeasePhase.LEAVING:
                pass

    def _again(self, after: Nanoseconds) -> None:
        self._next.set(Nanoseconds(self._clock.now() + after))

    def _retry(self) -> None:
        self._again(retry_after(self.lease.ttl))

    def _seen(self, answer: Found | Unanswered) -> None:
        self._note(answer)
        if self.phase is LeasePhase.SEEKING:
            self._decide(answer)
        elif isinstance(answer, Found):
            self._stand_by(answer.record)
        else:
            self._retry()

    def _stand_by(self, record: Record | None) -> None:
        """Remove the obstacle: this node does not want the key, and etcd answers."""
        self._again(self.lease.interval)
        if record is not None and self._writer.wrote(record):
            # The key could not be given back when it was lost.
            self.phase = LeasePhase.LEAVING
            self._key.give_back(self._given_back, record)
        self._router.obstacle(self, "")

    def _decide(self, answer: Found | Unanswered) -> None:
        """A claim waits for the key: take it if it is free."""
        if isinstance(answer, Unanswered):
            self._retry()
            return
        record = answer.record
        if record is not None and not self._writer.wrote(record):
            self._wait_for(author_of(record))
            return
        better = self._writer.better_requester(answer.preemption_requests)
        if better is not None:
            self.last_words = f"kept free for {better.node} of priority {better.priority}"
            self._retry()
            return
        self._key.obtain(self._taken)

    def _wait_for(self, holder: Author | None) -> None:
        preempts = self._router.config.preempt
        if preempts and holder is not None and holder.priority < self._writer.priority:
            self._preemption_request.ensure_written()
        self._retry()

    def _taken(self, outcome: KeyOutcome) -> None:
        self._note(outcome)
        if not isinstance(outcome, Held):
            self._retry()
            return
        self.phase = LeasePhase.HOLDING
        self._had_key = True
        self._preemption_request.withdraw()
        self._renew_in_time()
        self._router.count("leases_taken")
        self._report("lease_taken", f"the key {self.lease.key} is ours")
        self._router.retry_claim()
        if self.phase is LeasePhase.HOLDING and not isinstance(self._router.state, Master):
            # Another concern delays the claim, or the claim is not due any more: give the key back.
            self.released()

    def _renewed(self, outcome: KeyOutcome) -> None:
        self._note(outcome)
        match outcome:
            case Held(preemption_requests=preemption_requests):
                self._renew_in_time()
                better = self._writer.better_requester(preemption_requests)
                if better is not None and not self._gives_way:
                    self._give_way(better)
            case Denied():
                self._lose(f"lease lost: the key {self.lease.key} is {self.last_words}")
            case Unanswered():
                self._retry()

    def _renew_in_time(self) -> None:
        self._end.set(self._proven_until())
        began = self._key.proven_at or self._clock.now()
        self._next.set(Nanoseconds(began + self.lease.interval))

    def _proven_until(self) -> Nanoseconds:
        lasts = holding_time(self._key.ttl, self.lease.address_lease, self.lease.reserve)
        return Nanoseconds((self._key.proven_at or 0) + lasts)

    def _give_way(self, better: Author) -> None:
        who = f"{better.node} of priority {better.priority}"
        reason = f"gives way to {who}, which may have the key"
        self._report("lease_yielded", reason)
        # The key is renewed until the addresses and resources are gone, however long that takes.
        self._gives_way = True
        self._router.obstacle(self, reason)

    def _lose(self, reason: str) -> None:
        self._router.count("leases_lost")
        self._report("lease_lost", reason, level=Level.WARNING)
        self._let_go(reason)

    def _let_go(self, reason: str) -> None:
        self.phase = LeasePhase.LOST
        self._key.cancel()
        self._end.set(None)
        self._next.set(None)
        self._router.obstacle(self, reason)

    def _given_back(self) -> None:
        self.phase = LeasePhase.IDLE
        if self._had_key:
            self._had_key = False
            self._report("lease_given_back", f"the key {self.lease.key} is given back")
        self._router.retry_claim()
        self._go_on()
        # A claim may have become due meanwhile.
        self._router.retry_claim()

    def _note(self, answer: Found | KeyOutcome) -> None:
        was_answered = self.is_answered
        self.is_answered = not isinstance(answer, Unanswered)
        match answer:
            case Unanswered(reason=reason):
                self.last_words = reason
                self._router.count("lease_errors")
                self._journal.warn_rarely(
                    "lease_unanswered", reason, virtual_router=self._router.config
                )
                return
            case Held():
                self.last_words = "held here"
            case Denied(record=None):
                self.last_words = "gone"
            case Found(record=record) | Denied(record=record):
                self.last_words = holder_in_words(record)
        self.answered_at = self._clock.now()
        if was_answered is False:
            self._report("lease_answered", f"etcd answers again: {self.last_words}")

    def _report(self, name: str, text: str, level: Level = Level.INFO) -> None:
        self._journal.record(name, text, level=level, virtual_router=self._router.config)
