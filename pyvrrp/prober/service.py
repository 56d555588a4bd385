"""The prober: carries out what the daemon asks for, and answers."""

import asyncio
import os
import socket
import struct
from functools import partial

from pyvrrp.clients.rights.wants import CopyOfFile
from pyvrrp.config.model.configuration import EtcdServers
from pyvrrp.ports import EtcdAnswer, Handle, ProbeResult, Unanswered
from pyvrrp.prober.borrowed import BorrowedRights
from pyvrrp.prober.channel import MessageChannel
from pyvrrp.prober.messages import (
    MOST,
    AreYouThere,
    AskEtcd,
    CancelCall,
    EtcdAnswered,
    FromProber,
    IAmHere,
    Introduce,
    Lent,
    ProbeEnded,
    StartProbe,
    Subject,
    from_prober,
    read_from_daemon,
    wants_of,
)
from pyvrrp.probes.etcd import AsyncioEtcd
from pyvrrp.probes.runner import AsyncioProbes
from pyvrrp.units import Nanoseconds


class Service:
    """Works until the daemon has ended. Made in the event loop."""

    def __init__(self, end: socket.socket) -> None:
        self.over = asyncio.Event()
        self._channel = MessageChannel(end, self._received, self._ended, takes_descriptors=True)
        self._rights = BorrowedRights(self._send)
        self._probes = AsyncioProbes(self._rights, self._rights.start_search)
        self._etcd = AsyncioEtcd(self._rights)
        self._subjects: dict[int, Subject] = {}
        self._calls: dict[int, Handle] = {}
        self._send(IAmHere())

    def _received(self, octets: bytes, descriptor: int) -> None:
        message = read_from_daemon(octets)
        if isinstance(message, Lent):
            self._rights.lent(message, descriptor)
            return
        if descriptor >= 0:
            os.close(descriptor)
        match message:
            case Introduce(number, subject):
                self._subjects[number] = subject
                self._rights.files |= {
                    want.path for want in wants_of(subject) if isinstance(want, CopyOfFile)
                }
            case StartProbe():
                self._probe(message)
            case AskEtcd():
                self._ask(message)
            case CancelCall(call):
                if (handle := self._calls.pop(call, None)) is not None:
                    handle.cancel()
            case AreYouThere():
                self._send(IAmHere())

    def _probe(self, message: StartProbe) -> None:
        subject = self._subjects[message.subject]
        if not isinstance(subject, EtcdServers):
            ended = partial(self._probe_ended, message.call)
            self._calls[message.call] = self._probes.start(
                subject, Nanoseconds(message.timeout), ended, Nanoseconds(message.left)
            )

    def _ask(self, message: AskEtcd) -> None:
        subject = self._subjects[message.subject]
        if isinstance(subject, EtcdServers):
            answered = partial(self._answered, message.call)
            self._calls[message.call] = self._etcd.ask(
                subject, message.request, Nanoseconds(message.timeout), answered
            )

    def _probe_ended(self, call: int, result: ProbeResult) -> None:
        self._calls.pop(call, None)
        self._send(ProbeEnded(call, result))

    def _answered(self, call: int, answer: EtcdAnswer) -> None:
        self._calls.pop(call, None)
        self._send(EtcdAnswered(call, answer))

    def _send(self, message: FromProber) -> None:
        try:
            octets = from_prober(message)
        except (struct.error, ValueError):  # a number of etcd that is larger than 63 bits
            octets = b""
        if isinstance(message, EtcdAnswered) and not 0 < len(octets) <= MOST:
            odd = Unanswered("malformed answer: too large")
            octets = from_prober(EtcdAnswered(message.call, odd))
        self._channel.send(octets)

    def _ended(self, _why: str) -> None:
        self.over.set()


async def serve(end: socket.socket) -> None:
    """Work until the daemon has ended."""
    await Service(end).over.wait()
