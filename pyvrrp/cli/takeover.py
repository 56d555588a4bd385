"""``pyvrrp takeover``: watch a server, take its address when it fails; without VRRP."""

import argparse
import re
from typing import TYPE_CHECKING

from pyvrrp.cli.router_flags import SOURCE, Flag
from pyvrrp.daemon.lean_asyncio import import_asyncio
from pyvrrp.errors import ConfigurationError, Problem

if TYPE_CHECKING:
    from pyvrrp.config.model.takeover import TakeoverConfig
    from pyvrrp.net.guardian.parent import Guardian

ADDRESS_FLAGS = (
    Flag("--interface", "interface", "NAME", "interface that gets the address"),
    Flag("--address", "address", "ADDRESS", "the server's address, with its prefix length"),
    Flag("--lease", "lease", "TIME", "auto (default: 2s), off or whole seconds"),
)
TARGET_FLAGS = (
    Flag("--http", "http", "URL", "URL that must answer"),
    Flag("--tcp", "tcp", "HOST:PORT", "port that must accept"),
    Flag("--ping", "ping", "HOST", "host that must answer"),
)
CHECK_FLAGS = (
    Flag("--interval", "interval", "TIME", "time between two probes (default: 1s)"),
    Flag("--timeout", "timeout", "TIME", "time for all of a probe (default: 800ms)"),
    Flag("--fall", "fall", "N", "failures in a row that mean dead (default: 2)", number=True),
    Flag("--rise", "rise", "N", "passes in a row that mean back (default: 2)", number=True),
)
FLAGS = (*ADDRESS_FLAGS, *TARGET_FLAGS, *CHECK_FLAGS)
RELEASE_WHEN_BACK = "--release-when-back"


def register(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = commands.add_parser(
        "takeover",
        help="watch a server, take its address when it fails (without VRRP)",
        description="Watch one server; after some failures in a row, and if nobody on the link "
        "answers for its address, take that address. One line is printed per event, with its "
        "reason. Exactly one of --http, --tcp and --ping says what is watched.",
        epilog="SIGTERM and Ctrl-C let the address go.",
    )
    for flag in FLAGS:
        # Each may be given once; a second one must not silently win.
        parser.add_argument(
            flag.flag, dest=flag.attribute, metavar=flag.metavar, help=flag.help, action="append"
        )
    parser.add_argument(
        "--force", action="store_true", help="take it although another host answers for it"
    )
    parser.add_argument(
        RELEASE_WHEN_BACK, action="store_true", help="let it go when the server is back"
    )
    parser.add_argument(
        "--no-guardian", action="store_true", help="no helper process that outlives a kill"
    )
    parser.add_argument(
        "--log-format",
        choices=("text", "json"),
        default="text",
        help="how events are printed (default: text)",
    )
    parser.set_defaults(func=run)


def run(args: argparse.Namespace) -> int:
    """Run until told to stop."""
    import_asyncio()
    from pyvrrp.daemon.logs import choose_format  # noqa: PLC0415 - not for the help
    from pyvrrp.daemon.takeover import run as live  # noqa: PLC0415 - the same

    guardian: Guardian | None = args.guardian
    if guardian is not None and args.no_guardian:
        guardian.close()
        guardian = None
    return live(configuration(args), guardian, choose_format(args.log_format))


def configuration(args: argparse.Namespace) -> "TakeoverConfig":
    """Return what the flags describe; raise ConfigurationError, with the flags for paths."""
    from pyvrrp.config.parse_takeover import takeover  # noqa: PLC0415 - not for the help

    problems = _repeated(args)
    target = _values(args, TARGET_FLAGS)
    if len(target) != 1:
        problems.append(Problem("", "exactly one of --http, --tcp and --ping is needed"))
        target = {"http": "http://192.0.2.1/"}  # stands in while the rest is looked at
    try:
        config = takeover(
            _values(args, ADDRESS_FLAGS),
            {**target, **_values(args, CHECK_FLAGS)},
            SOURCE,
            force=args.force,
            release_when_back=args.release_when_back,
            guardian=not args.no_guardian,
        )
    except ConfigurationError as error:
        problems += map(_by_flag, error.problems)
    if problems:
        raise ConfigurationError(SOURCE, problems)
    return config


def _repeated(args: argparse.Namespace) -> list[Problem]:
    return [
        Problem(flag.flag, "can be given only once")
        for flag in FLAGS
        if len(getattr(args, flag.attribute) or ()) > 1
    ]


def _values(args: argparse.Namespace, flags: tuple[Flag, ...]) -> dict[str, object]:
    values: dict[str, object] = {}
    for flag in flags:
        for value in getattr(args, flag.attribute) or ():
            # What is no number stays text, for the parser to refuse in its own words.
            is_number = flag.number and re.fullmatch(r"-?[0-9]{1,9}", value)
            values[flag.key] = int(value) if is_number else value
    return values


def _by_flag(problem: Problem) -> Problem:
    by_key = {flag.key: flag.flag for flag in FLAGS} | {"release_when_back": RELEASE_WHEN_BACK}
    key = problem.path.removeprefix("check.")
    return Problem(by_key.get(key, problem.path), problem.what)
