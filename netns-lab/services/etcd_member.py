"""One member of an etcd cluster on a host of a play."""

import shutil
from collections.abc import Mapping

from plays.node import LabNode
from pyvrrp.testing.errors import BenchError
from pyvrrp.testing.processes import SpawnedProcess

_CLIENT, _PEER = 2379, 2380


class EtcdMember:
    """Its data outlives its process, as on a disk."""

    def __init__(self, node: LabNode, address: str, cluster: Mapping[str, str]) -> None:
        if shutil.which("etcd") is None:
            raise BenchError("no etcd here; netns-lab/bootstrap --with-testers installs it")
        self.url = f"http://{address}:{_CLIENT}"
        self._node = node
        self._peer = f"http://{address}:{_PEER}"
        self._cluster = ",".join(f"{name}=http://{each}:{_PEER}" for name, each in cluster.items())
        self._process: SpawnedProcess | None = None

    def start(self) -> None:
        """Start it; it keeps its data from the last time."""
        self._process = self._node.host.spawn(
            *("etcd", "--name", self._node.name, "--data-dir", str(self._node.directory / "etcd")),
            *("--heartbeat-interval", "50", "--election-timeout", "500", "--pre-vote"),
            *("--listen-client-urls", self.url, "--advertise-client-urls", self.url),
            *("--listen-peer-urls", self._peer, "--initial-advertise-peer-urls", self._peer),
            *("--initial-cluster", self._cluster, "--initial-cluster-state", "new"),
            *("--log-level", "error", "--logger", "zap"),
        )

    def stop(self) -> None:
        """SIGKILL it."""
        if self._process is not None:
            self._process.kill()
