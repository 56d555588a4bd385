"""``pyvrrp run``: run the daemon in the foreground."""

import argparse
import signal
from pathlib import Path
from typing import TYPE_CHECKING

from pyvrrp.cli.base.arguments import add_identifier, add_log_format, add_node
from pyvrrp.config.model.paths import CONFIGURATION_FILE
from pyvrrp.net.system.lean_asyncio import import_asyncio

if TYPE_CHECKING:
    from pyvrrp.daemon.reload.source import Source
    from pyvrrp.importers.load import LoadedConfiguration
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
    parser.add_argument(
        "--keepalived",
        action="store_true",
        help="read /etc/keepalived/keepalived.conf; --config FILE takes a keepalived.conf too",
    )
    add_node(parser)
    add_identifier(parser)
    add_log_format(parser)
    _add_flags(parser)
    parser.set_defaults(func=run)


def run(args: argparse.Namespace) -> int:
    """Run the daemon until a signal stops it."""
    for number in UNTIL_IT_RUNS:
        signal.signal(number, signal.SIG_IGN)
    import_asyncio()
    from pyvrrp.config.report.exposure import exposures  # noqa: PLC0415 - the same
    from pyvrrp.daemon.logs import choose_format  # noqa: PLC0415 - not for the help
    from pyvrrp.daemon.main import DaemonOptions  # noqa: PLC0415 - the same
    from pyvrrp.daemon.main import run as run_daemon  # noqa: PLC0415 - the same

    guardian: GuardianProcess | None = args.guardian
    loaded = _loaded(args)
    configuration = loaded.configuration
    if guardian is not None and not configuration.guardian:
        guardian.close()
        guardian = None
    options = DaemonOptions(
        choose_format(args.log_format),
        exposures(configuration, *loaded.files),
        loaded.report,
        loaded.files,
        _source(args),
    )
    return run_daemon(configuration, guardian, options)


def _add_flags(parser: argparse.ArgumentParser) -> None:
    from pyvrrp.cli.base.router_flags import add_flags  # noqa: PLC0415 - `takeover` does not need it

    add_flags(parser)


def _loaded(args: argparse.Namespace) -> "LoadedConfiguration":
    from pyvrrp.cli.base.router_flags import configuration, given  # noqa: PLC0415 - not for the help
    from pyvrrp.importers.load import (  # noqa: PLC0415 - not for the help
        LoadedConfiguration,
        load_file,
    )

    if given(args):
        return LoadedConfiguration(configuration(args), ())
    return load_file(_file(args), node=args.node, identifier=args.identifier)


def _source(args: argparse.Namespace) -> "Source":
    from pyvrrp.cli.base.router_flags import given  # noqa: PLC0415 - not for the help
    from pyvrrp.daemon.reload.source import Source  # noqa: PLC0415 - not for the help

    if given(args):
        return Source()
    # A path that means the same after a change of the directory.
    return Source(_file(args).absolute(), args.node, args.identifier)


def _file(args: argparse.Namespace) -> Path:
    from pyvrrp.importers.load import KEEPALIVED_FILE  # noqa: PLC0415 - not for the help

    usual = KEEPALIVED_FILE if args.keepalived else CONFIGURATION_FILE
    return args.config or usual
