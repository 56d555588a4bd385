"""Send an order to a running daemon and wait until it has been carried out."""

import argparse
import json
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

from pyvrrp.cli.base.arguments import add_json
from pyvrrp.cli.operate.control import add_flags, ask

RouterStatus: TypeAlias = Mapping[str, object]  # a virtual router in the answer of the daemon
MARGIN_SECONDS = 10.0  # added to the time that the daemon says it needs
POLL_SECONDS = 0.02


def add_order(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]",
    name: str,
    run: Callable[[argparse.Namespace], int],
    *,
    help_: str,
    description: str,
    default: str = "all",
) -> argparse.ArgumentParser:
    """Add a command for one virtual router. *default* names those it is for without a name."""
    parser = commands.add_parser(name, help=help_, description=description)
    name_help = f"virtual router (default: {default})"
    parser.add_argument("name", nargs="?", metavar="NAME", help=name_help)
    add_json(parser)
    add_flags(parser)
    parser.set_defaults(func=run)
    return parser


def send_order(
    path: Path, command: str, **arguments: object
) -> tuple[list[str], list[RouterStatus]]:
    """Send the order and wait until it has been carried out.

    Return the names of the virtual routers that it changed, and the status of all that it was for.
    Raise what `ask` raises.
    """
    answer = ask(path, command, **arguments)
    names, changed = _names(answer, "virtual_routers"), _names(answer, "changed")
    needed = answer.get("patience_ms")
    seconds = needed / 1000 if isinstance(needed, float | int) else 0.0
    deadline = time.monotonic() + seconds + MARGIN_SECONDS
    while True:
        routers = [router for router in _routers(path) if router.get("name") in names]
        moving = any(router.get("moving") for router in routers)
        if not moving or time.monotonic() >= deadline:
            return changed, routers
        time.sleep(POLL_SECONDS)


def print_result(
    args: argparse.Namespace, changed: Sequence[str], routers: Sequence[RouterStatus]
) -> None:
    """Print the result of the order."""
    if args.json:
        print(json.dumps({"changed": list(changed), "virtual_routers": list(routers)}, indent=2))
        return
    for router in routers:
        print(in_words(router))


def in_words(router: RouterStatus) -> str:
    """Return one line about the state of a virtual router."""
    line = f"{router.get('name')} ({router.get('family')}): {router.get('state')}"
    line += f": {router.get('reason')}"
    if router.get("state") != "MASTER":
        line += f"; master: {router.get('master') or 'unknown'}"
    return line + ("; NOT YET DONE" if router.get("moving") else "")


def _routers(path: Path) -> list[RouterStatus]:
    listed = ask(path, "status").get("virtual_routers")
    if not isinstance(listed, list):
        return []
    return [entry for entry in listed if isinstance(entry, dict)]


def _names(answer: Mapping[str, object], key: str) -> list[str]:
    names = answer.get(key)
    return [str(name) for name in names] if isinstance(names, list) else []
