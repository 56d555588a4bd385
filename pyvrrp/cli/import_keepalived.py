"""``pyvrrp import-keepalived``: translate a keepalived.conf into a configuration."""

import argparse
import json
import sys
from pathlib import Path

from pyvrrp.cli.base.arguments import add_json
from pyvrrp.cli.base.exit_status import GOOD, NO, USAGE
from pyvrrp.importers.base.report import Fate


def register(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = commands.add_parser(
        "import-keepalived",
        help="translate a keepalived.conf, with a report on every line",
        description="Translate a keepalived.conf and what it includes. The configuration is "
        "printed to standard output, and a report on each line to standard error. The commands "
        "run, check and plan also take a keepalived.conf as it is.",
        epilog="Exit status: 0 everything was translated, 1 something was refused, 2 there is no "
        "configuration.",
    )
    parser.add_argument("file", type=Path, metavar="FILE", help="/etc/keepalived/keepalived.conf")
    parser.add_argument(
        "-i",
        "--node",
        metavar="ID",
        help="take the lines of @ID (default: the host name up to its first dot)",
    )
    parser.add_argument(
        "--native-checks",
        action="store_true",
        help="replace scripts that only run curl, wget, nc, pidof or killall -0 by native checks",
    )
    parser.add_argument(
        "--offline",
        action="store_true",
        help="do not look for programs on this machine: the file is for another one",
    )
    add_json(parser)
    parser.set_defaults(func=run)


def run(args: argparse.Namespace) -> int:
    """Translate the file, print the configuration and the report."""
    from pyvrrp.importers.load import (  # noqa: PLC0415 - not for the help
        LocalSurroundings,
        import_file,
    )

    surroundings = LocalSurroundings(offline=args.offline)
    found = import_file(args.file, surroundings, args.node, native_checks=args.native_checks)
    refused = found.report.has(Fate.REFUSED)
    status = USAGE if not found.text else NO if refused else GOOD
    if args.json:
        values = {"toml": found.text or None, "report": found.report.as_values()}
        print(json.dumps(values, indent=2))
        return status
    print("\n".join(map(str, found.report.lines)), file=sys.stderr)
    print(found.text, end="")
    return status
