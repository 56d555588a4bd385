"""The command line of the lab; `netns-lab/lab` starts it with the right interpreter."""

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import bench
from benchmarks.scale.run import IMPLEMENTATIONS, WINDOW, read_cases
from interactive import namespace_of, stand, take_down
from pyvrrp.testing.errors import BenchError
from pyvrrp.testing.segment import interrupt_on_sigterm
from report.html import page
from report.text import scenario_text
from results.result import ScenarioResult
from running import run_all
from scenarios.options import ScenarioOptions
from scenarios.registry import scenarios
from topologies import topologies

GOOD, NO, USAGE, REFUSED = 0, 1, 2, 3


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the lab and return its exit status: 0 good, 1 not as it must be, 2 usage, 3 refused."""
    options = _parser().parse_args(arguments)
    interrupt_on_sigterm()
    try:
        status: int = options.act(options)
    except BenchError as error:
        sys.stderr.write(f"lab: {error}\n")
        return REFUSED
    except KeyboardInterrupt:
        sys.stderr.write("lab: interrupted; everything it built is gone\n")
        return 130
    return status


def write_report(directory: Path, title: str, results: Sequence[ScenarioResult]) -> Path:
    """Write report.html and report.json and return where the first is."""
    directory.mkdir(parents=True, exist_ok=True)
    file = directory / "report.html"
    file.write_text(page(title, results), encoding="utf-8")
    told = json.dumps([result.as_json() for result in results], indent=1)
    (directory / "report.json").write_text(told + "\n", encoding="utf-8")
    return file


def _list(_options: argparse.Namespace) -> int:
    for title, entries in (
        ("topologies", {name: each.promise for name, each in topologies().items()}),
        ("scenarios", {name: each.promise for name, each in scenarios().items()}),
    ):
        sys.stdout.write(f"{title}:\n")
        for name, promise in entries.items():
            sys.stdout.write(f"  {name:<20} {promise.splitlines()[0]}\n")
    return GOOD


def _run(options: argparse.Namespace) -> int:
    known = scenarios()
    names = list(known) if options.scenario == ["all"] else options.scenario
    unknown = [name for name in names if name not in known]
    if unknown:
        sys.stderr.write(f"lab: no scenario {unknown[0]}; there are: {', '.join(known)}\n")
        return USAGE
    _be_root()
    results = []
    asked = ScenarioOptions(options.adv, thorough=options.thorough)
    chosen = [known[name] for name in names]
    for result in run_all(chosen, asked, repeat=options.repeat, jobs=options.jobs):
        results.append(result)
        if not options.json:
            sys.stdout.write(scenario_text(result, timeline=options.timeline) + "\n\n")
            sys.stdout.flush()
    if options.json:
        json.dump([result.as_json() for result in results], sys.stdout)
        sys.stdout.write("\n")
    if options.report:
        file = write_report(options.report, "pyvrrp lab", results)
        sys.stderr.write(f"report: {file}\n")
    return _conclude(results)


def _conclude(results: Sequence[ScenarioResult]) -> int:
    final = [result for result in results if not result.repeated]
    wrong = [result.name for result in final if not result.passed]
    sys.stderr.write(f"{len(final) - len(wrong)} of {len(final)} passed\n")
    again = [result.name for result in results if result.repeated]
    if again:
        sys.stderr.write(f"run again, alone: {', '.join(again)}\n")
    if wrong:
        sys.stderr.write(f"not passed: {', '.join(wrong)}\n")
    return NO if wrong else GOOD


def _up(options: argparse.Namespace) -> int:
    known = topologies()
    if options.topology not in known:
        sys.stderr.write(f"lab: no topology {options.topology}; there are: {', '.join(known)}\n")
        return USAGE
    _be_root()
    return stand(known[options.topology])


def _down(_options: argparse.Namespace) -> int:
    _be_root()
    ended = take_down()
    sys.stdout.write(f"taken down: {ended}\n" if ended else "no lab is up\n")
    return GOOD


def _shell(options: argparse.Namespace) -> int:
    _be_root()
    namespace = namespace_of(options.node)
    command = options.program or [os.environ.get("SHELL", "/bin/sh")]
    return subprocess.call(["ip", "netns", "exec", namespace, *command])


def _bench(options: argparse.Namespace) -> int:
    _be_root()
    if options.scale:
        return bench.run_scale(
            read_cases(options.cases),
            options.implementations.split(","),
            options.window,
            options.report,
            as_json=options.json,
        )
    if options.hostile:
        return bench.run_hostile(options.window, options.report, as_json=options.json)
    return bench.run(
        options.only.split(","),
        [int(text) for text in options.intervals.split(",")],
        options.repeat,
        options.report,
        as_json=options.json,
    )


def _be_root() -> None:
    if os.geteuid() != 0:
        raise BenchError("network namespaces are made by root: use sudo")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="netns-lab/lab", description="Make routers fail, and measure it."
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    command = commands.add_parser("list", help="topologies and scenarios, and what they promise")
    command.set_defaults(act=_list)
    command = commands.add_parser("run", help="run scenarios; exit status 1 if one failed")
    command.add_argument("scenario", nargs="+", help="names, or: all")
    command.add_argument("--repeat", type=int, default=1, metavar="N")
    command.add_argument("--adv", type=int, default=0, metavar="MS", help="advertisement interval")
    command.add_argument("--jobs", type=int, default=1, metavar="N", help="as many at once")
    command.add_argument("--thorough", action="store_true", help="do not shorten what takes long")
    command.add_argument("--report", type=Path, metavar="DIR", help="write report.html there")
    command.add_argument("--timeline", action="store_true", help="print every event")
    command.add_argument("--json", action="store_true")
    command.set_defaults(act=_run)
    command = commands.add_parser("bench", help="compare pyvrrp with keepalived in one run")
    command.add_argument("--repeat", type=int, default=10, metavar="N")
    parts = ",".join(bench.PARTS)
    command.add_argument("--only", default=parts, metavar="PART,...", help=f"of {parts}")
    command.add_argument("--intervals", default="1000,100,10", metavar="MS,...")
    command.add_argument(
        "--scale", action="store_true", help="instead: what many virtual routers cost (15 minutes)"
    )
    command.add_argument(
        "--hostile",
        action="store_true",
        help="instead: what hostile servers do to a master (4 minutes)",
    )
    all_of_them = ",".join(IMPLEMENTATIONS)
    command.add_argument(
        "--implementations", default=all_of_them, metavar="NAME,...", help="with --scale"
    )
    command.add_argument(
        "--cases", default="", metavar="NxMS,...", help="with --scale: such as 250x1000,100x100"
    )
    command.add_argument(
        "--window",
        type=float,
        default=WINDOW,
        metavar="SECONDS",
        help="with --scale and --hostile: the steady state",
    )
    command.add_argument(
        "--report", type=Path, metavar="DIR", help="write bench.html and bench.json there"
    )
    command.add_argument("--json", action="store_true")
    command.set_defaults(act=_bench)
    command = commands.add_parser("up", help="build a topology with pyvrrp on its routers")
    command.add_argument("topology")
    command.set_defaults(act=_up)
    command = commands.add_parser("down", help="take down what `up` built")
    command.set_defaults(act=_down)
    command = commands.add_parser("shell", help="a shell on a node of a lab that is up")
    command.add_argument("node")
    command.add_argument("program", nargs=argparse.REMAINDER, help="a command instead of a shell")
    command.set_defaults(act=_shell)
    return parser


if __name__ == "__main__":
    sys.exit(main())
