"""The events of a chain of resources, and its counters."""

from collections.abc import Mapping

from pyvrrp.config.model.configuration import VirtualRouterConfig
from pyvrrp.ports import CommandResult
from pyvrrp.runtime.base.counters import Counters
from pyvrrp.runtime.base.journal import Journal, Level, Value
from pyvrrp.runtime.resources.exit_status import CommandOutcome

_MOST_OUTPUT = 1000  # characters of what a command said; its last ones


class ResourceReports:
    """Records the events of one chain in the journal."""

    def __init__(self, config: VirtualRouterConfig, journal: Journal, counters: Counters) -> None:
        self._config = config
        self._journal = journal
        self._counters = counters

    def starting(self, name: str) -> None:
        """Tell that a resource is being started."""
        self._report("resource_starting", f"starting {name}", fields={"resource": name})

    def started(self, name: str) -> None:
        """Tell that the start succeeded."""
        self._counters.add("resource_starts")
        self._report("resource_started", f"{name} runs", fields={"resource": name})

    def start_failed(self, name: str, outcome: CommandOutcome) -> None:
        """Tell that the start failed."""
        self._counters.add("resource_start_failures")
        self._report(
            "resource_start_failed",
            f"{name} does not start: {outcome.why}",
            level=Level.ERROR,
            fields={"resource": name, "output": _end_of(outcome.output)},
        )

    def stopping(self, name: str) -> None:
        """Tell that it is being stopped."""
        self._report("resource_stopping", f"stopping {name}", fields={"resource": name})

    def stopped(self, name: str) -> None:
        """Tell that it has stopped."""
        self._report("resource_stopped", f"{name} has stopped", fields={"resource": name})

    def stop_failed(self, name: str, outcome: CommandOutcome) -> None:
        """Tell that a stop failed. This node stays master until the resource has stopped."""
        self._counters.add("resource_stop_failures")
        self._report(
            "resource_stop_failed",
            f"{name} does not stop, and until it has nobody else may start it: {outcome.why}",
            level=Level.ERROR,
            fields={"resource": name, "output": _end_of(outcome.output)},
        )

    def switched(self, name: str, result: CommandResult) -> None:
        """Tell how the command of on_stop_failure ended."""
        how = result.trouble or f"exit status {result.status}"
        self._report(
            "resource_power_switch",
            f"ran on_stop_failure for {name}: {how}",
            level=Level.ERROR,
            fields={"resource": name, "output": _end_of(result.output)},
        )

    def monitor_failed(self, name: str, outcome: CommandOutcome) -> None:
        """Tell that the monitor failed."""
        self._counters.add("resource_monitor_failures")
        self._report(
            "resource_monitor_failed",
            f"the monitor of {name} failed: {outcome.why}",
            level=Level.ERROR,
            fields={"resource": name, "output": _end_of(outcome.output)},
        )

    def restarting(self, name: str, number: int, most: int) -> None:
        """Tell that a resource is restarted here, with all that was started after it."""
        self._counters.add("resource_restarts")
        self._report(
            "resource_restarting",
            f"restarts {name} here, {number} of at most {most} times",
            level=Level.WARNING,
            fields={"resource": name},
        )

    def intervened(self) -> None:
        """Tell that the guardian stopped the resources because signs of life were missing."""
        self._counters.add("guardian_interventions")
        self._report(
            "guardian_intervened",
            "this process gave no sign of life, so the guardian stopped the resources",
            level=Level.ERROR,
            fields={},
        )

    def _report(
        self,
        name: str,
        text: str,
        *,
        fields: Mapping[str, Value],
        level: Level = Level.INFO,
    ) -> None:
        self._journal.record(name, text, level=level, virtual_router=self._config, fields=fields)


def _end_of(output: str) -> str:
    return output.strip()[-_MOST_OUTPUT:]
