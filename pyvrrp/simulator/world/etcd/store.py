"""What an etcd cluster stores: keys, and leases with their ends."""

from typing import assert_never

from pyvrrp.ports import (
    EtcdAnswer,
    EtcdRequest,
    Found,
    Grant,
    Granted,
    Look,
    Record,
    Revoke,
    Revoked,
    Unanswered,
    Write,
    preemption_prefix,
)
from pyvrrp.units import SECOND


class EtcdStore:
    """Applies one request at a time. A lease ends as early as etcd allows."""

    def __init__(self) -> None:
        self.leases: dict[int, int] = {}  # and when they end
        self._ttls: dict[int, int] = {}
        self.keys: dict[str, Record] = {}
        self._revision = 1

    def apply(self, request: EtcdRequest, now: int) -> EtcdAnswer:
        """Return what a majority answers to *request* at *now*."""
        self.expire(now)
        match request:
            case Grant(lease=lease, ttl=ttl):
                # If the number is there, an earlier try of the same request has succeeded.
                self.leases.setdefault(lease, now + ttl * SECOND)
                self._ttls[lease] = ttl
                return Granted(ttl)
            case Revoke(lease=lease):
                self._end(lease)
                return Revoked()
            case Look(key=key):
                return self._found(key)
            case Write():
                return self._write(request)
            case _:
                assert_never(request)

    def expire(self, now: int) -> None:
        """End the leases whose time is over."""
        for lease in [lease for lease, end in self.leases.items() if end <= now]:
            self._end(lease)

    def begin_anew(self, now: int) -> None:
        """Count every lease from its beginning, as a new leader does."""
        self.leases = {lease: now + self._ttls[lease] * SECOND for lease in self.leases}

    def delete(self, key: str) -> None:
        """Delete a key, as an administrator may do by hand."""
        if self.keys.pop(key, None) is not None:
            self._revision += 1

    def _end(self, lease: int) -> None:
        self.leases.pop(lease, None)
        for key in [key for key, record in self.keys.items() if record.lease == lease]:
            self.delete(key)

    def _write(self, write: Write) -> EtcdAnswer:
        if write.lease not in self.leases:
            return Unanswered("etcd: HTTP 404: etcdserver: requested lease not found")
        there = self.keys.get(write.key)
        revision = 0 if there is None else there.revision
        if write.revision is not None and write.revision != revision:
            return self._found(write.key)
        self._revision += 1
        self.keys[write.key] = Record(write.key, write.value, self._revision, write.lease)
        return self._found(write.key, written=True)

    def _found(self, key: str, *, written: bool = False) -> Found:
        prefix = preemption_prefix(key)
        return Found(
            self.keys.get(key),
            tuple(self.keys[name] for name in sorted(self.keys) if name.startswith(prefix)),
            written,
        )
