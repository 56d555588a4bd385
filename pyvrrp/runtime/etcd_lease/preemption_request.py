"""The request of a node with a higher priority: the holder of the key shall give it back."""

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
    """A record beside the key, while this node waits for a holder of lower priority.

    It is bound to an etcd lease of its own, so it expires by itself. Without it this node only
    waits a little longer, so errors are ignored.
    """

    def __init__(self, lease: EtcdLease, writer: RecordWriter, clock: Clock, etcd: Etcd) -> None:
        self._lease = lease
        self._writer = writer
        self._clock = clock
        self._etcd = etcd
        self._numbers: list[int] = []  # etcd leases that it may be bound to, the newest last
        self._renew_at = Nanoseconds(0)
        self._handle: Handle | None = None

    def ensure_written(self) -> None:
        """Write or renew the request if that is due. It must be called repeatedly."""
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
        """Delete the request."""
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
    """Do nothing: without an answer the request expires by itself."""
