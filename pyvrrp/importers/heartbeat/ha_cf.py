"""Heartbeat's ha.cf: who the nodes are, how they hear each other, and how patient they are."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from pyvrrp.config.values.addresses import address
from pyvrrp.config.values.scalars import WrongValueError, escaped, interface_name, name, wrong
from pyvrrp.config.values.sections import suggestion
from pyvrrp.identity import Address
from pyvrrp.importers.heartbeat.report import Fate, Place, Report
from pyvrrp.units import MICROSECOND, MILLISECOND, SECOND, Nanoseconds

DEFAULT_DEADTIME = Nanoseconds(30 * SECOND)
_DURATION = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,6})?)(us|ms|s|m|h|)")
_UNITS = {
    "us": MICROSECOND,
    "ms": MILLISECOND,
    "s": SECOND,
    "": SECOND,
    "m": Nanoseconds(60 * SECOND),
    "h": Nanoseconds(3600 * SECOND),
}
_TRUE = {"on", "yes", "true", "y", "1"}
_OFF = {"off", "no", "false", "n", "0", "none"}
_LEGACY = "legacy"

# What says nothing about who serves: logs, processes, authentication of local programs.
_HARMLESS = frozenset(
    [
        "apiauth",
        "baud",
        "compression",
        "compression_threshold",
        "conn_logd_time",
        "coredumps",
        "debug",
        "debugfile",
        "hbversion",
        "hopfudge",
        "logfacility",
        "logfile",
        "msgfmt",
        "realtime",
        "rtprio",
        "syslogmsgfmt",
        "traditional_compression",
        "use_logd",
        "uuidfrom",
        "cluster",
        "nice",
        "memreserve",
    ]
)
_NEAR = {
    "warntime": (Fate.IGNORED, "a late heartbeat is no event, a silent link is"),
    "initdead": (
        Fate.APPROXIMATED,
        "a node that starts waits for its interface, its checks and one Master_Down_Interval",
    ),
    "watchdog": (
        Fate.APPROXIMATED,
        (
            "the lease takes the addresses from a daemon that hangs, and systemd's WatchdogSec "
            "restarts it; the machine is not reset"
        ),
    ),
}
_NO_COUNTERPART = {
    "serial": "advertisements are IP packets: use a network interface as the second link",
    "stonith": "there is no power switch; on_stop_failure runs one when a resource does not stop",
    "stonith_host": "there is no power switch; on_stop_failure runs one when a resource hangs",
    "ping_group": "a check pings one host; write one check for each, or an exec check",
    "hbaping": "a check pings over IP only",
    "autojoin": "nodes are those that are listed",
    "failback": "it is that of a version before 1.0; see auto_failback",
    "deadping": "it belongs to ping",
}


@dataclass(slots=True)
class Device:
    """One interface of the heartbeats; *peers* are empty where it is not by unicast alone."""

    place: Place
    peers: list[Address] = field(default_factory=list)
    multicast: bool = False


@dataclass(slots=True)
class HaCf:
    """What ha.cf says, as far as it matters."""

    nodes: dict[str, Place] = field(default_factory=dict)
    devices: dict[str, Device] = field(default_factory=dict)
    deadtime: tuple[Place, Nanoseconds] | None = None
    keepalive: tuple[Place, Nanoseconds] | None = None
    failback: tuple[Place, bool | None] | None = None  # None: legacy
    pings: dict[Address, Place] = field(default_factory=dict)
    ipfail: Place | None = None


def lines(text: str, file: str) -> Iterator[tuple[Place, list[str]]]:
    """Yield the words of each line that says something; a backslash joins lines."""
    joined, begun = "", 0
    for number, line in enumerate(text.splitlines(), start=1):
        begun = begun or number
        said = line.partition("#")[0].rstrip()
        if said.endswith("\\"):
            joined += said[:-1] + " "
            continue
        words = (joined + said).split()
        if words:
            yield Place(file, begun), words
        joined, begun = "", 0
    if joined.split():
        yield Place(file, begun), joined.split()


class Reader:
    """Reads one ha.cf."""

    def __init__(self, report: Report) -> None:
        self.found = HaCf()
        self._report = report
        self._directives: dict[str, Callable[[Place, Sequence[str]], None]] = {
            "node": self._node,
            "ucast": self._ucast,
            "bcast": self._bcast,
            "mcast": self._mcast,
            "keepalive": self._keepalive,
            "deadtime": self._deadtime,
            "auto_failback": self._auto_failback,
            "nice_failback": self._nice_failback,
            "ping": self._ping,
            "respawn": self._respawn,
            "udpport": self._udpport,
            "crm": self._crm,
            "pacemaker": self._crm,
        }

    def read(self, text: str, file: str) -> HaCf:
        """Return what the file says; what is wrong is in the report."""
        for place, (directive, *words) in lines(text, file):
            read = self._directives.get(directive)
            try:
                if read is not None:
                    read(place, words)
                else:
                    self._other(place, directive)
            except WrongValueError as error:
                self._report.add(place, Fate.WRONG, f"{escaped(directive)}: {error}")
        if not self.found.nodes:
            self._report.add(Place(file, 0), Fate.WRONG, "names no node")
        return self.found

    def _other(self, place: Place, directive: str) -> None:
        shown = escaped(directive[:60])
        if directive in _HARMLESS:
            self._report.add(place, Fate.IGNORED, f"{shown}: says nothing about who serves")
        elif directive in _NEAR:
            fate, what = _NEAR[directive]
            self._report.add(place, fate, f"{shown}: {what}")
        elif directive in _NO_COUNTERPART:
            self._report.add(place, Fate.DROPPED, f"{shown}: {_NO_COUNTERPART[directive]}")
        else:
            known = {*self._directives, *_HARMLESS, *_NEAR, *_NO_COUNTERPART}
            close = suggestion(directive, known)
            guess = close if "did you mean" in close else ""
            self._report.add(place, Fate.DROPPED, f"{shown}: not known{guess}")

    def _node(self, place: Place, words: Sequence[str]) -> None:
        for word in _some(words):
            self.found.nodes.setdefault(name(word), place)
        self._report.add(place, Fate.TRANSLATED, f"node: nodes, {' '.join(words)}")

    def _ucast(self, place: Place, words: Sequence[str]) -> None:
        device, peer, *_ = _some(words, 2)
        listed = self._device(place, device).peers
        parsed = address(peer)
        if parsed not in listed:
            listed.append(parsed)
        self._report.add(place, Fate.TRANSLATED, f"ucast: a peer of {device}, {parsed}")

    def _bcast(self, place: Place, words: Sequence[str]) -> None:
        for device in _some(words):
            self._device(place, device).multicast = True
        what = f"bcast: {' '.join(words)} by VRRP's multicast, not by broadcast"
        self._report.add(place, Fate.APPROXIMATED, what)

    def _mcast(self, place: Place, words: Sequence[str]) -> None:
        device, *group = _some(words)
        self._device(place, device).multicast = True
        what = f"mcast: {device}, to VRRP's group 224.0.0.18"
        if group:
            what += f" and not to {escaped(group[0])}"
        self._report.add(place, Fate.APPROXIMATED, what)

    def _keepalive(self, place: Place, words: Sequence[str]) -> None:
        self.found.keepalive = place, _duration(_some(words)[0])

    def _deadtime(self, place: Place, words: Sequence[str]) -> None:
        self.found.deadtime = place, _duration(_some(words)[0])

    def _auto_failback(self, place: Place, words: Sequence[str]) -> None:
        self._failback(place, _some(words)[0].lower(), back=True)

    def _nice_failback(self, place: Place, words: Sequence[str]) -> None:
        self._failback(place, _some(words)[0].lower(), back=False)

    def _failback(self, place: Place, word: str, *, back: bool) -> None:
        if word == _LEGACY:
            self.found.failback = place, None
        elif word in _TRUE | _OFF:
            self.found.failback = place, back == (word in _TRUE)
        else:
            raise wrong(f"must be on, off or legacy, not {escaped(word)}")

    def _ping(self, place: Place, words: Sequence[str]) -> None:
        for word in _some(words):
            self.found.pings.setdefault(address(word), place)

    def _respawn(self, place: Place, words: Sequence[str]) -> None:
        _user, program, *_ = _some(words, 2)
        if program.rpartition("/")[2] == "ipfail":
            self.found.ipfail = place
            return
        what = f"respawn: {escaped(program)} is not started; have the service manager do that"
        self._report.add(place, Fate.DROPPED, what)

    def _udpport(self, place: Place, _words: Sequence[str]) -> None:
        what = "udpport: VRRP is an IP protocol of its own (112) and has no port"
        self._report.add(place, Fate.IGNORED, what)

    def _crm(self, place: Place, words: Sequence[str]) -> None:
        if _some(words)[0].lower() in _OFF:
            self._report.add(place, Fate.IGNORED, "crm: off")
            return
        what = "crm: the resources of this cluster are in Pacemaker's CIB and not in haresources"
        self._report.add(place, Fate.WRONG, what)

    def _device(self, place: Place, device: str) -> Device:
        return self.found.devices.setdefault(interface_name(device), Device(place))


def _some(words: Sequence[str], count: int = 1) -> Sequence[str]:
    if len(words) < count:
        raise wrong("says too little")
    return words


def _duration(written: str) -> Nanoseconds:
    match = _DURATION.fullmatch(written)
    if match is None:
        raise wrong(f"{escaped(written)} is no time, such as 30 or 200ms")
    length = round(float(match[1]) * _UNITS[match[2]])
    if length == 0:
        raise wrong("must be longer than 0")
    return Nanoseconds(length)
