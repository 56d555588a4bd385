"""``pyvrrp import-heartbeat``: ha.cf and haresources to a configuration, with a report."""

import argparse
import json
import sys
from pathlib import Path

from pyvrrp.errors import ConfigurationError, Problem
from pyvrrp.importers.heartbeat.importer import translated
from pyvrrp.importers.heartbeat.report import Fate, Report

GOOD, LOSSES, UNUSABLE = 0, 1, 2
_LARGEST = 1 << 20  # bytes; no such file is longer


def register(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = commands.add_parser(
        "import-heartbeat",
        help="translate Heartbeat's ha.cf and haresources, with a report",
        description="Translate the files of a Heartbeat cluster. The configuration goes to "
        "standard output, and what became of each line of the files to standard error.",
        epilog="Exit status: 0 nothing was lost, 1 something was dropped, 2 there is no "
        "configuration.",
    )
    parser.add_argument("ha_cf", type=Path, metavar="HA.CF", help="usually /etc/ha.d/ha.cf")
    parser.add_argument(
        "haresources", type=Path, metavar="HARESOURCES", help="usually /etc/ha.d/haresources"
    )
    parser.add_argument("--node", help="write this node's name too (default: its host name)")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.set_defaults(func=run)


def run(args: argparse.Namespace) -> int:
    """Translate, print, report."""
    files = [(str(path), _text(path)) for path in (args.ha_cf, args.haresources)]
    text, report = translated(files[0], files[1], args.node, lambda path: Path(path).exists())
    status = UNUSABLE if not text else LOSSES if report.has(Fate.DROPPED) else GOOD
    if args.json:
        print(json.dumps({"toml": text or None, "report": _as_values(report)}, indent=2))
        return status
    print("\n".join(map(str, report.entries)), file=sys.stderr)
    print(text, end="")
    return status


def _as_values(report: Report) -> list[dict[str, object]]:
    return [
        {
            "file": entry.place.file,
            "line": entry.place.line or None,
            "fate": str(entry.fate),
            "what": entry.what,
        }
        for entry in report.entries
    ]


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            raw = file.read(_LARGEST + 1)
    except OSError as error:
        raise ConfigurationError(str(path), [Problem("", str(error.strerror))]) from error
    if len(raw) > _LARGEST:
        raise ConfigurationError(str(path), [Problem("", "is longer than 1 MiB")])
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        what = f"is no text: byte {error.start} is no UTF-8"
        raise ConfigurationError(str(path), [Problem("", what)]) from error
