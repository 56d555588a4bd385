"""``pyvrrp verify``: look at every history of two or three nodes, to a bound."""

import argparse
import json
import os
import sys

from pyvrrp.simulator.exhaustive.hosts.host_matrix import host_matrix
from pyvrrp.simulator.exhaustive.hosts.host_scope import HostScope
from pyvrrp.simulator.exhaustive.matrix import SearchJob, matrix, search_all
from pyvrrp.simulator.exhaustive.promises import Promise
from pyvrrp.simulator.exhaustive.scope import Scope, SearchedFault
from pyvrrp.simulator.exhaustive.search import SearchLimits, SearchProgress, SearchResult

HOLDS = 0
BROKEN = 1
# Together these keep the command within minutes.
DEFAULT_STATES = {2: 250_000, 3: 60_000}
THOROUGH = 10  # times as many states
DEFAULT_FAULTS = 1
HOSTS = 2  # how many hosts with several virtual routers are searched
ALL_KINDS = [fault.value for fault in SearchedFault]


def register(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = commands.add_parser(
        "verify",
        help="check the election in every interleaving of two or three nodes",
        description="Run the real state machines of two or three nodes through every interleaving "
        "of their events and faults, and check what must always hold. The scope is that of "
        "docs/verification.md.",
        epilog="Exit status: 0 everything holds within the scope, 1 something does not.",
    )
    parser.add_argument(
        "--nodes", type=int, choices=(2, 3), help="only two or only three nodes (default: both)"
    )
    parser.add_argument(
        "--faults",
        type=_count,
        default=DEFAULT_FAULTS,
        metavar="N",
        help=f"faults in one history, at most (default: {DEFAULT_FAULTS})",
    )
    parser.add_argument(
        "--kinds",
        nargs="+",
        choices=ALL_KINDS,
        default=ALL_KINDS,
        metavar="FAULT",
        help=f"kinds of faults (default: all of {', '.join(ALL_KINDS)})",
    )
    parser.add_argument(
        "--thorough",
        action="store_true",
        help=f"search {THOROUGH} times as many states, and more configurations",
    )
    parser.add_argument(
        "--depth", type=_count, metavar="D", help="end each search after D steps, not earlier"
    )
    parser.add_argument(
        "--only", default="", metavar="TEXT", help="only configurations with TEXT in their name"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.set_defaults(func=run)


def run(args: argparse.Namespace) -> int:
    """Search, and print a line for each configuration and the trace of each broken promise."""
    jobs = _jobs(args)
    verdicts = []
    processes = min(len(os.sched_getaffinity(0)), len(jobs)) or 1
    for verdict in search_all(jobs, processes, _show_progress):
        verdicts.append(verdict)
        if not args.json:
            print("\n".join(_lines(verdict)), flush=True)
    if args.json:
        print(json.dumps(_as_values(verdicts), indent=2))
    else:
        print(_summary(verdicts))
    return HOLDS if all(verdict.violation is None for verdict in verdicts) else BROKEN


def _jobs(args: argparse.Namespace) -> list[SearchJob]:
    kinds = frozenset(SearchedFault(kind) for kind in args.kinds)
    times = THOROUGH if args.thorough else 1
    jobs = []
    for nodes in (args.nodes,) if args.nodes else (2, 3):
        states = None if args.depth is not None else DEFAULT_STATES[nodes] * times
        scopes: list[Scope | HostScope] = [*matrix(nodes, args.faults, kinds)]
        # Their faults are of other kinds, and stated with each of them.
        if nodes == HOSTS and args.kinds == ALL_KINDS and args.faults == DEFAULT_FAULTS:
            scopes += host_matrix(thorough=args.thorough)
        jobs += [
            SearchJob(scope, SearchLimits(args.depth, states))
            for scope in scopes
            if args.only in scope.name
        ]
    return jobs


def _count(text: str) -> int:
    number = int(text)
    if number < 0:
        raise ValueError(text)
    return number


def _show_progress(progress: SearchProgress) -> None:
    speed = progress.states / progress.seconds if progress.seconds else 0
    print(
        f"{progress.name}: {progress.states} states, depth {progress.depth}, {speed:.0f} states/s",
        file=sys.stderr,
        flush=True,
    )


def _lines(verdict: SearchResult) -> list[str]:
    reach = "all" if verdict.complete else f"depth {verdict.depth}"
    word = "holds" if verdict.violation is None else "BROKEN"
    head = (
        f"{word:<6} {verdict.scope.name:<54} {verdict.states:>8} states  {reach:<9} "
        f"{verdict.seconds:5.1f} s  {verdict.states_per_second:>6} states/s"
    )
    if verdict.violation is None:
        return [head]
    broken = verdict.violation
    because = f" ({broken.detail})" if broken.detail else ""
    return [
        head,
        f"  not true: {broken.invariant.value}{because}",
        f"  the shortest way there, {broken.steps} steps:",
        *(f"  {line}" for line in broken.trace),
    ]


def _summary(verdicts: list[SearchResult]) -> str:
    states = sum(verdict.states for verdict in verdicts)
    complete = sum(verdict.complete for verdict in verdicts)
    broken = sum(verdict.violation is not None for verdict in verdicts)
    return (
        f"{len(verdicts)} configurations, {states} states, {complete} of them to the end; "
        f"{len(Promise)} promises, {broken or 'none'} broken"
    )


def _as_values(verdicts: list[SearchResult]) -> dict[str, object]:
    return {
        "holds": all(verdict.violation is None for verdict in verdicts),
        "invariants": {invariant.name.lower(): invariant.value for invariant in Promise},
        "configurations": [_verdict_as_values(verdict) for verdict in verdicts],
    }


def _verdict_as_values(verdict: SearchResult) -> dict[str, object]:
    broken = verdict.violation
    return {
        "name": verdict.scope.name,
        "faults": verdict.scope.faults,
        "states": verdict.states,
        "steps": verdict.steps,
        "depth": verdict.depth,
        "complete": verdict.complete,
        "seconds": round(verdict.seconds, 3),
        "broken": None if broken is None else broken.invariant.name.lower(),
        "trace": [] if broken is None else [str(line) for line in broken.trace],
    }
