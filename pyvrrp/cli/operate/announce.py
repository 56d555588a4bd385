"""``pyvrrp announce``: announce the addresses to the neighbours again."""

import argparse
import sys

from pyvrrp.cli.base.exit_status import GOOD, NO
from pyvrrp.cli.operate.control import find_socket
from pyvrrp.cli.operate.order import add_order, print_result, send_order


def register(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    add_order(
        commands,
        "announce",
        run,
        help_="announce the addresses to the neighbours again",
        description="Send gratuitous ARP or unsolicited Neighbor Advertisements for the addresses "
        "that this node holds, as after a takeover.",
        default="all that are MASTER here",
    ).epilog = "Exit status: 0 announced, 1 this node holds no address."


def run(args: argparse.Namespace) -> int:
    """Have the addresses announced."""
    changed, routers = send_order(find_socket(args), "announce", name=args.name)
    print_result(args, changed, [router for router in routers if router.get("name") in changed])
    if not changed:
        print("pyvrrp: nothing to announce: not MASTER here", file=sys.stderr)
    return GOOD if changed else NO
