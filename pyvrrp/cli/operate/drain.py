"""``pyvrrp drain``: take a node out of the election until ``pyvrrp undrain``."""

import argparse

from pyvrrp.cli.base.exit_status import GOOD, NO
from pyvrrp.cli.operate.control import find_socket
from pyvrrp.cli.operate.order import add_order, print_result, send_order


def register(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = add_order(
        commands,
        "drain",
        run,
        help_="take this node out of the election until undrain",
        description="Hand the addresses over and take no part in the election until `pyvrrp "
        "undrain`, also after a restart of the daemon or the machine. The node keeps the addresses "
        "until another node is master. If no node takes over, it releases them anyway.",
    )
    parser.epilog = "Exit status: 0 the node is out of the election, 1 it is not yet."
    parser.add_argument(
        "--until-restart",
        action="store_true",
        help="take part again after a restart of the daemon (needs no writable state file)",
    )


def run(args: argparse.Namespace) -> int:
    """Drain the node and print which node is master now."""
    path = find_socket(args)
    changed, routers = send_order(path, "drain", name=args.name, save=not args.until_restart)
    print_result(args, changed, routers)
    return NO if any(router.get("moving") for router in routers) else GOOD
