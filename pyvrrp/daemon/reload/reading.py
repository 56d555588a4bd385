"""Read the configuration again and delay nothing: a process reads, and a thread waits for it."""

import asyncio
from collections.abc import Callable
from functools import partial
from pathlib import Path

from pyvrrp.clients.base.blocking_calls import ThreadedCalls
from pyvrrp.clients.base.failure import Failure
from pyvrrp.clients.processes.open_files import too_few_for
from pyvrrp.config.changes.difference import shared
from pyvrrp.config.model.configuration import Configuration
from pyvrrp.config.report.open_files import open_files_needed
from pyvrrp.errors import ConfigurationError, Problem

_READ = "read"


def load_in_a_process(file: Path, node: str | None, identifier: str | None) -> Configuration:
    """Return what `load_file` returns, read by a process of its own."""
    # What it imports is needed for a reload alone.
    from pyvrrp.importers.load_elsewhere import load_elsewhere  # noqa: PLC0415

    return load_elsewhere(file, node, identifier)


class Reading:
    """Reads a file and all that belongs to it. *load* blocks, and raises ConfigurationError."""

    def __init__(self, load: Callable[[Path, str | None], Configuration]) -> None:
        self._load = load
        self._calls: ThreadedCalls[str, Configuration | list[Problem]] = ThreadedCalls()

    async def read(self, file: Path, node: str | None, before: Configuration) -> Configuration:
        """Return what *file* says for *node*, with the parts of *before* that are equal.

        Raise ConfigurationError with all problems.
        """
        reading = self._calls.start(_READ, partial(self._in_thread, file, node, before))
        found = await asyncio.shield(reading)
        if isinstance(found, Failure):
            found = [Problem("", found.reason)]
        elif isinstance(found, Configuration) and (
            refusal := too_few_for(open_files_needed(found))
        ):
            found = [Problem("virtual_router", refusal)]
        if isinstance(found, list):
            raise ConfigurationError(str(file), found)
        return found

    def _in_thread(
        self, file: Path, node: str | None, before: Configuration
    ) -> Configuration | list[Problem]:
        try:
            return shared(before, self._load(file, node))
        except ConfigurationError as error:
            return list(error.problems)
