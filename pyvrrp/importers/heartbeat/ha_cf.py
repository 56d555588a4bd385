"""Read ha.cf of Heartbeat: the nodes, the interfaces for heartbeats, and the timeouts."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from pyvrrp.config.values.addresses import address
from pyvrrp.config.values.scalars import WrongValueError, interface_name, name, wrong
from pyvrrp.config.values.sections import suggestion
from pyvrrp.foreign_text import escaped
from pyvrrp.identity import Address
from pyvrrp.importers.base.report import Fate, Report, SourceLine
from pyvrrp.packet.layout import IPV4_GROUP, VRRP_PROTOCOL
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

# Directives that do not change which node serves: logs, processes, local programs.
_NOT_NEEDED = frozenset(
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
_SIMILAR = {
    "warntime": (Fate.IGNORED, "there is no event for a late heartbeat, only for a silent link"),
    "initdead": (
        Fate.APPROXIMATED,
        "a node that starts waits for its interface, its checks and one Master_Down_Interval",
    ),
    "watchdog": (
        Fate.APPROXIMATED,
        (
            "the address lease removes the addresses of a daemon that hangs, and WatchdogSec of "
            "systemd restarts it; the machine is not reset"
        ),
    ),
}
_NO_COUNTERPART = {
    "serial": "advertisements are IP packets: use a network interface as the second link",
    "stonith": "not supported; on_stop_failure can run a power switch if a resource does not stop",
    "stonith_host": "not supported; on_stop_failure can run a power switch if a resource hangs",
    "ping_group": "a check pings one host; write one check for each, or an exec check",
    "hbaping": "a check pings over IP only",
    "autojoin": "only the nodes in the configuration take part",
    "failback": "this is a directive before version 1.0; use auto_failback",
    "deadping": "the checks of the ping nodes have their own limits",
}


@dataclass(slots=True)
class Device:
    """One interface for heartbeats: *peers* of its unicast, and whether it uses multicast too."""

    line: SourceLine
    peers: list[Address] = field(default_factory=list)
    multicast: bool = False


@dataclass(slots=True)
class HaCf:
    """The content of ha.cf that is translated. A value comes with the line that it is from."""

    nodes: dict[str, SourceLine] = field(default_factory=dict)
    devices: dict[str, Device] = field(default_factory=dict)
    deadtime: tuple[SourceLine, Nanoseconds] | None = None
    keepalive: tuple[SourceLine, Nanoseconds] | None = None
    failback: tuple[SourceLine, bool | None] | None = None  # None: legacy
    pings: dict[Address, SourceLine] = field(default_factory=dict)
    ipfail: SourceLine | None = None


def lines(text: str, file: str) -> Iterator[tuple[SourceLine, list[str]]]:
    """Yield the words of each line that is not empty. A backslash at its end joins two lines."""
    joined, first = "", 0
    for number, line in enumerate(text.splitlines(), start=1):
        first = first or number
        content = line.partition("#")[0].rstrip()
        if content.endswith("\\"):
            joined += content[:-1] + " "
            continue
        words = (joined + content).split()
        if words:
            yield SourceLine(file, first), words
        joined, first = "", 0
    if joined.split():
        yield SourceLine(file, first), joined.split()


class Reader:
    """Reads one ha.cf and reports what becomes of each line."""

    def __init__(self, report: Report) -> None:
        self.found = HaCf()
        self._report = report
        self._directives: dict[str, Callable[[SourceLine, Sequence[str]], None]] = {
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
        """Return the content of the file. What is wrong is added to the report."""
        for line, (directive, *words) in lines(text, file):
            read = self._directives.get(directive)
            try:
                if read is not None:
                    read(line, words)
                else:
                    self._other(line, directive)
            except WrongValueError as error:
                self._report.add(line, Fate.WRONG, f"{escaped(directive)}: {error}")
        if not self.found.nodes:
            self._report.add(SourceLine(file, 0), Fate.WRONG, "names no node")
        return self.found

    def _other(self, line: SourceLine, directive: str) -> None:
        shown = escaped(directive[:60])
        if directive in _NOT_NEEDED:
            what = f"{shown}: does not change which node serves"
            self._report.add(line, Fate.IGNORED, what)
        elif directive in _SIMILAR:
            fate, what = _SIMILAR[directive]
            self._report.add(line, fate, f"{shown}: {what}")
        elif directive in _NO_COUNTERPART:
            self._report.add(line, Fate.DROPPED, f"{shown}: {_NO_COUNTERPART[directive]}")
        else:
            known = {*self._directives, *_NOT_NEEDED, *_SIMILAR, *_NO_COUNTERPART}
            hint = suggestion(directive, known)
            similar = hint if "did you mean" in hint else ""
            self._report.add(line, Fate.DROPPED, f"{shown}: unknown directive{similar}")

    def _node(self, line: SourceLine, words: Sequence[str]) -> None:
        for word in _at_least(words):
            self.found.nodes.setdefault(name(word), line)
        self._report.add(line, Fate.TRANSLATED, f"node: nodes, {' '.join(words)}")

    def _ucast(self, line: SourceLine, words: Sequence[str]) -> None:
        device, peer, *_ = _at_least(words, 2)
        listed = self._device(line, device).peers
        parsed = address(peer)
        if parsed not in listed:
            listed.append(parsed)
        self._report.add(line, Fate.TRANSLATED, f"ucast: a peer of {device}, {parsed}")

    def _bcast(self, line: SourceLine, words: Sequence[str]) -> None:
        for device in _at_least(words):
            self._device(line, device).multicast = True
        what = f"bcast: {' '.join(words)} with multicast instead of broadcast"
        self._report.add(line, Fate.APPROXIMATED, what)

    def _mcast(self, line: SourceLine, words: Sequence[str]) -> None:
        device, *group = _at_least(words)
        self._device(line, device).multicast = True
        instead = f" instead of {escaped(group[0])}" if group else ""
        what = f"mcast: {device} with the multicast group {IPV4_GROUP} of VRRP{instead}"
        self._report.add(line, Fate.APPROXIMATED, what)

    def _keepalive(self, line: SourceLine, words: Sequence[str]) -> None:
        self.found.keepalive = line, _duration(_at_least(words)[0])

    def _deadtime(self, line: SourceLine, words: Sequence[str]) -> None:
        self.found.deadtime = line, _duration(_at_least(words)[0])

    def _auto_failback(self, line: SourceLine, words: Sequence[str]) -> None:
        self._failback(line, _at_least(words)[0].lower(), back=True)

    def _nice_failback(self, line: SourceLine, words: Sequence[str]) -> None:
        self._failback(line, _at_least(words)[0].lower(), back=False)

    def _failback(self, line: SourceLine, word: str, *, back: bool) -> None:
        if word == _LEGACY:
            self.found.failback = line, None
        elif word in _TRUE | _OFF:
            self.found.failback = line, back == (word in _TRUE)
        else:
            raise wrong(f"must be on, off or legacy, not {escaped(word)}")

    def _ping(self, line: SourceLine, words: Sequence[str]) -> None:
        for word in _at_least(words):
            self.found.pings.setdefault(address(word), line)

    def _respawn(self, line: SourceLine, words: Sequence[str]) -> None:
        _user, program, *_ = _at_least(words, 2)
        if program.rpartition("/")[2] == "ipfail":
            self.found.ipfail = line
            return
        what = f"respawn: {escaped(program)} is not started; use the service manager for it"
        self._report.add(line, Fate.DROPPED, what)

    def _udpport(self, line: SourceLine, _words: Sequence[str]) -> None:
        what = f"udpport: VRRP is IP protocol {VRRP_PROTOCOL} and has no port"
        self._report.add(line, Fate.IGNORED, what)

    def _crm(self, line: SourceLine, words: Sequence[str]) -> None:
        if _at_least(words)[0].lower() in _OFF:
            self._report.add(line, Fate.IGNORED, "crm: off")
            return
        what = "crm: the resources of this cluster are in the CIB of Pacemaker, not in haresources"
        self._report.add(line, Fate.WRONG, what)

    def _device(self, line: SourceLine, device: str) -> Device:
        return self.found.devices.setdefault(interface_name(device), Device(line))


def _at_least(words: Sequence[str], count: int = 1) -> Sequence[str]:
    if len(words) < count:
        raise wrong("has too few arguments")
    return words


def _duration(written: str) -> Nanoseconds:
    match = _DURATION.fullmatch(written)
    if match is None:
        raise wrong(f"{escaped(written)} is not a time, such as 30 or 200ms")
    length = round(float(match[1]) * _UNITS[match[2]])
    if length == 0:
        raise wrong("must be longer than 0")
    return Nanoseconds(length)
