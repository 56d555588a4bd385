"""The service behind the address dies, in each of the ways that a check must notice.

Its connections are refused; it answers 500; it accepts and never answers; it answers one octet a
second; its TLS is broken. Each time the master removes the address within interval x fall + timeout
and names the reason. The standby has the address one Skew_Time later, and two nodes never have it
together. (A3)
"""

from collections.abc import Iterator
from functools import partial

from drivers.toml_text import http_check, virtual_router
from plays.node import LabNode
from plays.opening import two_nodes
from plays.play import Play
from results.result import ExperimentResult
from results.setting import HAND_OVER, NOISE, Setting
from scenarios.options import ScenarioOptions

NEEDS = ("pyvrrp",)
_ADDRESS = "10.9.0.100"
_FALL = 2 * 0.2 + 0.2
_RETURN = 2 * 0.2 + 0.1
_START = 5.0
# How the web server dies, and what the node must say.
_DEATHS = {
    "refuse": "connection refused",
    "500": "HTTP 500",
    "hang": "waiting for the response",
    "drip": "timed out after 200 ms",
    "plain": "TLS: ",
}


def experiments(options: ScenarioOptions) -> Iterator[ExperimentResult]:
    """Run it."""
    setting = Setting(interval_ms=options.interval_ms or 100)
    with Play("the service dies", f"{setting}, https", options.listen) as play:
        r1, r2 = two_nodes(play, partial(_configuration, setting.interval_ms))
        for node in (r1, r2):
            _serve_https(node)
        play.begin()
        play.mark("both start")
        r1.start()
        r2.start()
        play.wait_for_holder(_ADDRESS, "r1", within=_START)
        for mode, words in _DEATHS.items():
            _die(play, setting, r1, mode, words)
    yield play.result()


def _configuration(interval_ms: int, priority: int) -> str:
    fenced = (f"priority = {priority}", 'checks = ["web"]', 'hold_down = { initial = "0s" }')
    certificate = 'ca = "${DIRECTORY}/web.pem"'
    return virtual_router("web", 51, [f"{_ADDRESS}/24"], interval_ms, *fenced) + http_check(
        "web", certificate, url="https://127.0.0.1:8443/health"
    )


def _serve_https(node: LabNode) -> None:
    certificate, key = node.directory / "web.pem", node.directory / "key.pem"
    node.host.run(
        *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"),
        *("-nodes", "-days", "2", "-subj", "/CN=web", "-addext", "subjectAltName=IP:127.0.0.1"),
        *("-out", str(certificate), "-keyout", str(key)),
    )
    both = node.directory / "both.pem"
    both.write_text(key.read_text() + certificate.read_text())
    node.helper("webserver", "--certificate", str(both), "--port", "8443")


def _die(play: Play, setting: Setting, node: LabNode, mode: str, words: str) -> None:
    died = play.mark(f"{node.name}'s web server: {mode}")
    node.serve(mode, 8443)
    limit = _FALL + setting.skew_time(100) + NOISE
    play.wait_for_holder(_ADDRESS, "r2", within=limit, what=f"{mode}: r2 has {_ADDRESS}")
    _since, released = play.held(_ADDRESS, died)[node.name][-1]
    play.at_most(f"{mode}: r1 lets go", released - died, _FALL + NOISE)
    play.never_two(_ADDRESS, died)
    said = [str(event.what["reason"]) for event in play.timeline.events("state", "r1", after=died)]
    play.check(
        f"{mode}: r1 says why", "; ".join(said), words, passed=any(words in why for why in said)
    )
    play.mark(f"{node.name}'s web server: 200")
    node.serve("200", 8443)
    within = _RETURN + setting.master_down_interval(200) + NOISE
    play.wait_for_holder(_ADDRESS, "r1", within=within + HAND_OVER)
