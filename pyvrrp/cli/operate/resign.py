"""``pyvrrp resign``: step down once, in favour of another node."""

import argparse
import sys

from pyvrrp.cli.operate.control import find_socket
from pyvrrp.cli.operate.order import add_order, give, tell

GOOD, NO = 0, 1


def register(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    add_order(
        commands,
        "resign",
        run,
        help_="step down once, in favour of another node",
        description="Hand the addresses over to the best other node, and leave them there until it "
        "lets go or falls silent, even where `preempt` is true. This is how to fail back by hand. "
        "If nobody takes over, this node goes on as master.",
        all_="all that are MASTER here",
    ).epilog = "Exit status: 0 others are master now, 1 nothing was resigned or nobody took over."


def run(args: argparse.Namespace) -> int:
    """Resign, and say who is master now."""
    changed, routers = give(find_socket(args), "resign", name=args.name)
    tell(args, changed, routers)
    if not changed:
        print("pyvrrp: nothing to resign: not MASTER here", file=sys.stderr)
        return NO
    stayed = [r for r in routers if r.get("name") in changed and r.get("state") == "MASTER"]
    if stayed and not args.json:
        print("pyvrrp: nobody took over", file=sys.stderr)
    return NO if stayed else GOOD
