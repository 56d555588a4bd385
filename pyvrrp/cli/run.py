"""``pyvrrp run``: the daemon, in the foreground."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from pyvrrp.net.guardian.parent import Guardian

if TYPE_CHECKING:
    from pyvrrp.config.model.configuration import Configuration

DEFAULT_FILE = Path("/etc/pyvrrp/pyvrrp.toml")


def register(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = commands.add_parser(
        "run",
        help="run the daemon in the foreground",
        description="Run the daemon in the foreground. One line is printed per transition, "
        "with its reason.",
        epilog=f"Without a file and without flags for a virtual router, {DEFAULT_FILE} is read.",
    )
    parser.add_argument("-c", "--config", type=Path, metavar="FILE", help="configuration file")
    parser.add_argument("--node", help="name of this node (default: from the file, or host name)")
    parser.add_argument(
        "--log-format",
        choices=("text", "json"),
        default="text",
        help="how events are printed (default: text)",
    )
    _add_flags(parser)
    parser.set_defaults(func=run)


def run(args: argparse.Namespace) -> int:
    """Run until told to stop."""
    # Before anything heavy is imported: the guardian is to stay small.
    guardian = fork_guardian()
    try:
        from pyvrrp.daemon.logs import choose_format  # noqa: PLC0415 - after the fork
        from pyvrrp.daemon.main import Options  # noqa: PLC0415 - after the fork
        from pyvrrp.daemon.main import run as live  # noqa: PLC0415 - after the fork

        configuration = _configuration(args)
        if guardian is not None and not configuration.guardian:
            guardian.close()
            guardian = None
        return live(configuration, guardian, Options(choose_format(args.log_format)))
    finally:
        if guardian is not None:
            guardian.close()


def _add_flags(parser: argparse.ArgumentParser) -> None:
    from pyvrrp.cli.router_flags import add_flags  # noqa: PLC0415 - light, but not needed to fork

    add_flags(parser)


def fork_guardian() -> Guardian | None:
    """Return the guardian, or None, said on standard error, if there can be none."""
    try:
        return Guardian.fork()
    except OSError as error:
        print(f"pyvrrp: no guardian, leases alone protect: {error.strerror}", file=sys.stderr)
        return None


def _configuration(args: argparse.Namespace) -> "Configuration":
    from pyvrrp.cli.router_flags import configuration, given  # noqa: PLC0415 - after the fork
    from pyvrrp.config.files.load import load  # noqa: PLC0415 - after the fork

    if given(args):
        return configuration(args)
    return load(args.config or DEFAULT_FILE, node=args.node)
