"""``pyvrrp priority``: use another priority until the daemon restarts."""

import argparse

from pyvrrp.cli.base.arguments import add_json
from pyvrrp.cli.base.exit_status import GOOD
from pyvrrp.cli.operate.control import add_flags, find_socket
from pyvrrp.cli.operate.order import print_result, send_order
from pyvrrp.errors import UsageError

RESET = "reset"


def register(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = commands.add_parser(
        "priority",
        help="use another priority until the daemon restarts",
        description="Take part in the election with another priority until the daemon restarts. "
        "The other nodes learn it at once. The best node then takes over, if it may preempt.",
    )
    parser.add_argument("name", metavar="NAME", help="virtual router")
    parser.add_argument(
        "priority", metavar="PRIORITY", help=f"1 to 254, or {RESET} for the configured one"
    )
    add_json(parser)
    add_flags(parser)
    parser.set_defaults(func=run)


def run(args: argparse.Namespace) -> int:
    """Change the priority and print the state of the virtual router."""
    priority = None if args.priority == RESET else _number(args.priority)
    result = send_order(find_socket(args), "priority", name=args.name, priority=priority)
    print_result(args, *result)
    return GOOD


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise UsageError(f"priority must be from 1 to 254, or {RESET}, not {text!r}")
    return int(text[:9])
