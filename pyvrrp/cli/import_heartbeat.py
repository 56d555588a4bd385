"""``pyvrrp import-heartbeat``: translate ha.cf and haresources into a configuration."""

import argparse
import json
import sys
from pathlib import Path

from pyvrrp.cli.base.arguments import add_json
from pyvrrp.cli.base.exit_status import GOOD, NO, USAGE
from pyvrrp.errors import ConfigurationError, Problem
from pyvrrp.importers.base.report import Fate
from pyvrrp.importers.heartbeat.importer import translated

_LARGEST = 1 << 20  # octets; real files are much smaller


def register(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = commands.add_parser(
        "import-heartbeat",
        help="translate ha.cf and haresources of Heartbeat, with a report",
        description="Translate the files of a Heartbeat cluster. The configuration is printed to "
        "standard output, and a report on each line of the files to standard error.",
        epilog="Exit status: 0 everything was translated, 1 something was dropped, 2 there is no "
        "configuration.",
    )
    parser.add_argument("ha_cf", type=Path, metavar="HA.CF", help="usually /etc/ha.d/ha.cf")
    parser.add_argument(
        "haresources", type=Path, metavar="HARESOURCES", help="usually /etc/ha.d/haresources"
    )
    parser.add_argument(
        "--node", help="write this name of the node (default: the host name is used)"
    )
    add_json(parser)
    parser.set_defaults(func=run)


def run(args: argparse.Namespace) -> int:
    """Translate the files, print the configuration and the report."""
    files = [(str(path), _text(path)) for path in (args.ha_cf, args.haresources)]
    text, report = translated(files[0], files[1], args.node, lambda path: Path(path).exists())
    status = USAGE if not text else NO if report.has(Fate.DROPPED) else GOOD
    if args.json:
        print(json.dumps({"toml": text or None, "report": report.as_values()}, indent=2))
        return status
    print("\n".join(map(str, report.lines)), file=sys.stderr)
    print(text, end="")
    return status


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            raw = file.read(_LARGEST + 1)
    except OSError as error:
        raise _wrong_file(path, str(error.strerror)) from error
    if len(raw) > _LARGEST:
        raise _wrong_file(path, "is longer than 1 MiB")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise _wrong_file(path, f"is not UTF-8: byte {error.start} is wrong") from error


def _wrong_file(path: Path, what: str) -> ConfigurationError:
    return ConfigurationError(str(path), [Problem("", what)])
