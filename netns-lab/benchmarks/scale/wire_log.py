"""Who has advertised which virtual router, and when, as seen at the ports of the switch."""

import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

from pyvrrp.testing.measure.capture import PortCapture

_GLANCE = 0.05  # seconds between two looks at the sockets


class WireLog:
    """All advertisements with a priority above 0 of both nodes since it was made."""

    def __init__(self, namespace: str, *nodes: str) -> None:
        self._captures = [PortCapture(namespace, node) for node in nodes]
        self._sent: dict[str, dict[int, list[float]]] = {node: {} for node in nodes}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for capture in self._captures:
            capture.socket.close()

    def sent(self, node: str) -> dict[int, list[float]]:
        """Return by VRID when *node* advertised, in Unix seconds."""
        return self._sent[node]

    def wait(self, condition: Callable[[], object], patience: float) -> bool:
        """Read until *condition* is true; False if it is not within *patience* seconds."""
        deadline = time.monotonic() + patience
        while True:
            for capture in self._captures:
                self._read(capture)
            if condition():
                return True
            if time.monotonic() > deadline:
                return False
            time.sleep(_GLANCE)

    def _read(self, capture: PortCapture) -> None:
        sent = self._sent[capture.port]
        while True:
            try:
                seen = capture.read()
            except BlockingIOError:
                return
            if seen is not None and seen["kind"] == "advertisement" and seen["priority"]:
                vrid, moment = seen["vrid"], seen["time"]
                assert isinstance(vrid, int)
                assert isinstance(moment, float)
                sent.setdefault(vrid, []).append(moment)
