"""``pyvrrp priority``: stand with another priority until the daemon restarts."""

import argparse

from pyvrrp.cli.operate.control import add_flags, find_socket
from pyvrrp.cli.operate.order import give, tell
from pyvrrp.errors import UsageError

RESET = "reset"


def register(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = commands.add_parser(
        "priority",
        help="stand with another priority until the daemon restarts",
        description="Stand for election with another priority until the daemon restarts. The "
        "others learn of it at once; whoever is the best then takes over, if it may preempt.",
    )
    parser.add_argument("name", metavar="NAME", help="virtual router")
    parser.add_argument(
        "priority", metavar="PRIORITY", help=f"1 to 254, or {RESET}: the configured one again"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    add_flags(parser)
    parser.set_defaults(func=run)


def run(args: argparse.Namespace) -> int:
    """Change it, and say where the node stands."""
    wanted = None if args.priority == RESET else _number(args.priority)
    tell(args, *give(find_socket(args), "priority", name=args.name, priority=wanted))
    return 0


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise UsageError(f"priority must be from 1 to 254, or {RESET}, not {text!r}")
    return int(text[:9])
