"""``pyvrrp takeover``: watch a server and take its address when it fails, without VRRP."""

import argparse
from typing import TYPE_CHECKING

from pyvrrp.cli.base.arguments import add_log_format
from pyvrrp.cli.base.router_flags import SOURCE, SWITCHES, Flag
from pyvrrp.errors import ConfigurationError, Problem
from pyvrrp.net.system.lean_asyncio import import_asyncio

if TYPE_CHECKING:
    from pyvrrp.config.model.takeover import TakeoverConfig
    from pyvrrp.net.guardian.parent import GuardianProcess

ADDRESS_FLAGS = (
    Flag("--interface", "interface", "NAME", "interface that gets the address"),
    Flag("--address", "address", "ADDRESS", "address of the server, with its prefix length"),
    Flag("--lease", "lease", "TIME", "address lease: auto (default: 2s), off or whole seconds"),
)
TARGET_FLAGS = (
    Flag("--http", "http", "URL", "URL that must answer"),
    Flag("--tcp", "tcp", "HOST:PORT", "port that must accept"),
    Flag("--ping", "ping", "HOST", "host that must answer"),
)
CHECK_FLAGS = (
    Flag("--interval", "interval", "TIME", "time between two probes (default: 1s)"),
    Flag("--timeout", "timeout", "TIME", "limit for one whole probe (default: 800ms)"),
    Flag("--fall", "fall", "N", "failures in a row that mean dead (default: 2)", number=True),
    Flag("--rise", "rise", "N", "passes in a row that mean back (default: 2)", number=True),
)
FLAGS = (*ADDRESS_FLAGS, *TARGET_FLAGS, *CHECK_FLAGS)
RELEASE_WHEN_BACK = "--release-when-back"


def register(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = commands.add_parser(
        "takeover",
        help="watch a server and take its address when it fails (without VRRP)",
        description="Watch one server. After some failures in a row, take its address if no host "
        "on the link answers for it. It prints one line for each event, with the reason. Exactly "
        "one of --http, --tcp and --ping is needed.",
        epilog="SIGTERM and Ctrl-C release the address and end the command.",
    )
    for flag in FLAGS:
        # All values are kept, so that a flag that is given twice can be refused.
        parser.add_argument(
            flag.flag, dest=flag.attribute, metavar=flag.metavar, help=flag.help, action="append"
        )
    parser.add_argument(
        "--force", action="store_true", help="take the address even if another host has it"
    )
    parser.add_argument(
        RELEASE_WHEN_BACK, action="store_true", help="release the address when the server is back"
    )
    switch = "--no-guardian"
    parser.add_argument(switch, action="store_true", help=SWITCHES[switch][1])
    add_log_format(parser)
    parser.set_defaults(func=run)


def run(args: argparse.Namespace) -> int:
    """Watch the server until a signal ends the command."""
    import_asyncio()
    from pyvrrp.daemon.logs import choose_format  # noqa: PLC0415 - not for the help
    from pyvrrp.daemon.takeover import run as run_takeover  # noqa: PLC0415 - the same

    guardian: GuardianProcess | None = args.guardian
    if guardian is not None and args.no_guardian:
        guardian.close()
        guardian = None
    return run_takeover(configuration(args), guardian, choose_format(args.log_format))


def configuration(args: argparse.Namespace) -> "TakeoverConfig":
    """Return what the flags describe.

    Raise ConfigurationError with all problems at once; their paths are flags.
    """
    from pyvrrp.config.parse_takeover import takeover  # noqa: PLC0415 - not for the help

    problems = _repeated(args)
    target = _values(args, TARGET_FLAGS)
    if len(target) != 1:
        problems.append(Problem("", "exactly one of --http, --tcp and --ping is needed"))
        target = {"http": "http://192.0.2.1/"}  # any target, to find the other problems too
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
        for text in getattr(args, flag.attribute) or ():
            values[flag.key] = flag.value(text)
    return values


def _by_flag(problem: Problem) -> Problem:
    by_key = {flag.key: flag.flag for flag in FLAGS} | {"release_when_back": RELEASE_WHEN_BACK}
    key = problem.path.removeprefix("check.")
    return Problem(by_key.get(key, problem.path), problem.what)
