"""``pyvrrp undrain``: let a drained node take part again."""

import argparse

from pyvrrp.cli.operate.control import find_socket
from pyvrrp.cli.operate.order import add_order, give, tell


def register(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = add_order(
        commands,
        "undrain",
        run,
        help_="let a drained node take part again",
        description="Let a drained node take part again, as a BACKUP like any other: it takes the "
        "addresses back if its priority is higher and `preempt` is true.",
    )
    parser.add_argument(
        "--until-restart", action="store_true", help="stay drained at the next start"
    )


def run(args: argparse.Namespace) -> int:
    """Undrain, and say where it stands."""
    path = find_socket(args)
    tell(args, *give(path, "undrain", name=args.name, save=not args.until_restart))
    return 0
