"""``pyvrrp drain``: have a node stay out until it is told otherwise."""

import argparse

from pyvrrp.cli.operate.control import find_socket
from pyvrrp.cli.operate.order import add_order, give, tell

DONE, NOT_DONE = 0, 1


def register(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = add_order(
        commands,
        "drain",
        run,
        help_="have this node stay out until undrain, over restarts too",
        description="Hand the addresses over and stay out of the election until `pyvrrp undrain`, "
        "over restarts of the daemon and the machine too. The node goes on answering until its "
        "successor has spoken; without one it leaves all the same. Exit status: 0 it is out.",
    )
    parser.add_argument(
        "--until-restart",
        action="store_true",
        help="forget it when the daemon ends (and need no writable state file)",
    )


def run(args: argparse.Namespace) -> int:
    """Drain, and say who is master now."""
    path = find_socket(args)
    changed, routers = give(path, "drain", name=args.name, save=not args.until_restart)
    tell(args, changed, routers)
    return NOT_DONE if any(router.get("moving") for router in routers) else DONE
