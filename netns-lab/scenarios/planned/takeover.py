"""`pyvrrp takeover`: a spare machine watches a server and has its address while the host is dead.

The server answers 500: its host still has the address, so the spare machine names it and takes
nothing. The host dies: the spare machine has the address after fall x interval + timeout + 450 ms.
The host comes back without the address, and the server works: the spare machine releases the
address after two passes.
"""

import json
import sys
from collections.abc import Iterator

from plays.node import LabNode
from plays.play import Play
from pyvrrp.testing.processes import SpawnedProcess
from results.result import ExperimentResult
from results.setting import NOISE
from scenarios.options import ScenarioOptions

NEEDS = ("pyvrrp",)
_TAKEN = 2 * 1.0 + 0.8 + 0.45  # fall x interval + timeout + the probes
_RELEASED = 2 * 1.0 + 0.8
_ADDRESS = "10.9.0.100"


def experiments(options: ScenarioOptions) -> Iterator[ExperimentResult]:
    """Run it."""
    title = "the server answers 500, its host dies, its host returns"
    with Play(title, "no VRRP, IPv4", options.listen) as play:
        server = play.node("r1", "10.9.0.1/24")
        server.ip(f"address add {_ADDRESS}/24 dev eth0")  # gone when its power fails
        spare = play.node("r2", "10.9.0.2/24")
        server.web("0.0.0.0")
        for node in (server, spare):
            node.echo()
        client = play.client("client", _ADDRESS, "10.9.0.9/24")
        play.begin()
        takeover = _watch(play, spare)
        client.start()
        _service_dies(play, server, takeover)
        _host_dies(play, server)
        returned = _host_returns(play, server)
        client.finish()
        longest = client.longest_outage(until=returned)
        limit = _TAKEN + NOISE
        play.check(
            "the client's longest outage is that of the dead host",
            f"{longest:.3f} s",
            f"from 1 s to {limit:.3f} s",
            passed=1.0 < longest <= limit,
        )
        play.equal("the exit status of pyvrrp takeover", takeover.stop(), 0)
    yield play.result()


def _watch(play: Play, spare: LabNode) -> SpawnedProcess:
    takeover = spare.host.spawn(
        *(sys.executable, "-m", "pyvrrp", "takeover", "--interface", "eth0"),
        *("--address", f"{_ADDRESS}/24", "--http", "http://10.9.0.1:8080/"),
        *("--release-when-back", "--log-format", "json"),
    )
    play.wait(lambda: _events(takeover, "check"), "pyvrrp takeover to watch")
    return takeover


def _service_dies(play: Play, server: LabNode, takeover: SpawnedProcess) -> None:
    died = play.mark("r1's web server: 500")
    server.serve("500")
    play.wait(lambda: _events(takeover, "address_in_use"), "the holder to be named")
    play.sleep(3)  # it looks again and again
    named = str(_events(takeover, "address_in_use")[0]["mac"])
    play.equal("who has the address is named", named, server.host.macs["eth0"].hex(":"))
    play.equal("who has it while its host lives", play.succession(_ADDRESS, died), ["r1"])


def _host_dies(play: Play, server: LabNode) -> None:
    play.mark("r1's power fails")
    server.power_off()
    play.wait_for_holder(_ADDRESS, "r2", within=_TAKEN + NOISE)
    play.sleep(1.5)


def _host_returns(play: Play, server: LabNode) -> float:
    returned = play.mark("r1 returns, well and without the address")
    server.power_on()
    # The neighbours of a host that was away have to be found again: a second more.
    play.wait_for_holder(_ADDRESS, "", within=_RELEASED + 1.0 + NOISE)
    return returned


def _events(process: SpawnedProcess, name: str) -> list[dict[str, object]]:
    told = [json.loads(line.text) for line in list(process.lines) if not line.error]
    return [event for event in told if event["event"] == name]
