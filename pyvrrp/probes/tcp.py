"""The tcp check: a connection must be accepted."""

from pyvrrp.clients.base.progress import ProbeProgress
from pyvrrp.clients.http.connection import Connector, Endpoint
from pyvrrp.config.model.configuration import TcpProbeConfig


class TcpProbe:
    """Opens TCP connections and closes them."""

    def __init__(self, connector: Connector) -> None:
        self._connector = connector

    async def run(self, probe: TcpProbeConfig, progress: ProbeProgress) -> str:
        """Return how long connecting took. Raise ProbeError or OSError if it failed."""
        endpoint = Endpoint(probe.host, probe.port, probe.source, probe.netns)
        with await self._connector.connect(endpoint, progress):
            return f"connected in {progress.elapsed()}"
