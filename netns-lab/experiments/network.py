"""The network of an experiment: namespaces, helpers on every host, an observer, a client."""

import json
import sys
import time
from collections.abc import Mapping, Sequence

from drivers import DRIVERS, RouterDaemon, Settings
from pyvrrp.testing.errors import BenchError
from pyvrrp.testing.measure.outages import Observation
from pyvrrp.testing.processes import OutputLine, SpawnedProcess
from pyvrrp.testing.segment import Host, Network
from results.setting import NOISE, RouterSpec, Setting
from results.timeline import LabEvent, Timeline
from topologies.base import CLIENT_IPV4, CLIENT_IPV6, VIRTUAL_IPV4, VIRTUAL_IPV6, Topology
from topologies.pair import build as build_pair

_BUILD_PATIENCE = 15.0


class PairNetwork:
    """A pair of routers and everything around them; `close` removes all of it."""

    def __init__(self, setting: Setting, members: Sequence[RouterSpec], timeline: Timeline) -> None:
        self._setting = setting
        self._timeline = timeline
        self._network = Network()
        self._helpers: list[SpawnedProcess] = []
        self._webservers: dict[str, SpawnedProcess] = {}
        self._client: SpawnedProcess | None = None
        self.addresses = VIRTUAL_IPV6 if setting.ipv6 else VIRTUAL_IPV4
        try:
            self.topology: Topology = build_pair(self._network)
            self.routers: Mapping[str, RouterDaemon] = self._build(members)
        except BaseException:
            self._network.close()
            raise

    @property
    def address(self) -> str:
        """The virtual address the client asks."""
        return self.addresses[-1].partition("/")[0]

    @property
    def client_started(self) -> bool:
        """Whether the client is asking."""
        return self._client is not None

    def host(self, node: str) -> Host:
        """Return the host of that name."""
        return self._network.hosts[node]

    def close(self) -> None:
        """End every process and remove every namespace."""
        self._network.close()

    def web(self, node: str, mode: str) -> None:
        """Tell the web server of *node* what to do from now on."""
        server = self._webservers[node]
        confirmed = len(server.lines)
        server.say(mode)
        self._timeline.wait(lambda: len(server.lines) > confirmed, 5.0, f"{node}'s web server")

    def _build(self, members: Sequence[RouterSpec]) -> Mapping[str, RouterDaemon]:
        self._observe([host.name for host in self.topology.routers])
        routers: dict[str, RouterDaemon] = {}
        for host, member in zip(self.topology.routers, members, strict=True):
            self._helper(host, "measure.echo", host.name)
            if self._setting.check:
                self._webservers[host.name] = self._helper(host, "webserver")
            settings = Settings(
                member.priority,
                self.addresses,
                interval_ms=self._setting.interval_ms,
                version=self._setting.version,
                check=self._setting.check,
            )
            driver = DRIVERS[member.implementation]
            directory = self._network.directory / host.name
            routers[host.name] = driver(host, settings, directory, self._timeline.add)
        self._wait_for_helpers()
        return routers

    def _observe(self, nodes: Sequence[str]) -> None:
        hosts = [f"{node}={self.host(node).namespace}" for node in nodes]
        arguments = [
            *(argument for node in nodes for argument in ("--port", node)),
            *(argument for host in hosts for argument in ("--node", host)),
        ]
        module = (sys.executable, "-m", "pyvrrp.testing.measure.observer")
        process = SpawnedProcess(
            (*module, "--switch", self.topology.segment.namespace, *arguments), hear=self._note
        )
        self._network.remember(process)
        self._helpers.append(process)

    def _helper(self, host: Host, module: str, *arguments: str) -> SpawnedProcess:
        process = host.spawn(sys.executable, "-m", f"pyvrrp.testing.{module}", *arguments)
        self._helpers.append(process)
        return process

    def _wait_for_helpers(self) -> None:
        waiting = self._helpers
        self._timeline.wait(
            lambda: all(process.lines for process in waiting), _BUILD_PATIENCE, "helpers to start"
        )
        for process in waiting:
            if not process.running:
                raise BenchError(f"{' '.join(process.command)}: {process.output}")

    def _note(self, line: OutputLine) -> None:
        if line.error:
            self._timeline.add(LabEvent(line.time, "log", "", {"text": line.text}))
            return
        said = json.loads(line.text)
        event = LabEvent(said.pop("time"), said.pop("kind"), said.pop("node", ""), said)
        self._timeline.add(event)

    def start_client(self) -> None:
        """Let the client ask from now on."""
        client = self.topology.client
        virtual_mac = any(router.virtual_mac for router in self.routers.values())
        # A virtual MAC is shared: who answers a frame to it is decided by the switch.
        direct = () if virtual_mac else tuple(self.routers)
        self._client = client.spawn(
            *(sys.executable, "-m", "pyvrrp.testing.measure.client", self.address),
            *("--source", CLIENT_IPV6 if self._setting.ipv6 else CLIENT_IPV4),
            *("--mac", client.macs["eth0"].hex(":")),
            *(
                argument
                for node in direct
                for argument in ("--direct", f"{node}={self.host(node).macs['eth0'].hex(':')}")
            ),
        )
        process = self._client
        self._timeline.wait(lambda: process.lines, _BUILD_PATIENCE, "the client to start")
        time.sleep(NOISE)

    def stop_client(self) -> Observation | None:
        """Let the client finish and return what it saw; None if it was never started."""
        if self._client is None:
            return None
        self._client.finish()
        if not self._client.lines:
            raise BenchError("the client said nothing")
        return Observation.from_json(self._client.lines[-1].text)
