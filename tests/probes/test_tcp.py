"""The tcp check."""

import re
import socket
from ipaddress import ip_address

import pytest

from pyvrrp.clients.base.failure import ProbeError
from pyvrrp.clients.http.connection import refuse_itself
from pyvrrp.config.model.configuration import TcpProbeConfig
from tests.probes.support import HASTY, run_probe, serve, stays_silent, unused_port

pytestmark = pytest.mark.asyncio


async def test_an_accepted_connection_passes() -> None:
    async with serve(stays_silent, read_request=False) as server:
        result = await run_probe(TcpProbeConfig("127.0.0.1", server.port))
    assert result.passed
    assert re.fullmatch(r"connected in [0-9.]+ ms", result.reason)


async def test_a_port_without_a_listener_refuses_the_connection() -> None:
    result = await run_probe(TcpProbeConfig("127.0.0.1", unused_port()))
    assert (result.passed, result.reason) == (False, "connection refused")


async def test_the_source_address_is_used() -> None:
    async with serve(stays_silent, read_request=False) as server:
        probe = TcpProbeConfig("127.0.0.1", server.port, source=ip_address("127.0.0.9"))
        assert (await run_probe(probe)).passed
    assert server.peers == ["127.0.0.9"]


async def test_an_ipv6_host_is_connected_to() -> None:
    async with serve(stays_silent, host="::1", read_request=False) as server:
        assert (await run_probe(TcpProbeConfig("::1", server.port))).passed


async def test_a_full_backlog_times_out_connecting() -> None:
    with socket.socket() as listener, socket.socket() as first:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        first.connect(listener.getsockname())
        result = await run_probe(TcpProbeConfig("127.0.0.1", listener.getsockname()[1]), HASTY)
    assert result.reason == "timed out after 300 ms while connecting"


async def test_a_connection_of_a_port_to_itself_fails() -> None:
    # Without a listener a connection from a port to the same port succeeds (simultaneous open).
    port = unused_port()
    with socket.socket() as itself:
        itself.bind(("127.0.0.1", port))
        itself.connect(("127.0.0.1", port))
        assert itself.getsockname() == itself.getpeername()
        with pytest.raises(ProbeError, match="connection refused"):
            refuse_itself(itself)
