"""Look up the addresses of host names."""

import asyncio
import socket
import threading
from ipaddress import ip_address

import pytest

from pyvrrp.clients.base.failure import Failure, ProbeError
from pyvrrp.clients.base.progress import ProbeProgress
from pyvrrp.clients.base.resolver import HostName, Resolver
from pyvrrp.clients.http.connection import Connector, Endpoint
from pyvrrp.clients.rights.own import OwnRights
from pyvrrp.config.model.configuration import HttpProbeConfig, TcpProbeConfig
from pyvrrp.identity import Address
from tests.probes.support import PATIENT, answers, run_probe, serve

pytestmark = pytest.mark.asyncio

NAME = HostName("web.example")
OLD = (ip_address("192.0.2.1"),)
NEW = (ip_address("192.0.2.2"),)


class NameService:
    """A name service that answers while *reachable* is set."""

    def __init__(self, *outcomes: "tuple[Address, ...] | Failure") -> None:
        self._outcomes = list(outcomes)
        self.asked: list[HostName] = []
        self.reachable = threading.Event()
        self.reachable.set()

    def __call__(self, name: HostName) -> "tuple[Address, ...] | Failure":
        self.asked.append(name)
        self.reachable.wait(10)
        return self._outcomes.pop(0)


async def finds(resolver: Resolver, wanted: tuple[Address, ...]) -> bool:
    for _ in range(500):
        if await resolver.addresses(NAME) == wanted:
            return True
        await asyncio.sleep(0.01)
    return False


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "fe80::1%eth0"])
async def test_an_address_is_not_looked_up(host: str) -> None:
    zone = NameService()
    assert await Resolver(zone).addresses(HostName(host)) == (ip_address(host),)
    assert zone.asked == []


async def test_a_name_is_looked_up_once() -> None:
    zone = NameService(OLD)
    resolver = Resolver(zone)
    assert await resolver.addresses(NAME) == OLD
    assert await resolver.addresses(NAME) == OLD
    assert zone.asked == [NAME]


async def test_a_name_that_does_not_resolve_fails_and_is_looked_up_again() -> None:
    zone = NameService(Failure("name does not resolve: web.example"), OLD)
    resolver = Resolver(zone)
    with pytest.raises(ProbeError, match="does not resolve: web"):
        await resolver.addresses(NAME)
    assert await resolver.addresses(NAME) == OLD


async def test_a_name_is_looked_up_again_after_a_failed_probe() -> None:
    resolver = Resolver(NameService(OLD, NEW))
    await resolver.addresses(NAME)
    resolver.look_up_again(NAME)
    assert await resolver.addresses(NAME) == OLD
    assert await finds(resolver, NEW)


async def test_known_addresses_are_used_while_the_name_service_fails() -> None:
    zone = NameService(OLD, Failure("name does not resolve: web.example"))
    resolver = Resolver(zone)
    await resolver.addresses(NAME)
    resolver.look_up_again(NAME)
    assert not await asyncio.wait_for(_forgets(resolver), 5)


async def _forgets(resolver: Resolver) -> bool:
    for _ in range(20):
        if await resolver.addresses(NAME) != OLD:
            return True
        await asyncio.sleep(0.01)
    return False


async def test_a_name_service_that_hangs_blocks_one_thread_per_name_and_no_other_name() -> None:
    hanging, good = NameService(OLD), NameService(NEW)
    hanging.reachable.clear()
    resolver = Resolver(lambda name: hanging(name) if name == NAME else good(name))
    for _ in range(5):
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(resolver.addresses(NAME), 0.01)
    assert await resolver.addresses(HostName("other.example")) == NEW
    assert hanging.asked == [NAME]
    hanging.reachable.set()
    assert await resolver.addresses(NAME) == OLD


async def test_an_exception_in_the_look_up_is_a_failure() -> None:
    with pytest.raises(ProbeError, match="internal error: IndexError"):
        await Resolver(NameService()).addresses(NAME)


async def test_an_impossible_name_does_not_resolve() -> None:
    label = "x" * 64
    result = await run_probe(TcpProbeConfig(f"{label}.example", 80))
    assert result.reason == f"name does not resolve: {label}.example"


async def test_localhost_is_reached_on_the_address_that_serves() -> None:
    async with serve(answers("200 OK")) as server:
        result = await run_probe(HttpProbeConfig(f"http://localhost:{server.port}/"), PATIENT)
    assert result.passed, result.reason


async def test_if_one_address_does_not_answer_there_is_time_for_the_other() -> None:
    both = (ip_address("127.0.0.1"), ip_address("127.0.0.2"))
    connector = Connector(Resolver(lambda _: both), OwnRights())
    with socket.socket() as full, socket.socket() as first, socket.socket() as good:
        full.bind(("127.0.0.1", 0))
        port = full.getsockname()[1]
        good.bind(("127.0.0.2", port))
        good.listen()
        full.listen(0)
        first.connect(("127.0.0.1", port))
        now = asyncio.get_running_loop().time()
        progress = ProbeProgress(began=now, deadline=now + 0.6)
        async with asyncio.timeout(5):
            with await connector.connect(Endpoint("web.example", port), progress) as connection:
                assert connection.getpeername() == ("127.0.0.2", port)


async def test_only_addresses_of_the_family_of_the_source_are_tried() -> None:
    both = (ip_address("::1"), ip_address("127.0.0.1"))
    connector = Connector(Resolver(lambda _: both), OwnRights())
    with socket.create_server(("127.0.0.1", 0)) as good:
        port = good.getsockname()[1]
        now = asyncio.get_running_loop().time()
        endpoint = Endpoint("web.example", port, source=ip_address("127.0.0.9"))
        with await connector.connect(endpoint, ProbeProgress(now, now + 5)) as connection:
            assert connection.getsockname()[0] == "127.0.0.9"
