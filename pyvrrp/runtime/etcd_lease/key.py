"""Take, renew and give back one key in etcd.

A renewal does not keep the old etcd lease alive. It binds the key to a new etcd lease: grant, then
write if the key is unchanged. A majority of the etcd members agrees on both. A keep-alive is
answered by any member that still considers itself the leader
(``docs/decisions/0007-etcd-lease.md``).
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TypeAlias

from pyvrrp.config.model.configuration import EtcdLease
from pyvrrp.ports import (
    Clock,
    Etcd,
    EtcdAnswer,
    EtcdRequest,
    Found,
    Grant,
    Granted,
    Handle,
    Look,
    Record,
    Revoke,
    Unanswered,
    Write,
)
from pyvrrp.runtime.etcd_lease.records import RecordWriter
from pyvrrp.units import SECOND, Nanoseconds

_FORGOTTEN_AFTER = 2  # ttls: after that, no etcd lease that this process asked for can still exist


@dataclass(frozen=True, slots=True)
class Held:
    """The key is ours; *preemption_requests* are what others left beside it."""

    preemption_requests: tuple[Record, ...]


@dataclass(frozen=True, slots=True)
class Denied:
    """The key is not ours: another node has it (*record*), or it does not exist (None)."""

    record: Record | None
    preemption_requests: tuple[Record, ...] = ()


KeyOutcome: TypeAlias = Held | Denied | Unanswered


class EtcdKey:
    """One key in etcd. At most one operation is under way; a new one cancels it."""

    def __init__(self, lease: EtcdLease, writer: RecordWriter, clock: Clock, etcd: Etcd) -> None:
        self._lease = lease
        self._writer = writer
        self._clock = clock
        self._etcd = etcd
        self._revision = 0  # of the key when it was last known to be ours; 0: it is not
        self._began = Nanoseconds(0)
        self._granted_at: dict[int, Nanoseconds] = {}  # etcd leases that the key may be bound to
        self._under_way: list[Handle] = []
        self.ttl = lease.ttl  # seconds, as granted: never more than what was asked for
        self.proven_at: Nanoseconds | None = None  # start of the last request that succeeded

    @property
    def busy(self) -> bool:
        """Whether an operation is under way."""
        return bool(self._under_way)

    def look(self, done: Callable[[Found | Unanswered], None]) -> None:
        """Find out who has the key."""

        def finish(answer: EtcdAnswer) -> None:
            done(answer if isinstance(answer, Found) else _unexpected(answer))

        self._begin()
        self._ask(Look(self._lease.key), finish)

    def obtain(self, done: Callable[[KeyOutcome], None]) -> None:
        """Take the key if it is free, or renew it if it is ours."""
        self._begin()
        self._forget_old()
        number = self._etcd.draw()

        def granted(answer: EtcdAnswer) -> None:
            if not isinstance(answer, Granted):
                done(_unexpected(answer))
                return
            self._write(number, min(answer.ttl, self._lease.ttl), done, again=True)

        self._granted_at[number] = self._began
        self._ask(Grant(number, self._lease.ttl), granted)

    def give_back(self, done: Callable[[], None], left_over: Record | None = None) -> None:
        """Give the key back. *done* is called when etcd has confirmed that, or has not answered.

        *left_over* is a record of ours that was found in etcd.
        """
        self._begin()
        if left_over is not None:
            self._granted_at[left_over.lease] = self._began
        self._revision = 0
        self.proven_at = None
        self._forget_old()
        left = set(self._granted_at)
        if not left:
            done()
            return

        def revoked(number: int, answer: EtcdAnswer) -> None:
            left.discard(number)
            if not isinstance(answer, Unanswered):
                self._granted_at.pop(number, None)
            if not left:
                done()

        for number in tuple(left):
            self._ask(Revoke(number), partial(revoked, number))

    def cancel(self) -> None:
        """Cancel the operation that is under way."""
        for handle in self._under_way:
            handle.cancel()
        self._under_way = []

    def _begin(self) -> None:
        self.cancel()
        self._began = self._clock.now()

    def _ask(self, request: EtcdRequest, done: Callable[[EtcdAnswer], None]) -> None:
        # One deadline for the whole operation, from its start.
        left = Nanoseconds(self._began + self._lease.timeout - self._clock.now())
        handles = self._under_way

        def finish(answer: EtcdAnswer) -> None:
            if handle in handles:
                handles.remove(handle)
            done(answer)

        handle = self._etcd.ask(self._lease.servers, request, max(left, Nanoseconds(1)), finish)
        handles.append(handle)

    def _write(
        self, number: int, ttl: int, done: Callable[[KeyOutcome], None], *, again: bool
    ) -> None:
        def answered(answer: EtcdAnswer) -> None:
            if not isinstance(answer, Found):
                done(_unexpected(answer))
                return
            record = answer.record
            mine = record is not None and self._writer.wrote(record)
            if record is not None and mine and (answer.written or record.lease == number):
                self._is_ours(record, ttl)
                done(Held(answer.preemption_requests))
            elif record is not None and mine and again:
                # An earlier attempt of ours was carried out, although its answer never came.
                self._revision = record.revision
                self._write(number, ttl, done, again=False)
            elif mine:
                done(Unanswered("the key changes all the time"))
            else:
                self._revision = 0
                self.proven_at = None
                done(Denied(record, answer.preemption_requests))

        value = self._writer.value()
        self._ask(Write(self._lease.key, value, number, self._revision), answered)

    def _is_ours(self, record: Record, ttl: int) -> None:
        self._revision = record.revision
        self._granted_at = {record.lease: self._began}
        self.ttl = ttl
        self.proven_at = self._began

    def _forget_old(self) -> None:
        oldest = self._clock.now() - _FORGOTTEN_AFTER * self._lease.ttl * SECOND
        self._granted_at = {n: at for n, at in self._granted_at.items() if at > oldest}


def _unexpected(answer: EtcdAnswer) -> Unanswered:
    return answer if isinstance(answer, Unanswered) else Unanswered("an answer to something else")
