"""``pyvrrp plan``: which node will hold what, and which takes over, from the configuration."""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

from pyvrrp.cli.base.arguments import add_file, add_identifier, add_json
from pyvrrp.cli.base.exit_status import GOOD, NO
from pyvrrp.config.report.placement import (
    PlannedService,
    ServiceMove,
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
from pyvrrp.importers.load import load_file

_NODES_NOT_NAMED = "no plan, the file does not name its nodes"


def register(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = commands.add_parser(
        "plan",
        help="print which node will hold what, and which takes over when nodes fail",
        description="Print which node will hold which virtual router, which node takes over, and "
        "what each further failure moves. This is calculated from the configuration. No daemon is "
        "asked: all nodes count as healthy except those given with --fail.",
        epilog="Exit status: 0 every virtual router has a holder, 1 one has none.",
    )
    add_file(parser)
    add_identifier(parser)
    parser.add_argument(
        "--fail",
        nargs="+",
        action="extend",
        default=[],
        metavar="NODE",
        help="assume that these nodes are down, drained or fenced",
    )
    add_json(parser)
    parser.set_defaults(func=run)


def run(args: argparse.Namespace) -> int:
    """Print the plan."""
    configuration = load_file(args.file, identifier=args.identifier, any_node=True).configuration
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
        lines += [f"{name}: {_NODES_NOT_NAMED}" for name in not_planned(configuration)]
        print("\n".join(lines))
    return NO if None in place(planned, failed, most).values() else GOOD


def _refuse_unknown(source: str, failed: Sequence[str], known: Sequence[str]) -> None:
    unknown = [
        Problem("--fail", f'no node "{node}" in this file{suggestion(node, known)}')
        for node in failed
        if node not in known
    ]
    if unknown:
        raise ConfigurationError(source, unknown)


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


def _failure(node: str, planned_moves: Sequence[ServiceMove]) -> str:
    if not planned_moves:
        return f"if {node} fails: nothing moves"
    destination = common_destination(planned_moves)
    if destination is not None:
        names = _listed([move.service for move in planned_moves])
        return f"if {node} fails: {names} all go to {destination}"
    parts = [f"{move.service} goes to {move.after or 'nobody'}" for move in planned_moves]
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
