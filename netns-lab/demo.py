"""Two routers, a client and a switch; three faults; what the client saw. See `netns-lab/demo`."""

import argparse
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from lab import GOOD, NO, REFUSED, write_report
from pyvrrp.testing.errors import BenchError
from pyvrrp.testing.segment import interrupt_on_sigterm
from report.text import COLUMNS, experiment_lines
from results.result import ExperimentResult, ScenarioResult
from results.timeline import LabEvent
from running import run_scenario
from scenarios.options import ScenarioOptions
from scenarios.registry import scenarios

_REPORT = Path(__file__).parent / "reports" / "demo"
_INTRODUCTION = """\
Two routers, r1 (priority 200) and r2 (100), share 10.9.0.100. A web server runs on each; pyvrrp
holds the address only where it answers. A client asks the address once a millisecond.
"""


class Narrator:
    """Shows what happens while it happens."""

    def __init__(self) -> None:
        self._begun = time.time()

    def listen(self, event: LabEvent) -> None:
        """Show *event* if it is one that people follow."""
        if event.kind == "mark":
            sys.stdout.write(f"\n{'':>10}*** {event.what['title']}\n")
        elif event.kind == "state":
            said = f"{event.node} is {event.what['state']}: {event.what['reason']}"
            sys.stdout.write(f"{event.time - self._begun:>8.3f}  {said}\n")
        sys.stdout.flush()


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the demo: 0 all was as it must be, 1 it was not, 3 refused by the system."""
    parser = argparse.ArgumentParser(prog="netns-lab/demo", description=__doc__)
    parser.add_argument("--report", type=Path, default=_REPORT, metavar="DIR")
    options = parser.parse_args(arguments)
    if os.geteuid() != 0:
        sys.stderr.write("demo: network namespaces are made by root: sudo netns-lab/demo\n")
        return REFUSED
    interrupt_on_sigterm()
    sys.stdout.write(_INTRODUCTION)
    try:
        result = run_scenario(scenarios()["tour"], ScenarioOptions(listen=Narrator().listen))
        file = write_report(options.report, "pyvrrp demo", [result])
    except (BenchError, OSError) as error:
        sys.stderr.write(f"demo: {error}\n")
        return REFUSED
    except KeyboardInterrupt:
        sys.stderr.write("demo: interrupted; everything it built is gone\n")
        return 130
    sys.stdout.write(_conclusion(result))
    sys.stdout.write(f"\nThe timeline: {file.resolve()}\n")
    return GOOD if result.passed else NO


def _conclusion(result: ScenarioResult) -> str:
    lines = ["", "What the client saw, and the nodes, on one clock:", ""]
    for experiment in result.experiments:
        lines += experiment_lines(experiment, timeline=True)
        lines += ["", *_in_words(experiment)]
    if result.skipped:
        lines.append(result.skipped)
    word = "Everything was as it must be." if result.passed else "NOT everything was as it must be."
    return "\n".join([*lines, "", word, ""])


def _in_words(experiment: ExperimentResult) -> list[str]:
    titles = dict(COLUMNS)
    lines = [f"The {titles['outage']} of the client, in seconds:"]
    for change in experiment.changes:
        seconds = change.measures.outage
        shown = "unknown" if seconds is None else f"{seconds:.3f}" if seconds else "none"
        lines.append(f"  {change.title:<28} {shown}")
    return lines


if __name__ == "__main__":
    sys.exit(main())
