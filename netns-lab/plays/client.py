"""A client of a play: it asks an address once a millisecond and reports afterwards."""

import sys
import time
from collections.abc import Mapping

from pyvrrp.testing.errors import BenchError
from pyvrrp.testing.measure.outages import Observation, overlap
from pyvrrp.testing.processes import SpawnedProcess
from pyvrrp.testing.segment import Host
from results.setting import NOISE
from results.timeline import Timeline, clip, total

_START_PATIENCE = 15.0
_ONE_PACKET = 0.010  # seconds by which a window is begun earlier, for an answer on its way


class PlayClient:
    """It asks *address* between `start` and `finish`; what was lost is known after that."""

    def __init__(
        self,
        host: Host,
        address: str,
        source: str,
        direct: Mapping[str, bytes],
        timeline: Timeline,
    ) -> None:
        self.host = host
        self.address = address
        self.observed: Observation | None = None
        self._source = source
        self._direct = direct
        self._timeline = timeline
        self._process: SpawnedProcess | None = None

    @property
    def asking(self) -> bool:
        """Whether it asks now."""
        return self._process is not None and self.observed is None

    def start(self) -> None:
        """Ask from now on."""
        macs = (f"{node}={mac.hex(':')}" for node, mac in self._direct.items())
        self.observed = None
        self._process = process = self.host.spawn(
            *(sys.executable, "-m", "pyvrrp.testing.measure.client", self.address),
            *("--source", self._source, "--mac", self.host.macs["eth0"].hex(":")),
            *(argument for mac in macs for argument in ("--direct", mac)),
        )
        self._timeline.wait(lambda: process.lines, _START_PATIENCE, "the client to start")
        time.sleep(NOISE)

    def finish(self) -> Observation:
        """Stop asking and return what was seen."""
        if self._process is None:
            raise BenchError(f"the client of {self.address} was not started")
        self._process.finish()
        if not self._process.lines:
            raise BenchError(f"the client of {self.address} said nothing")
        self.observed = Observation.from_json(self._process.lines[-1].text)
        return self.observed

    def lost(self, since: float = 0.0, until: float = float("inf")) -> int:
        """Return how many datagrams were lost that it sent from *since* to *until*."""
        return self._seen().lost(since - _ONE_PACKET, until)

    def longest_outage(self, since: float = 0.0, until: float = float("inf")) -> float:
        """Return the longest outage that began from *since* to *until*, in seconds."""
        return self._seen().longest_outage(since - _ONE_PACKET, until)

    def answered_by(self, since: float = 0.0, until: float = float("inf")) -> list[str]:
        """Return who answered from *since* to *until*, one after the other."""
        runs = [run for run in self._seen().runs if run.end >= since and run.start < until]
        return [run.node for run in runs]

    def both_answered(self, first: str, second: str, since: float, until: float) -> float:
        """Return how long both would have answered a frame to their own MAC, in seconds."""
        direct = self._seen().direct
        return total(clip(overlap(direct[first], direct[second]), since, until))

    def _seen(self) -> Observation:
        if self.observed is None:
            raise BenchError(f"the client of {self.address} has not finished")
        return self.observed
