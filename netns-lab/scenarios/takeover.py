"""`pyvrrp takeover`: a spare machine watches a server and has its address while its host is dead.

The server answers 500: its host still has the address, so the spare machine names it and takes
nothing. The host dies: the spare machine has the address after fall x interval + timeout + 450 ms.
The host comes back, well and without the address: the spare machine lets go after two passes.
"""

import json
import sys
import time
from collections.abc import Callable, Iterator

from experiments.result import Check, ExperimentResult, Mark
from experiments.setting import NOISE
from experiments.timeline import Timeline
from topologies.base import CLIENT_IPV4, VIRTUAL_IPV4, Topology
from topologies.pair import build

from pyvrrp.testing.errors import BenchError
from pyvrrp.testing.outages import Observation
from pyvrrp.testing.processes import Process
from pyvrrp.testing.segment import Host, Network
from scenarios import Options

NEEDS = ("pyvrrp",)
_TAKEN = 2 * 1.0 + 0.8 + 0.45  # fall x interval + timeout + the probes
_RELEASED = 2 * 1.0 + 0.8
_ADDRESS = VIRTUAL_IPV4[0].partition("/")[0]
_PATIENCE = 15.0


def experiments(_options: Options) -> Iterator[ExperimentResult]:
    """Run it."""
    with Network() as network:
        play = _Play(network)
        error = ""
        try:
            play.run()
        except BenchError as broken:
            error = str(broken)
    yield play.result(error)


class _Play:
    """The server is r1, the spare machine r2."""

    def __init__(self, network: Network) -> None:
        self._begun = time.time()
        self._checks: list[Check] = []
        self._marks: list[Mark] = []
        self._timeline = Timeline()
        self._topology: Topology = build(network)
        self._server, self._spare = self._topology.routers
        self._observed: Observation | None = None

    def run(self) -> None:
        """Break the service, then the host; then mend both."""
        self._server.ip(f"address add {VIRTUAL_IPV4[0]} dev eth0")
        web = _helper(self._server, "webserver", "--address", "0.0.0.0")
        helpers = [web, *(_helper(host, "echo", host.name) for host in self._topology.routers)]
        self._wait(lambda: all(helper.lines for helper in helpers), "helpers to start")
        takeover = self._watch()
        client = _helper(self._topology.client, "client", _ADDRESS, "--source", CLIENT_IPV4)
        self._wait(lambda: client.lines, "the client to start")
        self._service_dies(web, takeover)
        self._host_dies()
        self._host_returns(web)
        client.finish()
        self._observed = Observation.from_json(client.lines[-1].text)
        self._judge_outages(self._observed)
        status = takeover.stop()
        self._check("it ends well", f"status {status}", "status 0", passed=status == 0)

    def result(self, error: str) -> ExperimentResult:
        """Return what was found."""
        stall = 0.0 if self._observed is None else self._observed.longest_stall
        return ExperimentResult(
            title="the server answers 500, its host dies, its host returns",
            setting="no VRRP, IPv4",
            start=self._begun,
            end=time.time(),
            changes=(),
            checks=self._checks,
            lanes=(),
            marks=self._marks,
            outages=(),
            longest_stall=stall,
            error=error,
        )

    def _watch(self) -> Process:
        takeover = self._spare.spawn(
            *(sys.executable, "-m", "pyvrrp", "takeover", "--interface", "eth0"),
            *("--address", VIRTUAL_IPV4[0], "--http", "http://10.9.0.1:8080/"),
            *("--release-when-back", "--log-format", "json"),
        )
        self._wait(lambda: _events(takeover, "check"), "pyvrrp takeover to watch")
        return takeover

    def _service_dies(self, web: Process, takeover: Process) -> None:
        self._mark("r1's web server: 500")
        web.say("500")
        self._wait(lambda: _events(takeover, "address_in_use"), "the holder to be named")
        time.sleep(3)  # it looks again and again
        named = str(_events(takeover, "address_in_use")[0]["mac"])
        mac = self._server.macs["eth0"].hex(":")
        self._check("who has the address is named", named, mac, passed=named == mac)
        holds = self._spare_holds()
        self._check("r2 does not take it", str(holds), "False", passed=not holds)

    def _host_dies(self) -> None:
        began = self._mark("r1's port: down")
        self._topology.segment.cut(self._server)
        self._wait(self._spare_holds, "r2 to hold the address")
        self._check_time("r2 holds the address", began, _TAKEN + NOISE)
        time.sleep(1.5)

    def _host_returns(self, web: Process) -> None:
        self._server.ip(f"address del {VIRTUAL_IPV4[0]} dev eth0")
        web.say("200")
        began = self._mark("r1 returns, well")
        self._topology.segment.heal(self._server)
        self._wait(lambda: not self._spare_holds(), "r2 to let the address go")
        # The neighbours of a host that was away have to be found again: a second more.
        self._check_time("r2 has let it go", began, _RELEASED + 1.0 + NOISE)

    def _judge_outages(self, observed: Observation) -> None:
        """Judge what the client missed until the host returned; a stall of its own is none."""
        returned = self._marks[-1].time
        missed = [outage for outage in observed.outages if outage.lost and outage.start < returned]
        longest = max((outage.duration for outage in missed), default=0.0)
        limit = _TAKEN + NOISE
        self._check(
            "the client's longest outage is that of the dead host",
            f"{longest:.3f} s",
            f"from 1 s to {limit:.3f} s",
            passed=1.0 < longest <= limit,
        )

    def _spare_holds(self) -> bool:
        return _ADDRESS in self._spare.addresses("eth0")

    def _wait(self, condition: Callable[[], object], what: str) -> None:
        self._timeline.wait(condition, _PATIENCE, what)

    def _mark(self, title: str) -> float:
        now = time.time()
        self._marks.append(Mark(now, "", title))
        return now

    def _check(self, what: str, measured: str, limit: str, *, passed: bool) -> None:
        self._checks.append(Check(what, measured, limit, passed))

    def _check_time(self, what: str, began: float, limit: float) -> None:
        took = time.time() - began
        self._check(what, f"{took:.3f} s", f"at most {limit:.3f} s", passed=took <= limit)


def _helper(host: Host, module: str, *arguments: str) -> Process:
    return host.spawn(sys.executable, "-m", f"pyvrrp.testing.{module}", *arguments)


def _events(process: Process, name: str) -> list[dict[str, object]]:
    told = [json.loads(line.text) for line in list(process.lines) if not line.error]
    return [event for event in told if event["event"] == name]
