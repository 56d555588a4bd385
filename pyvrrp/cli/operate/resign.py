"""``pyvrrp resign``: hand the addresses over to another node once."""

import argparse
import sys

from pyvrrp.cli.base.exit_status import GOOD, NO
from pyvrrp.cli.operate.control import find_socket
from pyvrrp.cli.operate.order import add_order, print_result, send_order


def register(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    add_order(
        commands,
        "resign",
        run,
        help_="hand the addresses over to another node once",
        description="Hand the addresses over to the best other node. This node does not take them "
        "back, even if `preempt` is true, until that node releases them or fails. Use it to fail "
        "back by hand. If no node takes over, this node stays master.",
        default="all that are MASTER here",
    ).epilog = "Exit status: 0 another node is master now, 1 this node was not or is still master."


def run(args: argparse.Namespace) -> int:
    """Resign and print which node is master now."""
    changed, routers = send_order(find_socket(args), "resign", name=args.name)
    print_result(args, changed, routers)
    if not changed:
        print("pyvrrp: nothing to resign: not MASTER here", file=sys.stderr)
        return NO
    stayed = [r for r in routers if r.get("name") in changed and r.get("state") == "MASTER"]
    if stayed and not args.json:
        print("pyvrrp: nobody took over", file=sys.stderr)
    return NO if stayed else GOOD
