"""Implements `pyvrrp.ports.Probes` and `pyvrrp.ports.Etcd` with the prober."""

import os
from collections.abc import Callable
from functools import partial

from pyvrrp.clients.base.failure import Failure
from pyvrrp.config.model.configuration import EtcdServers
from pyvrrp.ports import (
    EtcdAnswer,
    EtcdRequest,
    Found,
    Grant,
    Granted,
    Handle,
    Look,
    ProbeResult,
    Revoke,
    Revoked,
    Unanswered,
    Write,
)
from pyvrrp.prober.messages import AskEtcd, NetworkProbeConfig, StartProbe
from pyvrrp.prober.process import Answer, Prober
from pyvrrp.units import Nanoseconds, to_seconds

_LARGEST = (1 << 63) - 1  # the number of a lease is a signed integer of 64 bits


class ProberProbes:
    """Runs the checks over the network in the prober."""

    def __init__(self, prober: Prober) -> None:
        self._prober = prober

    def start(
        self, probe: NetworkProbeConfig, timeout: Nanoseconds, done: Callable[[ProbeResult], None]
    ) -> Handle:
        """Probe once. Call *done* once, at most *timeout* and 100 ms later."""

        def message(call: int, subject: int, left: int) -> StartProbe:
            return StartProbe(call, subject, left, timeout)

        return self._prober.call(
            probe, message, to_seconds(timeout), partial(_probe_answered, done)
        )


class ProberEtcd:
    """Asks etcd clusters in the prober."""

    def __init__(self, prober: Prober) -> None:
        self._prober = prober

    def draw(self) -> int:
        """Return a random positive number of 63 bits."""
        return int.from_bytes(os.urandom(8)) % _LARGEST + 1

    def ask(
        self,
        servers: EtcdServers,
        request: EtcdRequest,
        timeout: Nanoseconds,
        done: Callable[[EtcdAnswer], None],
    ) -> Handle:
        """Send *request* to one cluster. Call *done* once, at most *timeout* and 100 ms later."""

        def message(call: int, subject: int, left: int) -> AskEtcd:
            return AskEtcd(call, subject, request, left)

        answered = partial(_etcd_answered, request, done)
        return self._prober.call(servers, message, to_seconds(timeout), answered)


def _probe_answered(done: Callable[[ProbeResult], None], answer: Answer) -> bool:
    if isinstance(answer, ProbeResult):
        done(answer)
        return True
    done(ProbeResult(passed=False, reason=_reason(answer)))
    return isinstance(answer, Failure)


def _etcd_answered(
    request: EtcdRequest, done: Callable[[EtcdAnswer], None], answer: Answer
) -> bool:
    if isinstance(answer, Unanswered | Failure):
        done(Unanswered(answer.reason))
        return True
    if not isinstance(answer, ProbeResult) and answers(request, answer):
        done(answer)
        return True
    done(Unanswered(_reason(answer)))
    return False


def answers(request: EtcdRequest, answer: EtcdAnswer) -> bool:
    """Return whether *answer* can be one to *request*."""
    match request, answer:
        case Grant(), Granted(ttl):
            return ttl > 0
        case Revoke(), Revoked():
            return True
        case Look(key) | Write(key), Found(record):
            return record is None or (record.key == key and record.revision > 0)
        case _:
            return False


def _reason(answer: Answer) -> str:
    return answer.reason if isinstance(answer, Failure) else "the prober answered something else"
