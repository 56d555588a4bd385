import asyncio
import socket
import threading
from ipaddress import ip_address

import pytest

from pyvrrp.clients.base.failure import Failure, ProbeError
from pyvrrp.clients.base.progress import Progress
from pyvrrp.clients.base.resolver import Name, Resolver
from pyvrrp.clients.http.connection import Connector, Endpoint
from pyvrrp.config.model.configuration import HttpProbeConfig, TcpProbeConfig
from pyvrrp.identity import Address
from tests.probes.support import PATIENT, answers, look, serve

pytestmark = pytest.mark.asyncio

NAME = Name("web.example")
OLD = (ip_address("192.0.2.1"),)
NEW = (ip_address("192.0.2.2"),)


class Zone:
    """A name service that answers when told to."""

    def __init__(self, *outcomes: "tuple[Address, ...] | Failure") -> None:
        self._outcomes = list(outcomes)
        self.asked: list[Name] = []
        self.reachable = threading.Event()
        self.reachable.set()

    def __call__(self, name: Name) -> "tuple[Address, ...] | Failure":
        self.asked.append(name)
        self.reachable.wait(10)
        return self._outcomes.pop(0)


async def settled(resolver: Resolver, wanted: tuple[Address, ...]) -> bool:
    for _ in range(500):
        if await resolver.addresses(NAME) == wanted:
            return True
        await asyncio.sleep(0.01)
    return False


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "fe80::1%eth0"])
async def test_a_number_is_never_looked_up(host: str) -> None:
    zone = Zone()
    assert await Resolver(zone).addresses(Name(host)) == (ip_address(host),)
    assert zone.asked == []


async def test_a_name_is_looked_up_once_and_then_known() -> None:
    zone = Zone(OLD)
    resolver = Resolver(zone)
    assert await resolver.addresses(NAME) == OLD
    assert await resolver.addresses(NAME) == OLD
    assert zone.asked == [NAME]


async def test_a_name_that_does_not_resolve_fails_and_is_tried_again() -> None:
    zone = Zone(Failure("name does not resolve: web.example"), OLD)
    resolver = Resolver(zone)
    with pytest.raises(ProbeError, match="does not resolve: web"):
        await resolver.addresses(NAME)
    assert await resolver.addresses(NAME) == OLD


async def test_a_failed_probe_has_the_name_looked_up_for_later_ones() -> None:
    resolver = Resolver(Zone(OLD, NEW))
    await resolver.addresses(NAME)
    resolver.doubt(NAME)
    assert await resolver.addresses(NAME) == OLD
    assert await settled(resolver, NEW)


async def test_what_is_known_stays_known_while_the_name_service_is_down() -> None:
    zone = Zone(OLD, Failure("name does not resolve: web.example"))
    resolver = Resolver(zone)
    await resolver.addresses(NAME)
    resolver.doubt(NAME)
    assert not await asyncio.wait_for(_forgets(resolver), 5)


async def _forgets(resolver: Resolver) -> bool:
    for _ in range(20):
        if await resolver.addresses(NAME) != OLD:
            return True
        await asyncio.sleep(0.01)
    return False


async def test_a_name_service_that_hangs_has_one_thread_per_name_and_delays_no_other() -> None:
    hanging, good = Zone(OLD), Zone(NEW)
    hanging.reachable.clear()
    resolver = Resolver(lambda name: hanging(name) if name == NAME else good(name))
    for _ in range(5):
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(resolver.addresses(NAME), 0.01)
    assert await resolver.addresses(Name("other.example")) == NEW
    assert hanging.asked == [NAME]
    hanging.reachable.set()
    assert await resolver.addresses(NAME) == OLD


async def test_a_bug_in_the_look_up_is_a_failure() -> None:
    with pytest.raises(ProbeError, match="internal error: IndexError"):
        await Resolver(Zone()).addresses(NAME)


async def test_a_name_that_is_none_does_not_resolve() -> None:
    label = "x" * 64
    result = await look(TcpProbeConfig(f"{label}.example", 80))
    assert result.reason == f"name does not resolve: {label}.example"


async def test_localhost_is_found_on_whichever_address_serves() -> None:
    async with serve(answers("200 OK")) as server:
        result = await look(HttpProbeConfig(f"http://localhost:{server.port}/"), PATIENT)
    assert result.passed, result.reason


async def test_a_host_that_swallows_packets_leaves_time_for_its_other_address() -> None:
    both = (ip_address("127.0.0.1"), ip_address("127.0.0.2"))
    connector = Connector(Resolver(lambda _: both))
    with socket.socket() as full, socket.socket() as first, socket.socket() as good:
        full.bind(("127.0.0.1", 0))
        port = full.getsockname()[1]
        good.bind(("127.0.0.2", port))
        good.listen()
        full.listen(0)
        first.connect(("127.0.0.1", port))
        now = asyncio.get_running_loop().time()
        progress = Progress(began=now, deadline=now + 0.6)
        async with asyncio.timeout(5):
            with await connector.connect(Endpoint("web.example", port), progress) as connection:
                assert connection.getpeername() == ("127.0.0.2", port)


async def test_only_addresses_of_the_sources_family_are_tried() -> None:
    both = (ip_address("::1"), ip_address("127.0.0.1"))
    connector = Connector(Resolver(lambda _: both))
    with socket.create_server(("127.0.0.1", 0)) as good:
        port = good.getsockname()[1]
        now = asyncio.get_running_loop().time()
        endpoint = Endpoint("web.example", port, source=ip_address("127.0.0.9"))
        with await connector.connect(endpoint, Progress(now, now + 5)) as connection:
            assert connection.getsockname()[0] == "127.0.0.9"
