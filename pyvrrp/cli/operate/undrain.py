"""``pyvrrp undrain``: let a drained node take part again."""

import argparse

from pyvrrp.cli.base.exit_status import GOOD
from pyvrrp.cli.operate.control import find_socket
from pyvrrp.cli.operate.order import add_order, print_result, send_order


def register(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = add_order(
        commands,
        "undrain",
        run,
        help_="let a drained node take part again",
        description="Let a drained node take part in the election again. It begins as BACKUP and "
        "takes the addresses back if its priority is higher and `preempt` is true. An order to "
        "resign that stands for the same virtual router ends too.",
    )
    parser.add_argument(
        "--until-restart",
        action="store_true",
        help="be drained again after a restart of the daemon",
    )


def run(args: argparse.Namespace) -> int:
    """Undrain the node and print the state of its virtual routers."""
    path = find_socket(args)
    print_result(args, *send_order(path, "undrain", name=args.name, save=not args.until_restart))
    return GOOD
