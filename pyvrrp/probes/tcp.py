"""The TCP check: a connection that is accepted."""

from pyvrrp.clients.base.progress import Progress
from pyvrrp.clients.http.connection import Connector, Endpoint
from pyvrrp.config.model.configuration import TcpProbeConfig


class TcpProbe:
    """Looks at ports."""

    def __init__(self, connector: Connector) -> None:
        self._connector = connector

    async def look(self, probe: TcpProbeConfig, progress: Progress) -> str:
        """Return how long it took; raise ProbeError or OSError if nobody accepts."""
        endpoint = Endpoint(probe.host, probe.port, probe.source, probe.netns)
        with await self._connector.connect(endpoint, progress):
            return f"connected in {progress.elapsed()}"
