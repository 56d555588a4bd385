"""``pyvrrp run``: run the daemon in the foreground."""

import argparse
import signal
from pathlib import Path
from typing import TYPE_CHECKING

from pyvrrp.cli.base.arguments import add_log_format, add_node
from pyvrrp.config.model.paths import CONFIGURATION_FILE
from pyvrrp.net.system.lean_asyncio import import_asyncio

if TYPE_CHECKING:
    from pyvrrp.config.model.configuration import Configuration
    from pyvrrp.daemon.reload.source import Source
    from pyvrrp.errors import Problem
    from pyvrrp.net.guardian.parent import GuardianProcess

# What the daemon answers in its log. By default they would end it while it is being started.
UNTIL_IT_RUNS = (signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2)


def register(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = commands.add_parser(
        "run",
        help="run the daemon in the foreground",
        description="Run the daemon in the foreground. It prints one line for each event, with "
        "the reason.",
        epilog=f"Without --config and without flags for a virtual router, it reads "
        f"{CONFIGURATION_FILE}.",
    )
    parser.add_argument("-c", "--config", type=Path, metavar="FILE", help="configuration file")
    add_node(parser)
    add_log_format(parser)
    _add_flags(parser)
    parser.set_defaults(func=run)


def run(args: argparse.Namespace) -> int:
    """Run the daemon until a signal stops it."""
    for number in UNTIL_IT_RUNS:
        signal.signal(number, signal.SIG_IGN)
    import_asyncio()
    from pyvrrp.daemon.logs import choose_format  # noqa: PLC0415 - not for the help
    from pyvrrp.daemon.main import DaemonOptions  # noqa: PLC0415 - the same
    from pyvrrp.daemon.main import run as run_daemon  # noqa: PLC0415 - the same

    guardian: GuardianProcess | None = args.guardian
    configuration = _configuration(args)
    if guardian is not None and not configuration.guardian:
        guardian.close()
        guardian = None
    files = _files(args)
    options = DaemonOptions(
        choose_format(args.log_format), _exposures(configuration, files), files, _source(args)
    )
    return run_daemon(configuration, guardian, options)


def _add_flags(parser: argparse.ArgumentParser) -> None:
    from pyvrrp.cli.base.router_flags import add_flags  # noqa: PLC0415 - `takeover` does not need it

    add_flags(parser)


def _configuration(args: argparse.Namespace) -> "Configuration":
    from pyvrrp.cli.base.router_flags import configuration, given  # noqa: PLC0415 - not for the help
    from pyvrrp.config.files.load import load  # noqa: PLC0415 - not for the help

    if given(args):
        return configuration(args)
    return load(args.config or CONFIGURATION_FILE, node=args.node)


def _source(args: argparse.Namespace) -> "Source":
    from pyvrrp.cli.base.router_flags import given  # noqa: PLC0415 - not for the help
    from pyvrrp.daemon.reload.source import Source  # noqa: PLC0415 - not for the help

    if given(args):
        return Source()
    # A path that means the same after a change of the directory.
    return Source((args.config or CONFIGURATION_FILE).absolute(), args.node)


def _files(args: argparse.Namespace) -> tuple[Path, ...]:
    from pyvrrp.cli.base.router_flags import given  # noqa: PLC0415 - not for the help
    from pyvrrp.config.files.load import files_of  # noqa: PLC0415 - not for the help

    return () if given(args) else tuple(files_of(args.config or CONFIGURATION_FILE))


def _exposures(configuration: "Configuration", files: tuple[Path, ...]) -> tuple["Problem", ...]:
    from pyvrrp.config.report.exposure import exposures  # noqa: PLC0415 - not for the help

    return exposures(configuration, *files)
