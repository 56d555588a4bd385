"""``pyvrrp reload``: have a running daemon read its configuration again."""

import argparse
import json
import sys
import time
from pathlib import Path

from pyvrrp.cli.base.arguments import add_json
from pyvrrp.cli.base.exit_status import GOOD, NO, USAGE
from pyvrrp.cli.operate.control import add_flags, ask, ask_within, find_socket

PATIENCE = 60.0  # seconds for an answer: the daemon waits 30 s for the file
LONGEST = 120.0  # seconds until all virtual routers have left or begun
POLL_SECONDS = 0.05


def register(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = commands.add_parser(
        "reload",
        help="have the daemon read its configuration again",
        description="Have a running daemon read the file again that it was started with, and go "
        "over to it. What has not changed notices nothing. A file that is wrong changes nothing. "
        "SIGHUP does the same.",
        epilog="Exit status: 0 all of it is in use, 1 a part needs a restart or does not end, "
        "2 the file is wrong.",
    )
    parser.add_argument(
        "--dry-run", action="store_true", help="print what would change, and change nothing"
    )
    add_json(parser)
    add_flags(parser)
    parser.set_defaults(func=run)


def run(args: argparse.Namespace) -> int:
    """Reload, wait until it is over, and print what has changed."""
    path = find_socket(args)
    answer = ask_within(PATIENCE, path, "reload", dry_run=args.dry_run)
    good = bool(answer.get("good"))
    over = args.dry_run or not good or _is_over(path)
    if args.json:
        print(json.dumps({**answer, "dry_run": args.dry_run, "over": over}, indent=2))
    elif good:
        _print(answer, dry_run=args.dry_run)
    else:
        for line in _problems(answer):
            print(f"{answer.get('file')}: {line}", file=sys.stderr)
        print("pyvrrp: the file is wrong, so nothing has changed", file=sys.stderr)
    if not over:
        print("pyvrrp: a virtual router does not end; see `pyvrrp status`", file=sys.stderr)
    if not good:
        return USAGE
    return GOOD if over and not _needs_restart(answer) else NO


def _is_over(path: Path) -> bool:
    deadline = time.monotonic() + LONGEST
    while time.monotonic() < deadline:
        state = ask(path, "status").get("reload")
        if not isinstance(state, dict) or not state.get("under_way"):
            return True
        time.sleep(POLL_SECONDS)
    return False


def _print(answer: dict[str, object], *, dry_run: bool) -> None:
    lines = answer.get("text")
    found = lines if isinstance(lines, list) else []
    for line in found:
        print(line)
    if not found:
        print("nothing would change" if dry_run else "nothing has changed")


def _problems(answer: dict[str, object]) -> list[str]:
    problems = answer.get("problems")
    listed = problems if isinstance(problems, list) else []
    return [
        ": ".join(str(part) for part in (one.get("path"), one.get("what")) if part)
        for one in listed
        if isinstance(one, dict)
    ]


def _needs_restart(answer: dict[str, object]) -> bool:
    changes = answer.get("changes")
    listed = changes if isinstance(changes, list) else []
    return any(isinstance(one, dict) and one.get("how") == "needs_restart" for one in listed)
