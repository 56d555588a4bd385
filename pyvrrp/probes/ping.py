"""The ping check: an ICMP echo request must be answered."""

import asyncio
import os
import socket
import struct
import sys
from ipaddress import IPv4Address, IPv6Address

from pyvrrp.clients.base.failure import ProbeError
from pyvrrp.clients.base.progress import ProbeProgress, first_success
from pyvrrp.clients.base.socket_address import sockaddr
from pyvrrp.clients.http.connection import Connector
from pyvrrp.clients.rights.wants import PingSocket, Rights
from pyvrrp.config.model.configuration import PingProbeConfig
from pyvrrp.identity import Address
from pyvrrp.packet.layout import family_of
from pyvrrp.probes.icmp import Echo, error_in_words

_EXTENDED_ERROR = struct.Struct("=IBBBBII")  # errno, origin, type, code, padding, info, data
_ORIGINS = {2, 3}  # SO_EE_ORIGIN_ICMP, SO_EE_ORIGIN_ICMP6
_PACKET = 2048  # octets; the reply is as long as the request
_ANCILLARY = 256  # octets
_TOKEN = 16  # octets


class PingProbe:
    """Sends ICMP echo requests."""

    def __init__(self, connector: Connector, rights: Rights) -> None:
        self._connector = connector
        self._rights = rights

    async def run(self, probe: PingProbeConfig, progress: ProbeProgress) -> str:
        """Return how long the reply took. Raise ProbeError or OSError if there is none.

        The addresses of a host name are tried one after the other, see `first_success`.
        """
        addresses = await self._connector.addresses(probe.host, probe.source, probe.netns, progress)
        progress.overdue = f"no answer from {probe.host} within"
        return await first_success(
            addresses, lambda address: self._ping(address, probe, progress), progress
        )

    async def _ping(self, address: Address, probe: PingProbeConfig, progress: ProbeProgress) -> str:
        echo = Echo(family_of(address), int.from_bytes(os.urandom(2)), os.urandom(_TOKEN))
        want = PingSocket(probe.source, probe.interface, probe.netns)
        opened = await self._rights.open(want, address)
        with opened.connection as connection:
            # A connected socket receives packets from this address only, and reports ICMP errors.
            # Both calls return at once, because there is no handshake.
            connection.connect(sockaddr(address, 0, opened.scope))
            connection.send(echo.request())
            await _reply(connection, echo)
        return f"answer from {address} in {progress.elapsed()}"


async def _reply(connection: socket.socket, echo: Echo) -> None:
    """Wait for the reply. Raise ProbeError or OSError if there will be none."""
    loop = asyncio.get_running_loop()
    while True:
        # Under a flood of packets `sock_recv` never waits, and nothing else would get a turn.
        await asyncio.sleep(0)
        try:
            packet = await loop.sock_recv(connection, _PACKET)
        except OSError as error:
            _raise_if_final(connection, echo, error)
        else:
            if echo.is_answered_by(packet):
                return


def _raise_if_final(connection: socket.socket, echo: Echo, error: OSError) -> None:
    """Raise ProbeError if an ICMP error says that no reply will come; raise *error* otherwise.

    Return if the ICMP error is about another packet, or a reply may still come.
    """
    try:
        message, ancillary, _, _ = connection.recvmsg(_PACKET, _ANCILLARY, socket.MSG_ERRQUEUE)
    except BlockingIOError:
        raise error from None  # an error of this machine, not an ICMP error
    for _, _, data in ancillary:
        if len(data) < _EXTENDED_ERROR.size:
            continue
        _, origin, kind, code, *_ = _EXTENDED_ERROR.unpack_from(data)
        words = error_in_words(echo.family, kind, code) if origin in _ORIGINS else ""
        if words and echo.is_quoted_in(message):
            raise ProbeError(f"{words}{_from(data[_EXTENDED_ERROR.size :])}")
        if origin not in _ORIGINS:
            raise error


def _from(offender: bytes) -> str:
    """Return the sender of an error, from the sockaddr_in or sockaddr_in6 after it, as text."""
    family = int.from_bytes(offender[:2], sys.byteorder) if len(offender) >= 2 else 0  # noqa: PLR2004
    sender: IPv4Address | IPv6Address
    if family == socket.AF_INET and len(offender) >= 8:  # noqa: PLR2004 - struct sockaddr_in
        sender = IPv4Address(offender[4:8])
    elif family == socket.AF_INET6 and len(offender) >= 24:  # noqa: PLR2004 - struct sockaddr_in6
        sender = IPv6Address(offender[8:24])
    else:
        return ""
    return f" (from {sender})"
