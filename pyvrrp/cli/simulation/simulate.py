"""``pyvrrp simulate``: simulates nodes and faults in virtual time, and judges what happens."""

import argparse
import json
import sys
from pathlib import Path

from pyvrrp.config.values.sections import suggestion
from pyvrrp.errors import KernelError
from pyvrrp.simulator.judges.rules.invariants import INVARIANTS
from pyvrrp.simulator.random.campaign import CampaignProgress, Finding, campaign
from pyvrrp.simulator.random.configurations import FEATURES
from pyvrrp.simulator.random.leases import LEASE
from pyvrrp.simulator.random.resources import RESOURCES
from pyvrrp.simulator.random.scenarios import SLOW_KERNELS, random_scenario
from pyvrrp.simulator.random.shrink import shrink
from pyvrrp.simulator.report.html import page
from pyvrrp.simulator.report.result import SimulationResult
from pyvrrp.simulator.scenario.fault import FaultKind
from pyvrrp.simulator.scenario.read import load_scenario
from pyvrrp.simulator.scenario.write import write_scenario
from pyvrrp.simulator.simulate import simulate

GOOD = 0
VIOLATED = 1
_EVERY = 25  # runs between two lines of progress, if there is no terminal


def register(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = commands.add_parser(
        "simulate",
        help="simulate nodes and faults in virtual time, and judge what happens",
        description="Run the real virtual routers of several nodes in virtual time, on a simulated "
        "network with faults, and check invariants. The same seed gives the same output.",
        epilog="Exit status: 0 every invariant held, 1 one did not, 2 the scenario is wrong.",
    )
    parser.add_argument("scenario", nargs="?", type=Path, metavar="SCENARIO", help="a TOML file")
    parser.add_argument("--json", action="store_true", help="print one JSON object a line")
    parser.add_argument("--html", type=Path, metavar="FILE", help="write a page with a drawing")
    parser.add_argument(
        "-v",
        "--verbose",
        action="store_true",
        help="show every advertisement and event; with --random a line for each run",
    )
    parser.add_argument(
        "--seed",
        type=_natural,
        help="the seed instead of that of the scenario; with --random the first one",
    )
    parser.add_argument(
        "--random",
        action="store_true",
        help="run random scenarios, one for each seed, until one breaks an invariant",
    )
    parser.add_argument(
        "--runs", type=_natural, default=1000, metavar="N", help="number of random scenarios (1000)"
    )
    parser.add_argument(
        "--nodes", type=_nodes, default=3, metavar="K", help="nodes in each of them (3)"
    )
    parser.add_argument(
        "--only",
        type=_only,
        default=(),
        metavar="WORDS",
        help="the only kinds of faults that may happen, and features that every configuration has "
        f"({', '.join((*FEATURES, LEASE, RESOURCES, SLOW_KERNELS))}), separated by commas",
    )
    parser.add_argument(
        "--jobs",
        type=_natural,
        default=0,
        metavar="J",
        help="number of processes (one for each processor)",
    )
    parser.add_argument(
        "--no-shrink",
        action="store_true",
        help="print the scenario that was found without making it smaller",
    )
    parser.add_argument(
        "--output", type=Path, metavar="FILE", help="write the scenario that was found to FILE"
    )
    parser.add_argument(
        "--benchmark", action="store_true", help="measure the speed: simulated seconds per second"
    )
    parser.set_defaults(func=run, parser=parser)


def run(args: argparse.Namespace) -> int:
    """Simulate, print what happened, and say whether every invariant held."""
    chosen = (args.scenario is not None) + args.random + args.benchmark
    if chosen != 1:
        args.parser.error("give one of: a SCENARIO, --random, --benchmark")
    if args.benchmark:
        return _benchmark(as_json=args.json)
    if args.random:
        return _random(args)
    return _one(args)


def _natural(text: str) -> int:
    if not text.isdecimal() or len(text) > 18:  # noqa: PLR2004 - digits of 64 bits
        raise argparse.ArgumentTypeError(f"must be a whole number, not {text!r}")
    return int(text)


def _nodes(text: str) -> int:
    number = _natural(text)
    if not 1 <= number <= 8:  # noqa: PLR2004 - as many as there are priorities to draw
        raise argparse.ArgumentTypeError(f"must be from 1 to 8, not {number}")
    return number


def _only(text: str) -> tuple[str, ...]:
    words = tuple(text.split(","))
    known = (*FEATURES, LEASE, RESOURCES, SLOW_KERNELS, *map(str, FaultKind))
    for word in words:
        if word not in known:
            said = f"{word!r} is none of {', '.join(known)}{suggestion(word, known)}"
            raise argparse.ArgumentTypeError(said)
    return words


def _benchmark(*, as_json: bool) -> int:
    from pyvrrp.simulator.benchmark import benchmark  # noqa: PLC0415 - only this needs it

    speed = benchmark()
    said = f"{speed:.0f} simulated seconds per second (3 nodes, 1 s, 1 check, 1 processor)"
    print(json.dumps({"simulated_seconds_per_second": round(speed)}) if as_json else said)
    return GOOD


def _one(args: argparse.Namespace) -> int:
    from dataclasses import replace  # noqa: PLC0415 - only this needs it

    scenario = load_scenario(args.scenario)
    if args.seed is not None:
        scenario = replace(scenario, seed=args.seed)
    outcome = simulate(scenario, detailed=args.verbose or args.html is not None)
    if args.html is not None:
        _write(args.html, page(outcome))
    if not args.verbose and args.html is not None:
        outcome = simulate(scenario, detailed=False)
    _print(outcome, as_json=args.json)
    return GOOD if outcome.good else VIOLATED


def _print(outcome: SimulationResult, *, as_json: bool) -> None:
    for entry in outcome.trace:
        print(entry.json() if as_json else entry.line())
    broken = {violation.invariant for violation in outcome.violations}
    if as_json:
        for invariant in INVARIANTS:
            held = invariant.name not in broken
            share = outcome.shares.share(invariant.name)
            print(json.dumps({"held": held, **share.as_values()}))
        return
    print()
    for invariant in INVARIANTS:
        word = "BROKEN" if invariant.name in broken else "held"
        print(f"{word:<7} {invariant.name}")
    for share in outcome.shares.all():
        if share.suspended:
            print(f"judged  {share}")
    for violation in outcome.violations:
        print(f"violation: {violation}")


def _random(args: argparse.Namespace) -> int:
    seed = args.seed or 0
    progress = _ProgressLine(args.runs) if not args.verbose else _RunLine(as_json=args.json)
    result = campaign(seed, args.runs, args.nodes, jobs=args.jobs, only=args.only, report=progress)
    _clear()
    judged = [share.as_values() for share in result.shares.all()]
    if result.finding is not None:
        return _report(args, result.finding, judged)
    if args.json:
        verdict = {"runs": args.runs, "seed": seed, "nodes": args.nodes, "violations": []}
        print(json.dumps({**verdict, "simulated": result.simulated, "judged": judged}))
        return GOOD
    words = f"{args.runs} scenarios of {args.nodes} nodes, seeds {seed} to {seed + args.runs - 1}"
    print(f"{words}: every invariant held")
    print(f"judged in {result.simulated:.0f} simulated seconds:")
    for share in result.shares.all():
        print(f"  {share}")
    return GOOD


def _report(args: argparse.Namespace, finding: Finding, judged: list[dict[str, object]]) -> int:
    scenario = random_scenario(finding.seed, args.nodes, args.only)
    broken = finding.violations[0]
    if not args.no_shrink:
        scenario = shrink(scenario, broken.invariant, _status)
        _clear()
    text = write_scenario(scenario)
    if args.output is not None:
        _write(args.output, text)
    if args.json:
        found = [str(violation) for violation in finding.violations]
        verdict = {"seed": finding.seed, "nodes": args.nodes, "violations": found}
        print(json.dumps({**verdict, "scenario": text, "judged": judged}))
        return VIOLATED
    print(f"# seed {finding.seed} with {args.nodes} nodes breaks {broken.invariant}:")
    for violation in finding.violations:
        print(f"#   {violation}")
    print("# This scenario breaks it too. Save it, and replay it with: pyvrrp simulate FILE")
    print(text, end="")
    return VIOLATED


class _ProgressLine:
    """Shows progress: in place on a terminal, now and then elsewhere."""

    def __init__(self, runs: int) -> None:
        self._runs = runs

    def __call__(self, progress: CampaignProgress) -> None:
        said = f"{progress.runs} of {self._runs} runs, {progress.simulated:.0f} simulated seconds"
        if sys.stderr.isatty():
            _status(said)
        elif progress.runs % max(self._runs // 10, _EVERY) == 0:
            print(said, file=sys.stderr, flush=True)


class _RunLine:
    """Shows each run: its seed, its length, and the part of it that was judged."""

    def __init__(self, *, as_json: bool) -> None:
        self._as_json = as_json

    def __call__(self, progress: CampaignProgress) -> None:
        run = progress.last
        lowest = run.shares.lowest()
        if self._as_json:
            judged = {share.name: share.part for share in run.shares.all() if share.suspended}
            values = {"seed": run.seed, "simulated": run.simulated, "judged": lowest.part}
            print(json.dumps({**values, "least": lowest.name, "below_1": judged}), flush=True)
            return
        print(f"seed {run.seed}, {run.simulated:.0f} s, judged least: {lowest}", flush=True)


def _status(said: str) -> None:
    if sys.stderr.isatty():
        print(f"\r\x1b[K{said}", end="", file=sys.stderr, flush=True)


def _clear() -> None:
    _status("")


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise KernelError(
            f"{path} cannot be written: {error.strerror}", error.errno or 0
        ) from error
