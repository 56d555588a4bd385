"""``pyvrrp check``: validate a configuration and say what it will run."""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from pyvrrp.config.files.load import DEFAULT_PATH, load
from pyvrrp.config.model.configuration import Configuration
from pyvrrp.config.report.lint import lint
from pyvrrp.config.report.summary import (
    check_as_values,
    check_in_words,
    elsewhere_in_words,
    etcd_lease_as_values,
    etcd_lease_in_words,
    resource_as_values,
    resource_in_words,
    virtual_router_as_values,
    virtual_router_in_words,
)
from pyvrrp.errors import ConfigurationError, Problem

GOOD = 0
WRONG = 2


def register(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = commands.add_parser(
        "check",
        help="validate a configuration file and say what it will run",
        description="Validate a configuration file, with the directory of fragments beside it, "
        "and say what it will run. All problems are reported at once; warnings change nothing.",
        epilog="Exit status: 0 the configuration is good, 2 it is not.",
    )
    parser.add_argument(
        "file",
        nargs="?",
        type=Path,
        default=DEFAULT_PATH,
        metavar="FILE",
        help=f"configuration file (default: {DEFAULT_PATH})",
    )
    parser.add_argument("--node", help="name of the node (default: from the file, or host name)")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.set_defaults(func=run)


def run(args: argparse.Namespace) -> int:
    """Check the file and print the verdict; the answer goes to standard output, good or not."""
    try:
        configuration = load(args.file, node=args.node)
    except ConfigurationError as error:
        lines = [f"{error.source}: {problem}" for problem in error.problems]
        _say(_verdict(args.file, None, error.problems) if args.json else "\n".join(lines))
        return WRONG
    if args.json:
        _say(_verdict(args.file, configuration, ()))
    else:
        _say("\n".join(_summary(args.file, configuration)))
    return GOOD


def _summary(file: Path, configuration: Configuration) -> list[str]:
    return [
        *(f"warning: {file}: {warning}" for warning in lint(configuration)),
        f"{file}: good, for node {configuration.node}",
        *(virtual_router_in_words(router) for router in configuration.virtual_routers),
        *(elsewhere_in_words(router) for router in configuration.elsewhere),
        *(check_in_words(check) for check in configuration.checks),
        *(etcd_lease_in_words(lease) for lease in configuration.leases),
        *(resource_in_words(resource) for resource in configuration.resources),
    ]


def _verdict(file: Path, configuration: Configuration | None, problems: Sequence[Problem]) -> str:
    verdict: dict[str, object] = {
        "valid": configuration is not None,
        "file": str(file),
        "node": None,
        "problems": _as_values(problems),
        "warnings": [],
        "virtual_routers": [],
        "elsewhere": [],
        "checks": [],
        "leases": [],
        "resources": [],
    }
    if configuration is not None:
        verdict |= {
            "node": configuration.node,
            "warnings": _as_values(lint(configuration)),
            "virtual_routers": [
                virtual_router_as_values(router) for router in configuration.virtual_routers
            ],
            "elsewhere": [virtual_router_as_values(router) for router in configuration.elsewhere],
            "checks": [check_as_values(check) for check in configuration.checks],
            "leases": [etcd_lease_as_values(lease) for lease in configuration.leases],
            "resources": [resource_as_values(resource) for resource in configuration.resources],
        }
    return json.dumps(verdict, indent=2)


def _as_values(problems: Sequence[Problem]) -> list[dict[str, str]]:
    return [{"path": problem.path, "what": problem.what} for problem in problems]


def _say(text: str) -> None:
    # A file name may hold bytes that the terminal's encoding has no character for.
    encoding = sys.stdout.encoding or "ascii"
    print(text.encode(encoding, "backslashreplace").decode(encoding))
