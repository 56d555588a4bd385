"""Start, cancel and end probes of every kind."""

import asyncio
import socket
import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from pyvrrp.clients.base.namespace import inside
from pyvrrp.config.model.configuration import HttpProbeConfig, ProbeConfig, TcpProbeConfig
from pyvrrp.ports import ProbeResult, Probes
from pyvrrp.probes.runner import AsyncioProbes
from pyvrrp.units import Nanoseconds
from tests.probes.support import (
    HASTY,
    PATIENT,
    answers,
    resets,
    run_probe,
    run_probe_with,
    serve,
    stays_silent,
    unused_port,
)


@pytest.mark.asyncio
async def test_done_is_called_once_and_never_before_start_has_returned() -> None:
    probes: Probes = AsyncioProbes()
    results: list[ProbeResult] = []
    probes.start(TcpProbeConfig("127.0.0.1", unused_port()), PATIENT, results.append)
    assert results == []
    for _ in range(100):
        await asyncio.sleep(0.01)
        if results:
            break
    await asyncio.sleep(0.05)
    assert results == [ProbeResult(passed=False, reason="connection refused")]


@pytest.mark.asyncio
async def test_a_cancelled_probe_reports_nothing() -> None:
    probes = AsyncioProbes()
    results: list[ProbeResult] = []
    async with serve(stays_silent) as server:
        handle = probes.start(HttpProbeConfig(server.url), HASTY, results.append)
        await asyncio.sleep(0.05)
        handle.cancel()
        handle.cancel()
        await asyncio.sleep(0.4)
    assert results == []


@pytest.mark.asyncio
async def test_a_probe_that_is_cancelled_before_it_began_reports_nothing() -> None:
    probes = AsyncioProbes()
    results: list[ProbeResult] = []
    probes.start(TcpProbeConfig("127.0.0.1", 1), PATIENT, results.append).cancel()
    await probes.close()
    await asyncio.sleep(0.01)
    assert results == []


@pytest.mark.asyncio
async def test_cancelling_after_the_result_has_no_effect() -> None:
    probes = AsyncioProbes()
    result: asyncio.Future[ProbeResult] = asyncio.get_running_loop().create_future()
    handle = probes.start(TcpProbeConfig("127.0.0.1", 1), PATIENT, result.set_result)
    await result
    handle.cancel()


@pytest.mark.asyncio
async def test_closing_cancels_all_probes_and_leaves_no_socket() -> None:
    probes = AsyncioProbes()
    results: list[ProbeResult] = []
    async with serve(stays_silent) as server:
        before = descriptors()
        for _ in range(10):
            probes.start(HttpProbeConfig(server.url), PATIENT, results.append)
        await asyncio.sleep(0.1)
        await probes.close()
        assert results == []
        for _ in range(100):  # the server needs a moment to close its sockets
            if descriptors() <= before:
                break
            await asyncio.sleep(0.02)
        assert descriptors() <= before


@pytest.mark.asyncio
async def test_an_exception_of_done_is_reported_by_the_event_loop_and_gives_no_second_result() -> (
    None
):
    reported: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: reported.append(context))
    calls: list[ProbeResult] = []

    def done(result: ProbeResult) -> None:
        calls.append(result)
        raise ValueError("a bug of the caller")

    AsyncioProbes().start(TcpProbeConfig("127.0.0.1", unused_port()), PATIENT, done)
    for _ in range(100):
        await asyncio.sleep(0.01)
        if reported:
            break
    assert len(calls) == 1
    assert [str(context["exception"]) for context in reported] == ["a bug of the caller"]


@pytest.mark.asyncio
async def test_an_unexpected_exception_in_a_probe_is_a_failed_result() -> None:
    result = await run_probe(TcpProbeConfig("127.0.0.1", 70_000))
    assert not result.passed
    assert result.reason.startswith("internal error: OverflowError")


@pytest.mark.asyncio
async def test_a_timeout_that_is_over_before_it_begins_still_gives_one_result() -> None:
    result = await run_probe(TcpProbeConfig("127.0.0.1", unused_port()), Nanoseconds(0))
    assert not result.passed


def descriptors() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


@pytest.mark.asyncio
async def test_200_probes_of_every_kind_leave_no_open_descriptor() -> None:
    probes = AsyncioProbes()
    async with serve(answers("200 OK")) as good, serve(resets) as bad, serve(stays_silent) as mute:
        kinds: list[tuple[ProbeConfig, Nanoseconds]] = [
            (HttpProbeConfig(good.url), PATIENT),
            (HttpProbeConfig(bad.url), PATIENT),
            (HttpProbeConfig(mute.url), Nanoseconds(20_000_000)),
            (HttpProbeConfig(f"https://127.0.0.1:{mute.port}/"), Nanoseconds(20_000_000)),
            (TcpProbeConfig("127.0.0.1", good.port), PATIENT),
        ]
        for probe, timeout in kinds:
            await run_probe_with(probes, probe, timeout)
        await asyncio.sleep(0.05)
        before = descriptors()
        for _ in range(40):
            await asyncio.gather(*(run_probe_with(probes, *kind) for kind in kinds))
        for _ in range(100):  # the servers need a moment to close their sockets
            if descriptors() <= before:
                break
            await asyncio.sleep(0.02)
        assert descriptors() <= before


def test_a_name_service_that_hangs_does_not_keep_the_process_from_exiting() -> None:
    program = (
        "import asyncio, time\n"
        "from pyvrrp.clients.base.resolver import HostName, Resolver\n"
        "async def main():\n"
        "    resolver = Resolver(lambda name: time.sleep(600))\n"
        "    try:\n"
        "        await asyncio.wait_for(resolver.addresses(HostName('web.example')), 0.05)\n"
        "    except TimeoutError:\n"
        "        print('given up')\n"
        "asyncio.run(main())\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=30, check=True
    )
    assert (ended.stdout, ended.stderr) == ("given up\n", "")


def test_a_daemon_without_http_checks_does_not_import_h11() -> None:
    program = "import sys, pyvrrp.probes.runner; print('h11' in sys.modules)"
    ended = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=30, check=True
    )
    assert ended.stdout == "False\n"


@contextmanager
def namespace() -> Iterator[str]:
    name = f"pyvrrp-{uuid.uuid4().hex[:8]}"
    subprocess.run(["ip", "netns", "add", name], check=True)
    try:
        subprocess.run(["ip", "-n", name, "link", "set", "lo", "up"], check=True)
        yield name
    finally:
        subprocess.run(["ip", "netns", "del", name], check=True)


@pytest.mark.kernel
@pytest.mark.asyncio
async def test_a_probe_runs_in_its_network_namespace() -> None:
    with namespace() as name:
        with inside(name):
            listener = socket.create_server(("127.0.0.1", 0))
        own = Path("/proc/thread-self/ns/net").readlink()
        with listener:
            port = listener.getsockname()[1]
            there = await run_probe(TcpProbeConfig("127.0.0.1", port, netns=name))
            named = await run_probe(TcpProbeConfig("localhost", port, netns=name))
            here = await run_probe(TcpProbeConfig("127.0.0.1", port))
        assert there.passed, there.reason
        assert named.passed, named.reason
        assert here == ProbeResult(passed=False, reason="connection refused")
        assert Path("/proc/thread-self/ns/net").readlink() == own


@pytest.mark.kernel
@pytest.mark.asyncio
async def test_a_missing_route_gives_a_reason() -> None:
    with namespace() as name:
        result = await run_probe(TcpProbeConfig("192.0.2.1", 80, netns=name))
    assert result == ProbeResult(passed=False, reason="network is unreachable")


@pytest.mark.kernel
@pytest.mark.asyncio
async def test_a_name_does_not_resolve_without_a_name_service() -> None:
    with namespace() as name:  # no name service can be reached from it
        result = await run_probe(TcpProbeConfig("nowhere.invalid", 80, netns=name), PATIENT)
    assert result == ProbeResult(passed=False, reason="name does not resolve: nowhere.invalid")


@pytest.mark.asyncio
async def test_a_missing_network_namespace_fails() -> None:
    result = await run_probe(TcpProbeConfig("127.0.0.1", 80, netns="pyvrrp-nowhere"))
    assert result.reason == "there is no network namespace pyvrrp-nowhere"
    named = await run_probe(TcpProbeConfig("localhost", 80, netns="pyvrrp-nowhere"))
    assert named.reason == "there is no network namespace pyvrrp-nowhere"
