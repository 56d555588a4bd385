"""``pyvrrp announce``: tell the neighbours once more where the addresses are."""

import argparse
import sys

from pyvrrp.cli.operate.control import find_socket
from pyvrrp.cli.operate.order import add_order, give, tell

GOOD, NO = 0, 1


def register(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    add_order(
        commands,
        "announce",
        run,
        help_="tell the neighbours once more where the addresses are",
        description="Send gratuitous ARP or unsolicited Neighbor Advertisements for the addresses "
        "held here, as after a takeover.",
        all_="all that are MASTER here",
    ).epilog = "Exit status: 0 announced, 1 there is nothing here to announce."


def run(args: argparse.Namespace) -> int:
    """Announce."""
    changed, routers = give(find_socket(args), "announce", name=args.name)
    tell(args, changed, [router for router in routers if router.get("name") in changed])
    if not changed:
        print("pyvrrp: nothing to announce: not MASTER here", file=sys.stderr)
    return GOOD if changed else NO
