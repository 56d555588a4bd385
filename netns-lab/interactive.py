"""A lab that stays up until it is told to go: to look around in, and to break by hand."""

import os
import signal
import sys
import time

from drivers import Settings
from drivers.pyvrrp_daemon import COMMAND, PyvrrpRouter
from pyvrrp.testing.errors import BenchError
from pyvrrp.testing.ownership import NAMESPACE_DIRECTORY, RUN_DIRECTORY, owner_of
from pyvrrp.testing.segment import Host, Network
from results.timeline import LabEvent
from topologies import Plan
from topologies.base import VIRTUAL_IPV4

_PATIENCE = 10.0
_GLANCE = 0.05


def stand(plan: Plan) -> int:
    """Build *plan* with pyvrrp on every router and stay until Ctrl-C or `lab down`."""
    with Network() as network:
        topology = plan.build(network)
        (network.directory / "standing").write_text(plan.name, encoding="utf-8")
        routers = [
            _router(network, host, 200 - 50 * number)
            for number, host in enumerate(topology.routers)
        ]
        for host, router in zip(topology.routers, routers, strict=True):
            host.spawn(sys.executable, "-m", "pyvrrp.testing.webserver")
            router.start()
        _explain(plan, routers)
        try:
            signal.pause()
        except KeyboardInterrupt:
            sys.stdout.write("\ntaking it down\n")
    return 0


def take_down() -> str:
    """End the labs that are standing and return their names; empty if there was none."""
    names = []
    for record in sorted(RUN_DIRECTORY.glob("*/standing")):
        owner = owner_of(record.parent.name)
        if owner:
            os.kill(owner, signal.SIGTERM)
            names.append(f"{record.read_text(encoding='utf-8')} ({record.parent.name})")
            _wait_until_gone(record.parent.name)
    return ", ".join(names)


def namespace_of(node: str) -> str:
    """Return the network namespace of *node* in the lab that is standing."""
    for record in sorted(RUN_DIRECTORY.glob("*/standing")):
        prefix = record.parent.name
        if owner_of(prefix):
            if (NAMESPACE_DIRECTORY / f"{prefix}-{node}").exists():
                return f"{prefix}-{node}"
            raise BenchError(f"no node {node} in the lab that is up")
    raise BenchError("no lab is up: netns-lab/lab up pair")


def _router(network: Network, host: Host, priority: int) -> PyvrrpRouter:
    settings = Settings(priority, VIRTUAL_IPV4, check=True)
    return PyvrrpRouter(host, settings, network.directory / host.name, _show)


def _show(event: LabEvent) -> None:
    told = event.what.get("text") or f"{event.what.get('state')}: {event.what.get('reason')}"
    sys.stdout.write(f"{time.strftime('%H:%M:%S')} {event.node:<7} {told}\n")
    sys.stdout.flush()


def _explain(plan: Plan, routers: list[PyvrrpRouter]) -> None:
    address = VIRTUAL_IPV4[0].partition("/")[0]
    lines = [f"{plan.name} is up: {plan.promise.splitlines()[0]} Virtual address {address}.", ""]
    for router in routers:
        lines += [
            f"  {router.host.name}: netns-lab/lab shell {router.host.name}",
            f"      {COMMAND} status --socket {router.socket}",
        ]
    lines += [
        "  client: netns-lab/lab shell client",
        "",
        "It stays up until Ctrl-C here, or: netns-lab/lab down",
        "",
    ]
    sys.stdout.write("\n".join(lines) + "\n")
    sys.stdout.flush()


def _wait_until_gone(prefix: str) -> None:
    deadline = time.monotonic() + _PATIENCE
    while (RUN_DIRECTORY / prefix).exists():
        if time.monotonic() > deadline:
            raise BenchError(f"{prefix} is still there after {_PATIENCE:.0f} s")
        time.sleep(_GLANCE)
