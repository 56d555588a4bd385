"""The target for requests on the control socket: each line goes to the handlers of a daemon."""

import asyncio
import json
from collections.abc import Collection
from pathlib import Path

from pyvrrp.daemon.control_socket import ControlSocket, Handler, Request
from pyvrrp.daemon.operator_commands import OperatorCommands
from pyvrrp.daemon.snapshot import Snapshots
from pyvrrp.daemon.state_file import StateFile
from pyvrrp.runtime.base.json import Json
from pyvrrp.units import Nanoseconds
from tests.borders.nasty import is_harmless
from tests.fuzz.target import Target
from tests.support.cluster import Cluster
from tests.support.guard import OPEN


class _NoFile(StateFile):
    """A state file that keeps nothing, so that no input waits for a disk."""

    def write(self, drained: Collection[str]) -> None:
        assert all(isinstance(name, str) for name in drained)


class _Daemon:
    """A daemon in virtual time. Each request has an event loop of its own."""

    def __init__(self) -> None:
        self._cluster = Cluster()
        node = self._cluster.node(200, fenced=True)
        self._cluster.run(5)
        self._snapshots = Snapshots(node.supervisor, self._cluster.clock)
        orders = OperatorCommands(node.supervisor, _NoFile(Path("/nowhere")), OPEN)
        handlers: dict[str, Handler] = {"status": self._status, **orders.handlers()}
        self._control = ControlSocket(Path("/nowhere"), handlers)

    def ask(self, line: bytes) -> None:
        answer = asyncio.run(self._control._answer(line))
        assert json.loads(json.dumps(answer)) == answer
        assert is_harmless(str(answer.get("error", "")))
        self._cluster.run(0.05)

    async def _status(self, _request: Request) -> dict[str, Json]:
        return self._snapshots.take(Nanoseconds(0))


_DAEMONS: list[_Daemon] = []


def control(octets: bytes) -> None:
    """Answer one line of a peer."""
    if not _DAEMONS:
        _DAEMONS.append(_Daemon())
    _DAEMONS[0].ask(octets.partition(b"\n")[0])


TARGETS = (
    Target(
        "control",
        control,
        (
            *(b'"command"', b'"status"', b'"drain"', b'"undrain"', b'"resign"', b'"announce"'),
            *(b'"priority"', b'"name"', b'"web"', b'"save"', b"false", b"true", b"null", b"1e999"),
            *(b"{", b"}", b"[", b"]", b":", b",", b"-1", b'"\\ud800"', b"NaN"),
        ),
    ),
)
