"""One keepalived.conf on two nodes: what each kernel holds after each thing that the lab does.

The file is used as it is. Each daemon has its own `/etc/keepalived`, `/run` and `/var/lib`, so the
paths in the file are those of a real machine, and no two daemons meet. All scripts are stubs that
fail while the file `failed` is in that directory.
"""

import re
import shutil
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from drivers.pyvrrp_daemon import COMMAND
from pyvrrp.testing.commands import run
from pyvrrp.testing.processes import SpawnedProcess
from pyvrrp.testing.segment import Host, Network, Segment

NODES = ("r1", "r2")
_STUB = "#!/bin/sh\n[ ! -e /etc/keepalived/failed ]\n"
_OWN_DIRECTORIES = (
    'mount --bind "$0" /etc/keepalived && mount -t tmpfs -o mode=755 lab /run'
    ' && mount -t tmpfs -o mode=755 lab /var/lib && exec "$@"'
)
_INTERFACE = re.compile(r"^\s*(?:@\S+\s+)?(?:interface|default_interface)\s+\"?(\w+)", re.MULTILINE)
_DEVICE = re.compile(r"\bdev\s+(\w+)|^\s*(eth1)\b", re.MULTILINE)
_SCRIPT = re.compile(r"/etc/keepalived/(?!failed)([\w./-]+)")
_LOOK_EVERY = 1.0  # seconds
_STEADY = 6.5  # seconds; a script may take 2 s to fail, and the other node 3.6 s to claim
_AS_EXPECTED = 2.0  # the same where it is what two keepalived hold
_PATIENCE = 30.0  # seconds

State = dict[str, list[str]]  # by node: "INTERFACE ADDRESS/PREFIX", sorted


@dataclass(frozen=True, slots=True)
class SampleFile:
    """A file, and what is done to a node that runs it."""

    path: Path
    text: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "text", self.path.read_text(encoding="utf-8"))

    @property
    def name(self) -> str:
        """The name of the file without its extension."""
        return self.path.stem

    @property
    def for_the_lab(self) -> bool:
        """Whether keepalived and pyvrrp can both run it in a namespace."""
        return "Lab: no" not in self.text

    @property
    def interfaces(self) -> list[str]:
        """The interfaces it names, the one with the advertisements first."""
        own = [name for name in _INTERFACE.findall(self.text) if name != "eth1"]
        devices = [one or other for one, other in _DEVICE.findall(self.text)]
        inner = ["eth1"] if re.search(r"\beth1\b", self.text) else []
        return list(dict.fromkeys([*(own or ["eth0"]), *devices, *inner]))


class SameFile:
    """Two nodes with one file. *programs*: "keepalived" or "pyvrrp" for r1 and for r2.

    What is *expected* after a phase (it may be empty) is waited for only until it is there.
    """

    def __init__(
        self, sample: SampleFile, programs: tuple[str, str], expected: Mapping[str, State]
    ) -> None:
        self.sample = sample
        self.programs = dict(zip(NODES, programs, strict=True))
        self._hosts: dict[str, Host] = {}
        self._segments: dict[str, Segment] = {}
        self._own: dict[str, set[str]] = {}
        self._processes: dict[str, SpawnedProcess] = {}
        self._expected = expected
        self._found: dict[str, State] = {}

    def __enter__(self) -> Self:
        self._network = Network()
        try:
            self._build()
        except BaseException:
            self._network.close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._network.close()

    def observe(self) -> dict[str, State]:
        """Do one thing after the other and return what the kernels hold after each."""
        self._start("r1")
        self._wait_until_somebody_holds_an_address()
        self._start("r2")  # the second: nobody depends on which of the two starts faster
        held = self._note("start")
        node = max(NODES, key=lambda each: len(held[each]))
        if "vrrp_script" in self.sample.text:
            failed = self._directory(node) / "failed"
            failed.touch()
            self._note("script fails")
            failed.unlink()
            self._note("script passes")
        if "file /etc/keepalived/maintenance" in self.sample.text:
            number = self._directory(node) / "maintenance"
            number.write_text("-100\n", encoding="ascii")
            self._note("file says -100")
            number.write_text("0\n", encoding="ascii")
            self._note("file says 0")
        for interface in self.sample.interfaces:
            segment = self._segments[interface]
            segment.cut(self._hosts[node], interface=interface)
            self._note(f"{interface} down")
            segment.heal(self._hosts[node], interface=interface)
            self._note(f"{interface} up")
        self._processes[node].stop()
        self._note("stopped")
        return self._found

    def said(self) -> str:
        """Return what both programs said last."""
        return "".join(
            f"\n--- {node} ({self.programs[node]}):\n{process.output[-1500:]}"
            for node, process in self._processes.items()
        )

    def _build(self) -> None:
        for number, node in enumerate(NODES, start=1):
            self._hosts[node] = host = self._network.host(node)
            for place, interface in enumerate(self.sample.interfaces):
                segment = self._segments.get(interface)
                if segment is None:
                    segment = self._segments[interface] = self._network.segment(f"s{place}")
                net = 9 - place
                addresses = (f"10.{net}.0.{number}/24", f"2001:db8:{net}::{number}/64")
                segment.attach(host, *addresses, interface=interface)
            self._fill(self._directory(node))
            self._own[node] = self._addresses(node)

    def _directory(self, node: str) -> Path:
        return self._network.directory / node

    def _fill(self, directory: Path) -> None:
        directory.mkdir(mode=0o755)
        directory.chmod(0o755)
        configuration = directory / "keepalived.conf"
        shutil.copyfile(self.sample.path, configuration)
        configuration.chmod(0o600)
        shutil.copytree(self.sample.path.parent / "conf.d", directory / "conf.d")
        for name in _SCRIPT.findall(self.sample.text):
            if name.endswith(".sh") or name.startswith("bin/"):
                script = directory / name
                script.parent.mkdir(exist_ok=True)
                script.write_text(_STUB, encoding="ascii")
                script.chmod(0o755)

    def _start(self, node: str) -> None:
        if self.programs[node] == "keepalived":
            command = ["keepalived", "-n", "-l", "-D", "-P", "-i", node]
        else:
            command = [str(COMMAND), "run", "--keepalived", "--node", node]
        own = ("sh", "-c", _OWN_DIRECTORIES, str(self._directory(node)))
        self._processes[node] = self._hosts[node].spawn(*own, *command)

    def _wait_until_somebody_holds_an_address(self) -> None:
        end = time.monotonic() + _PATIENCE
        while not any(self._held().values()) and time.monotonic() < end:
            time.sleep(_LOOK_EVERY)

    def _note(self, phase: str) -> State:
        """Note what the kernels hold as soon as it does not change any more."""
        expected = self._expected.get(phase)
        end = time.monotonic() + _PATIENCE
        held, since = self._held(), time.monotonic()
        while True:
            steady = _STEADY if held != expected else _AS_EXPECTED
            if time.monotonic() >= min(since + steady, end):
                break
            time.sleep(_LOOK_EVERY)
            now = self._held()
            if now != held:
                held, since = now, time.monotonic()
        self._found[phase] = held
        return held

    def _held(self) -> State:
        return {node: sorted(self._addresses(node) - self._own[node]) for node in NODES}

    def _addresses(self, node: str) -> set[str]:
        shown = run("ip", "-netns", self._hosts[node].namespace, "-o", "address", "show")
        rows = (line.split() for line in shown.splitlines())
        # The kernel makes a link-local address again when a link comes back.
        return {f"{row[1]} {row[3]}" for row in rows if not _made_by_the_kernel(row[3])}


def _made_by_the_kernel(address: str) -> bool:
    return address.startswith("fe80:") and "ff:fe" in address
