"""``pyvrrp resign``: hand the addresses over to another node once."""

import argparse
import sys

from pyvrrp.cli.base.exit_status import GOOD, NO
from pyvrrp.cli.operate.control import find_socket
from pyvrrp.cli.operate.order import add_order, print_result, send_order


def register(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = add_order(
        commands,
        "resign",
        run,
        help_="hand the addresses over to another node once",
        description="Hand the addresses over to the best other node. This node does not take them "
        "back, even if `preempt` is true, until that node releases them or fails. Use it to fail "
        "back by hand. If no node takes over, this node stays master.",
        default="all that are MASTER here, or with --undo all that resigned",
    )
    parser.epilog = (
        "Exit status: 0 another node is master now, 1 this node was not or is still master. With "
        "--undo: 0 the order is undone, 1 none stood."
    )
    parser.add_argument(
        "--undo",
        action="store_true",
        help="end the order: this node preempts as it is configured again",
    )


def run(args: argparse.Namespace) -> int:
    """Resign, or undo it, and print which node is master now."""
    if args.undo:
        return _undo(args)
    changed, routers = send_order(find_socket(args), "resign", name=args.name)
    print_result(args, changed, routers)
    if not changed:
        print("pyvrrp: nothing to resign: not MASTER here", file=sys.stderr)
        return NO
    stayed = [r for r in routers if r.get("name") in changed and r.get("state") == "MASTER"]
    if stayed and not args.json:
        print("pyvrrp: nobody took over", file=sys.stderr)
    return NO if stayed else GOOD


def _undo(args: argparse.Namespace) -> int:
    changed, routers = send_order(find_socket(args), "undo_resign", name=args.name)
    print_result(args, changed, routers)
    if not changed:
        print("pyvrrp: nothing to undo: no order to resign stands here", file=sys.stderr)
    return GOOD if changed else NO
