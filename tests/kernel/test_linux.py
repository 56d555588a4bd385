import asyncio
import errno
import threading
from ipaddress import IPv4Interface

import pytest

from pyvrrp.config.model.configuration import ProbeConfig
from pyvrrp.errors import KernelError
from pyvrrp.identity import Family
from pyvrrp.net.linux import linux_ports
from pyvrrp.packet.layout import IPV4_GROUP
from pyvrrp.ports import Command, InterfaceState, ProbeResult, RunningCommand
from pyvrrp.probes.etcd import AsyncioEtcd
from pyvrrp.units import MILLISECOND, Nanoseconds
from tests.kernel.wire import addresses, until, vrrp_v4, wire

pytestmark = [pytest.mark.kernel]

V4 = IPv4Interface("10.9.0.100/24")


class NoHandle:
    def cancel(self) -> None: ...


class NoProbes:
    def start(self, probe: ProbeConfig, timeout: Nanoseconds, done: object) -> NoHandle:
        raise AssertionError((probe, timeout, done, ProbeResult))


class NoCommands:
    def run(self, command: Command, timeout: Nanoseconds, done: object) -> RunningCommand:
        raise AssertionError((command, timeout, done))


@pytest.mark.asyncio
async def test_the_ports_work_together_and_close_finishes_what_was_asked_for() -> None:
    threads = threading.active_count()
    with wire() as w:
        ports = linux_ports(asyncio.get_running_loop(), NoProbes(), AsyncioEtcd(), NoCommands())
        states: list[InterfaceState] = []
        heard: list[bytes] = []
        results: list[KernelError | None] = []
        ports.links.watch(w.here, states.append)
        listener = ports.sockets.open_advertisements(
            w.there, Family.IPV4, heard.append, multicast=True, unicast=False
        )
        sender = ports.sockets.open_advertisements(
            w.here, Family.IPV4, heard.append, multicast=True, unicast=False
        )
        announcer = ports.sockets.open_announcements(w.here, lambda _: None)
        packet = vrrp_v4("10.9.0.1")
        ports.clock.call_at(
            Nanoseconds(ports.clock.now() + MILLISECOND), lambda: sender.send(packet, IPV4_GROUP)
        )
        ports.addresses.ensure_present(w.here, [V4], 60, results.append)
        await until(lambda: heard == [packet] and results == [None])
        await until(lambda: bool(states) and V4 in states[-1].addresses)
        for sock in (listener, sender, announcer):
            sock.close()
        ports.addresses.ensure_absent(w.here, [V4], results.append)
        ports.close()
        assert addresses(w.left) == ["10.9.0.1/24"]
        assert threading.active_count() == threads
        with pytest.raises(KernelError) as caught:
            announcer.send(b"")
        assert caught.value.code == errno.EBADF
