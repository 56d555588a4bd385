"""The wish of a better node: it asks, beside the key, that the holder let it have the addresses."""

from collections.abc import Callable

from pyvrrp.config.model.configuration import EtcdLease
from pyvrrp.ports import (
    Clock,
    Etcd,
    EtcdAnswer,
    Grant,
    Granted,
    Handle,
    Revoke,
    Unanswered,
    Write,
    preemption_prefix,
)
from pyvrrp.runtime.etcd_lease.records import RecordWriter
from pyvrrp.units import SECOND, Nanoseconds

_RENEWALS_PER_TTL = 3


class PreemptionRequest:
    """Left while this node waits for a holder of lower priority, and bound to a lease of its own.

    Whatever goes wrong with it, it goes by itself; without it this node waits a little longer.
    """

    def __init__(self, lease: EtcdLease, writer: RecordWriter, clock: Clock, etcd: Etcd) -> None:
        self._lease = lease
        self._writer = writer
        self._clock = clock
        self._etcd = etcd
        self._numbers: list[int] = []  # leases that it may be bound to, the newest last
        self._renew_at = Nanoseconds(0)
        self._handle: Handle | None = None

    def ensure_written(self) -> None:
        """Have it there; to be called again and again while it shall stay."""
        now = self._clock.now()
        if self._handle is not None or (self._numbers and now < self._renew_at):
            return
        number = self._etcd.draw()
        self._numbers = [*self._numbers[-_RENEWALS_PER_TTL:], number]
        self._renew_at = Nanoseconds(now + self._lease.ttl * SECOND // _RENEWALS_PER_TTL)

        def granted(answer: EtcdAnswer) -> None:
            self._handle = None
            if isinstance(answer, Granted):
                key = preemption_prefix(self._lease.key) + self._writer.node
                self._ask(Write(key, self._writer.value(), number, None), self._settled)
            else:
                self._settled(answer)

        self._ask(Grant(number, self._lease.ttl), granted)

    def withdraw(self) -> None:
        """Have it gone."""
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None
        for number in self._numbers:
            self._etcd.ask(self._lease.servers, Revoke(number), self._lease.timeout, _whatever)
        self._numbers = []

    def _ask(self, request: Grant | Write, done: Callable[[EtcdAnswer], None]) -> None:
        self._handle = self._etcd.ask(self._lease.servers, request, self._lease.timeout, done)

    def _settled(self, answer: EtcdAnswer) -> None:
        self._handle = None
        if isinstance(answer, Unanswered):
            self._renew_at = self._clock.now()


def _whatever(_answer: EtcdAnswer) -> None:
    """It goes by itself if etcd does not answer."""
