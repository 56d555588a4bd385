"""Reload the configuration: on SIGHUP, and on the command of an operator.

One file is read at a time. What is asked for meanwhile is answered from a later reading, so the
newest content of the file counts. A file that is wrong changes nothing. Status and the log say so
until a reload has found the file in order.
"""

import asyncio
from collections.abc import Callable, Collection, Mapping
from functools import partial
from pathlib import Path

from pyvrrp.config.changes.difference import Difference, difference
from pyvrrp.config.changes.words import as_values, in_words
from pyvrrp.config.model.configuration import Configuration
from pyvrrp.config.values.scalars import shown
from pyvrrp.daemon import systemd
from pyvrrp.daemon.control_socket import Handler, Request, refuse_unknown_keys
from pyvrrp.daemon.reload.reading import Reading, load_in_a_process
from pyvrrp.daemon.reload.source import Source
from pyvrrp.errors import ConfigurationError, Problem, UsageError
from pyvrrp.runtime.base.guarded_ports import Guard
from pyvrrp.runtime.base.journal import Journal, Level
from pyvrrp.runtime.base.json import Json
from pyvrrp.runtime.reloading import STOPS, Reloading
from pyvrrp.runtime.supervisor import Supervisor

_MOST_SHOWN = 20  # problems in status and in the log


class Reload:
    """Reads the file again and applies it. *before_use* prepares what a configuration needs.

    *why_restart* says why a configuration takes a new process; empty: it does not.
    """

    def __init__(
        self,
        source: Source,
        supervisor: Supervisor,
        reloading: Reloading,
        journal: Journal,
        guard: Guard,
        drained: Callable[[], Collection[str]],
        before_use: Callable[[Configuration], None],
        reading: Reading | None = None,
        why_restart: Callable[[Configuration], str] = lambda _: "",
    ) -> None:
        self._source = source
        self._supervisor = supervisor
        self._reloading = reloading
        self._journal = journal
        self._guard = guard
        self._drained = drained
        self._before_use = before_use
        self._why_restart = why_restart
        if reading is None:
            reading = Reading(partial(load_in_a_process, identifier=source.identifier))
        self._reading = reading
        self._one_at_a_time = asyncio.Lock()
        self._signalled: asyncio.Task[None] | None = None
        self._again = False
        self._problems: tuple[Problem, ...] = ()
        self._refused = 0
        self._needs_restart: tuple[str, ...] = ()

    def handlers(self) -> Mapping[str, Handler]:
        """Return the handler of the command, for the control socket."""
        return {"reload": self.reload}

    def on_signal(self) -> None:
        """Reload in the background. A signal that comes meanwhile has the file read once more."""
        self._again = True
        if self._signalled is None:
            self._signalled = asyncio.get_running_loop().create_task(self._after_signal())

    def status(self) -> dict[str, Json]:
        """Return what status shows of it."""
        return {
            "file": None if self._source.file is None else str(self._source.file),
            "broken": bool(self._problems),
            "problems": _as_json(self._problems[:_MOST_SHOWN]),
            "reloads": self._reloading.count,
            "refused": self._refused,
            "needs_restart": list(self._needs_restart),
            "under_way": self._reloading.under_way,
            "leaving": list(self._reloading.leaving),
        }

    async def reload(self, request: Request) -> dict[str, Json]:
        """Read the file and apply it; with ``dry_run`` only say what would change."""
        refuse_unknown_keys(request, "dry_run")
        dry_run = request.get("dry_run", False)
        if not isinstance(dry_run, bool):
            raise UsageError(f"dry_run must be true or false, not {shown(dry_run)}")
        found, problems = Difference(), tuple[Problem, ...]()
        try:
            found = await self._reload(dry_run=dry_run)
        except ConfigurationError as error:
            problems = error.problems
        changes: list[Json] = [
            {key: str(value) for key, value in one.items()} for one in as_values(found)
        ]
        return {
            "file": str(self._source.file),
            "good": not problems,
            "problems": _as_json(problems),
            "changes": changes,
            "text": list(in_words(found)),
        }

    async def _after_signal(self) -> None:
        try:
            while self._again:
                self._again = False
                try:
                    await self._reload(dry_run=False)
                except ConfigurationError:
                    continue  # the log has it
                except UsageError as error:
                    self._journal.warn_rarely("reload_refused", str(error))
        finally:
            self._signalled = None

    async def _reload(self, *, dry_run: bool) -> Difference:
        file = self._source.file
        if file is None:
            raise UsageError("the daemon was started with flags and has no file to reload")
        async with self._one_at_a_time:
            try:
                before = self._supervisor.configuration
                wanted = await self._reading.read(file, self._source.node, before)
                self._demand_rights(file, wanted)
            except ConfigurationError as error:
                if not dry_run:
                    self._refuse(file, error.problems)
                raise
            if dry_run:
                return difference(self._supervisor.configuration, wanted)
            if self._supervisor.is_stopping:
                raise UsageError(STOPS)
            return self._use(wanted)

    def _demand_rights(self, file: Path, wanted: Configuration) -> None:
        if why := self._why_restart(wanted):
            raise ConfigurationError(str(file), [Problem("", why)])

    def _use(self, wanted: Configuration) -> Difference:
        systemd.notify_reloading()
        self._before_use(wanted)
        found: list[Difference] = []
        self._guard.run(lambda: found.append(self._reloading.apply(wanted, self._drained())))
        self._problems = ()
        self._needs_restart = tuple(one.field for one in found[0].needs_restart)
        systemd.notify("READY=1")
        return found[0]

    def _refuse(self, file: Path, problems: tuple[Problem, ...]) -> None:
        self._refused += 1
        self._problems = problems
        for problem in problems[:_MOST_SHOWN]:
            self._journal.record(
                "reload_refused",
                f"{file}: {problem}; nothing has changed",
                level=Level.ERROR,
                fields={"path": problem.path, "problem": problem.what},
            )


def _as_json(problems: tuple[Problem, ...]) -> list[Json]:
    return [{"path": one.path, "what": one.what} for one in problems]
