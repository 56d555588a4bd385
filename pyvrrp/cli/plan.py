"""``pyvrrp plan``: who will hold what, and who takes over, from the configuration alone."""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

from pyvrrp.config.files.load import DEFAULT_PATH, load
from pyvrrp.config.report.placement import (
    PlannedMove,
    PlannedService,
    common_destination,
    moves,
    nodes,
    not_planned,
    place,
    services,
    standbys,
)
from pyvrrp.config.values.sections import suggestion
from pyvrrp.errors import ConfigurationError, Problem

GOOD = 0
NOBODY = 1
_UNNAMED = "no plan, the file does not name its nodes"


def register(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = commands.add_parser(
        "plan",
        help="say who will hold what, and who takes over when nodes fail",
        description="Say from the configuration alone which node will hold which virtual router, "
        "who takes over, and what each further failure moves. Nothing is asked of any daemon: the "
        "nodes that are not failed count as healthy.",
        epilog="Exit status: 0 every virtual router has a holder, 1 one has none.",
    )
    parser.add_argument(
        "file",
        nargs="?",
        type=Path,
        default=DEFAULT_PATH,
        metavar="FILE",
        help=f"configuration file (default: {DEFAULT_PATH})",
    )
    parser.add_argument(
        "--fail",
        nargs="+",
        action="extend",
        default=[],
        metavar="NODE",
        help="suppose that these nodes are down, drained or fenced",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.set_defaults(func=run)


def run(args: argparse.Namespace) -> int:
    """Print the plan."""
    configuration = load(args.file, any_node=True)
    planned = services(configuration)
    known = nodes(planned)
    failed = tuple(dict.fromkeys(args.fail))
    most = configuration.max_held
    _refuse_unknown(str(args.file), failed, known)
    if args.json:
        values = _values(args.file, planned, failed, most)
        print(json.dumps({**values, "not_planned": list(not_planned(configuration))}, indent=2))
    else:
        lines = _lines(args.file, planned, failed, most)
        lines += [f"{name}: {_UNNAMED}" for name in not_planned(configuration)]
        print("\n".join(lines))
    return NOBODY if None in place(planned, failed, most).values() else GOOD


def _refuse_unknown(source: str, failed: Sequence[str], known: Sequence[str]) -> None:
    strangers = [
        Problem("--fail", f'no node "{node}" in this file{suggestion(node, known)}')
        for node in failed
        if node not in known
    ]
    if strangers:
        raise ConfigurationError(source, strangers)


def _lines(
    file: Path, planned: Sequence[PlannedService], failed: Sequence[str], most: int | None
) -> list[str]:
    known = nodes(planned)
    down = f", with {_listed(failed)} down" if failed else ""
    lines = [f"{file}: {len(planned)} on {', '.join(known)}{down}" if planned else f"{file}:"]
    placed, usual = place(planned, failed, most), place(planned, (), most)
    rows = [("virtual router", "holder", "then")]
    for service in planned:
        holder = placed[service.name]
        moved = "" if holder == usual[service.name] else f" (from {usual[service.name]})"
        then = ", ".join(standbys(service, holder, failed)) or "nobody"
        rows.append((service.name, f"{holder or 'nobody'}{moved}", then))
    lines += ["", *_table(rows)] if planned else []
    left = [node for node in known if node not in failed]
    if len(left) > 1 or not failed:
        lines += ["", *(_failure(node, moves(planned, failed, node, most)) for node in left)]
    for service in planned:
        if service.undecided:
            who = _listed(sorted(service.undecided))
            lines.append(f"{service.name}: {who} have the same priority; the addresses decide")
    return lines


def _failure(node: str, happening: Sequence[PlannedMove]) -> str:
    if not happening:
        return f"if {node} fails: nothing moves"
    together = common_destination(happening)
    if together is not None:
        names = _listed([move.service for move in happening])
        return f"if {node} fails: {names} all go to {together}"
    parts = [f"{move.service} goes to {move.after or 'nobody'}" for move in happening]
    return f"if {node} fails: {', '.join(parts)}"


def _table(rows: Sequence[tuple[str, ...]]) -> list[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]


def _listed(words: Sequence[str]) -> str:
    return " and ".join(filter(None, (", ".join(words[:-1]), *words[-1:])))


def _values(
    file: Path, planned: Sequence[PlannedService], failed: Sequence[str], most: int | None
) -> dict[str, object]:
    placed, usual = place(planned, failed, most), place(planned, (), most)
    known = nodes(planned)
    return {
        "file": str(file),
        "nodes": list(known),
        "failed": list(failed),
        "max_held": most,
        "virtual_routers": [
            {
                "name": service.name,
                "members": list(service.members),
                "order": list(service.order),
                "undecided": sorted(service.undecided),
                "holder": placed[service.name],
                "usual_holder": usual[service.name],
                "then": list(standbys(service, placed[service.name], failed)),
            }
            for service in planned
        ],
        "failures": [
            {
                "node": node,
                "moves": [
                    {"name": move.service, "to": move.after}
                    for move in moves(planned, failed, node, most)
                ],
                "all_to": common_destination(moves(planned, failed, node, most)),
            }
            for node in known
            if node not in failed
        ],
    }
