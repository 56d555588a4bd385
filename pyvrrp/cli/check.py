"""``pyvrrp check``: validate a configuration and print what it will run."""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from pyvrrp.cli.base.arguments import add_file, add_identifier, add_json, add_node
from pyvrrp.cli.base.exit_status import GOOD, USAGE
from pyvrrp.cli.local_warnings import local_warnings
from pyvrrp.clients.processes.open_files import too_few_for
from pyvrrp.config.model.configuration import Configuration
from pyvrrp.config.report.capabilities import CapabilityNeed, capability_in_words, capability_needs
from pyvrrp.config.report.exposure import exposures
from pyvrrp.config.report.lint import lint
from pyvrrp.config.report.open_files import open_files_needed
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
from pyvrrp.importers.load import LoadedConfiguration, load_file


def register(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = commands.add_parser(
        "check",
        help="validate a configuration file and print what it will run",
        description="Validate a configuration file and the files in the directory of the same name "
        "(pyvrrp.d for pyvrrp.toml), and print what they will run. All problems are reported at "
        "once. Warnings do not change the exit status.",
        epilog="Exit status: 0 the configuration is good, 2 it is not.",
    )
    add_file(parser)
    add_node(parser)
    add_identifier(parser)
    add_json(parser)
    parser.add_argument(
        "--offline",
        action="store_true",
        help="do not look for the interfaces, programs, users and files of this machine: the "
        "configuration is for another one",
    )
    parser.set_defaults(func=run)


def run(args: argparse.Namespace) -> int:
    """Check the file and print the result to standard output, problems too."""
    try:
        loaded = load_file(
            args.file, node=args.node, identifier=args.identifier, offline=args.offline
        )
    except ConfigurationError as error:
        lines = [f"{error.source}: {problem}" for problem in error.problems]
        _print(_json(args.file, None, error.problems) if args.json else "\n".join(lines))
        return USAGE
    configuration = loaded.configuration
    if refusal := too_few_for(open_files_needed(configuration)):
        problem = Problem("virtual_router", refusal)
        _print(_json(args.file, None, [problem]) if args.json else f"{args.file}: {problem}")
        return USAGE
    warnings = _warnings(loaded, offline=args.offline)
    if args.json:
        _print(_json(args.file, configuration, (), warnings))
    else:
        report = map(str, loaded.report)
        _print("\n".join((*report, *_summary(args.file, configuration, warnings))))
    return GOOD


def _summary(file: Path, configuration: Configuration, warnings: Sequence[Problem]) -> list[str]:
    return [
        *(f"warning: {file}: {warning}" for warning in warnings),
        f"{file}: good, for node {configuration.node}",
        *(virtual_router_in_words(router) for router in configuration.virtual_routers),
        *(elsewhere_in_words(router) for router in configuration.elsewhere),
        *(check_in_words(check) for check in configuration.checks),
        *(etcd_lease_in_words(lease) for lease in configuration.leases),
        *(resource_in_words(resource) for resource in configuration.resources),
        *(capability_in_words(need) for need in _capabilities(configuration)),
    ]


def _capabilities(configuration: Configuration) -> tuple[CapabilityNeed, ...]:
    """Return what a daemon without root needs. What root keeps beyond that is its own matter."""
    return capability_needs(configuration, as_root=False)


def _warnings(loaded: LoadedConfiguration, *, offline: bool) -> tuple[Problem, ...]:
    configuration = loaded.configuration
    here = () if offline else local_warnings(configuration)
    return (*lint(configuration), *exposures(configuration, *loaded.files), *here)


def _json(
    file: Path,
    configuration: Configuration | None,
    problems: Sequence[Problem],
    warnings: Sequence[Problem] = (),
) -> str:
    values: dict[str, object] = {
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
        "capabilities": [],
    }
    if configuration is not None:
        values |= {
            "node": configuration.node,
            "warnings": _as_values(warnings),
            "virtual_routers": [
                virtual_router_as_values(router) for router in configuration.virtual_routers
            ],
            "elsewhere": [virtual_router_as_values(router) for router in configuration.elsewhere],
            "checks": [check_as_values(check) for check in configuration.checks],
            "leases": [etcd_lease_as_values(lease) for lease in configuration.leases],
            "resources": [resource_as_values(resource) for resource in configuration.resources],
            "capabilities": [
                {
                    "name": need.capability,
                    "importance": str(need.importance.value),
                    "for": need.purpose,
                }
                for need in _capabilities(configuration)
            ],
        }
    return json.dumps(values, indent=2)


def _as_values(problems: Sequence[Problem]) -> list[dict[str, str]]:
    return [{"path": problem.path, "what": problem.what} for problem in problems]


def _print(text: str) -> None:
    # A file name may contain characters that the encoding of the terminal does not have.
    encoding = sys.stdout.encoding or "ascii"
    print(text.encode(encoding, "backslashreplace").decode(encoding))
