"""Give an order to a running daemon, and wait until it has been carried out."""

import argparse
import json
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

from pyvrrp.cli.operate.control import add_flags, ask

Router: TypeAlias = Mapping[str, object]
MARGIN_SECONDS = 10.0  # for the kernel, and for whatever has to be stopped in order
LOOK_SECONDS = 0.02


def add_order(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]",
    name: str,
    run: Callable[[argparse.Namespace], int],
    *,
    help_: str,
    description: str,
    all_: str = "all",
) -> argparse.ArgumentParser:
    """Add a command that orders something of one virtual router, or of *all_* of them."""
    parser = commands.add_parser(name, help=help_, description=description)
    parser.add_argument("name", nargs="?", metavar="NAME", help=f"virtual router (default: {all_})")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    add_flags(parser)
    parser.set_defaults(func=run)
    return parser


def give(path: Path, command: str, **arguments: object) -> tuple[list[str], list[Router]]:
    """Give the order and wait; return the names it changed and what the routers meant do now."""
    answer = ask(path, command, **arguments)
    meant, changed = _names(answer, "virtual_routers"), _names(answer, "changed")
    patience = answer.get("patience_ms")
    seconds = patience / 1000 if isinstance(patience, float | int) else 0.0
    deadline = time.monotonic() + seconds + MARGIN_SECONDS
    while True:
        routers = [router for router in _routers(path) if router.get("name") in meant]
        moving = any(router.get("moving") for router in routers)
        if not moving or time.monotonic() >= deadline:
            return changed, routers
        time.sleep(LOOK_SECONDS)


def tell(args: argparse.Namespace, changed: Sequence[str], routers: Sequence[Router]) -> None:
    """Print what became of the order."""
    if args.json:
        print(json.dumps({"changed": list(changed), "virtual_routers": list(routers)}, indent=2))
        return
    for router in routers:
        print(in_words(router))


def in_words(router: Router) -> str:
    """Return the state of a virtual router on one line."""
    line = f"{router.get('name')} ({router.get('family')}): {router.get('state')}"
    line += f": {router.get('reason')}"
    if router.get("state") != "MASTER":
        line += f"; master: {router.get('master') or 'unknown'}"
    return line + ("; NOT YET DONE" if router.get("moving") else "")


def _routers(path: Path) -> list[Router]:
    listed = ask(path, "status").get("virtual_routers")
    if not isinstance(listed, list):
        return []
    return [entry for entry in listed if isinstance(entry, dict)]


def _names(answer: Mapping[str, object], key: str) -> list[str]:
    names = answer.get(key)
    return [str(name) for name in names] if isinstance(names, list) else []
