"""``pyvrrp run``: the daemon, in the foreground."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from pyvrrp.daemon.lean_asyncio import import_asyncio

if TYPE_CHECKING:
    from pyvrrp.config.model.configuration import Configuration
    from pyvrrp.net.guardian.parent import Guardian

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
    import_asyncio()
    from pyvrrp.daemon.logs import choose_format  # noqa: PLC0415 - not for the help
    from pyvrrp.daemon.main import Options  # noqa: PLC0415 - the same
    from pyvrrp.daemon.main import run as live  # noqa: PLC0415 - the same

    guardian: Guardian | None = args.guardian
    configuration = _configuration(args)
    if guardian is not None and not configuration.guardian:
        guardian.close()
        guardian = None
    return live(configuration, guardian, Options(choose_format(args.log_format)))


def _add_flags(parser: argparse.ArgumentParser) -> None:
    from pyvrrp.cli.router_flags import add_flags  # noqa: PLC0415 - not for other commands

    add_flags(parser)


def _configuration(args: argparse.Namespace) -> "Configuration":
    from pyvrrp.cli.router_flags import configuration, given  # noqa: PLC0415 - not for the help
    from pyvrrp.config.files.load import load  # noqa: PLC0415 - not for the help

    if given(args):
        return configuration(args)
    return load(args.config or DEFAULT_FILE, node=args.node)
