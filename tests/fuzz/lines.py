"""Which lines of pyvrrp an input reaches. An input that reaches new ones is kept."""

import sys
from collections.abc import Callable
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

import pyvrrp

_PACKAGE = str(Path(pyvrrp.__file__).parent)


class Lines:
    """Counts lines of pyvrrp that were reached for the first time."""

    def __init__(self) -> None:
        self._seen: set[tuple[CodeType, int]] = set()
        self._ours: dict[CodeType, bool] = {}
        self._before: Any = None

    @property
    def count(self) -> int:
        """How many different lines were reached."""
        return len(self._seen)

    def start(self) -> None:
        """Begin to look. A tool that measures the coverage of the tests goes first."""
        self._before = sys.gettrace()
        if self._before is None:
            sys.settrace(self._called)

    def stop(self) -> None:
        """Look no longer."""
        if self._before is None:
            sys.settrace(None)

    def _called(
        self, frame: FrameType, _event: str, _argument: object
    ) -> Callable[..., Any] | None:
        code = frame.f_code
        ours = self._ours.get(code)
        if ours is None:
            ours = self._ours[code] = code.co_filename.startswith(_PACKAGE)
        return self._line if ours else None

    def _line(self, frame: FrameType, event: str, _argument: object) -> Callable[..., Any]:
        if event == "line":
            self._seen.add((frame.f_code, frame.f_lineno))
        return self._line
