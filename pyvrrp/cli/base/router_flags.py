"""Flags that describe one virtual router and its checks, instead of a configuration file.

Importing this module is cheap, because ``pyvrrp run`` does so before it forks its guardian.
"""

import argparse
import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pyvrrp.errors import ConfigurationError, Problem

if TYPE_CHECKING:
    from pyvrrp.config.model.configuration import Configuration

SOURCE = "command line"
DEFAULT_NAME = "default"
_NUMBER = re.compile(r"-?[0-9]{1,9}")
_PATH = re.compile(
    r'(?:virtual_router\[0\](?: "[^"]*")?\.|check\.[a-z0-9-]+\.)?(?P<key>[a-z_]+)'
    r"(?:\[(?P<index>[0-9]+)\])?"
)


@dataclass(frozen=True, slots=True)
class Flag:
    """One flag, and the key of the configuration that it sets."""

    flag: str
    key: str
    metavar: str
    help: str
    repeatable: bool = False
    number: bool = False

    @property
    def attribute(self) -> str:
        """The name of its attribute in the namespace of argparse."""
        return _attribute(self.flag)

    def value(self, text: str) -> int | str:
        """Return *text* as the value of the key.

        A text that is not a number stays as it is. The parser of the key refuses it.
        """
        return int(text) if self.number and _NUMBER.fullmatch(text) else text


def _attribute(flag: str) -> str:
    return f"router_{flag.removeprefix('--').replace('-', '_')}"


ROUTER_FLAGS = (
    Flag("--interface", "interface", "NAME", "interface that gets the addresses"),
    Flag("--vrid", "vrid", "N", "virtual router ID, 1 to 255", number=True),
    Flag("--address", "addresses", "ADDRESS", "virtual address; repeat for more", repeatable=True),
    Flag(
        "--peer", "peers", "ADDRESS", "use unicast to this node; repeat for more", repeatable=True
    ),
    Flag("--priority", "priority", "N", "1 to 254 (default: 100), 255 for an owner", number=True),
    Flag("--interval", "advertisement_interval", "TIME", 'such as "1s" (default) or "100ms"'),
    Flag("--version", "version", "N", "VRRP version, 2 or 3 (default)", number=True),
    Flag("--preempt-delay", "preempt_delay", "TIME", "time before preemption (default: 0s)"),
    Flag("--authentication", "authentication", "TEXT", "VRRPv2 password (not secret)"),
    Flag("--checksum", "checksum", "FORM", "auto (default), rfc9568 or rfc5798"),
    Flag("--claim-probe", "claim_probe", "WHAT", "warn, defer, refuse or off"),
    Flag("--when-all-fail", "when_all_fail", "WHAT", "release (default) or last-resort"),
    Flag("--lease", "lease", "TIME", "address lease: auto (default), off or whole seconds"),
    Flag("--name", "name", "NAME", f"name of the virtual router (default: {DEFAULT_NAME})"),
    Flag("--netns", "netns", "NAME", "network namespace of interface and checks"),
)
CHECK_FLAGS = (
    Flag("--check-interval", "interval", "TIME", "time between two probes (default: 1s)"),
    Flag("--check-timeout", "timeout", "TIME", "limit for one whole probe (default: 800ms)"),
    Flag("--rise", "rise", "N", "passes in a row that open the fence (default: 2)", number=True),
    Flag("--fall", "fall", "N", "failures in a row that close it (default: 2)", number=True),
)
TARGET_FLAGS = (
    Flag("--http", "http", "URL", "URL that must answer; repeat for more", repeatable=True),
    Flag("--tcp", "tcp", "HOST:PORT", "port that must accept; repeat for more", repeatable=True),
    Flag("--ping", "ping", "HOST", "host that must answer; repeat for more", repeatable=True),
    Flag("--exec", "exec", "COMMAND", "must exit with status 0; repeat for more", repeatable=True),
)
CONTROL_SOCKET = Flag("--control-socket", "control_socket", "PATH", "path of the control socket")
FLAGS = (*ROUTER_FLAGS, *TARGET_FLAGS, *CHECK_FLAGS, CONTROL_SOCKET)
SWITCHES = {
    "--no-preempt": ("preempt", "never take over from a living master of lower priority"),
    "--strict": ("strict", "discard advertisements that differ, as the RFC says"),
    "--no-guardian": ("guardian", "do not start the process that cleans up for a dead daemon"),
}


def add_flags(parser: argparse.ArgumentParser) -> None:
    """Add the flags to *parser*. Their values are text until `configuration` reads them."""
    group = parser.add_argument_group("one virtual router, without a configuration file")
    for flag in FLAGS:
        group.add_argument(
            flag.flag,
            dest=flag.attribute,
            metavar=flag.metavar,
            help=flag.help,
            action="append" if flag.repeatable else "store",
        )
    for switch, (_, meaning) in SWITCHES.items():
        dest = _attribute(switch)
        group.add_argument(switch, dest=dest, help=meaning, action="store_true", default=None)


def given(args: argparse.Namespace) -> bool:
    """Return whether any of the flags was used."""
    return bool(_used(args))


def configuration(args: argparse.Namespace) -> "Configuration":
    """Return the configuration that the flags describe.

    Raise ConfigurationError with all problems at once; their paths are flags.
    """
    # Imported here, because ``pyvrrp run`` imports this module before it forks its guardian.
    from pyvrrp.config.files.existence import unreadable_files  # noqa: PLC0415
    from pyvrrp.config.parse import parse  # noqa: PLC0415
    from pyvrrp.config.values.origins import ONE_FILE  # noqa: PLC0415

    problems = _misplaced(args)
    node = getattr(args, "node", None)
    try:
        parsed = parse(_document(args), SOURCE, node=node, hostname=os.uname().nodename)
        problems += map(_by_flag, unreadable_files(parsed, ONE_FILE))
    except ConfigurationError as error:
        # All checks get the values of the same flags, and each of them reports the same problems.
        problems += dict.fromkeys(_by_flag(problem) for problem in error.problems)
    if problems:
        raise ConfigurationError(SOURCE, problems)
    return parsed


def _used(args: argparse.Namespace) -> list[str]:
    attributes = {flag.flag: flag.attribute for flag in FLAGS}
    attributes |= {switch: _attribute(switch) for switch in SWITCHES}
    return [flag for flag, attribute in attributes.items() if getattr(args, attribute) is not None]


def _misplaced(args: argparse.Namespace) -> list[Problem]:
    used = _used(args)
    problems: list[Problem] = []
    if getattr(args, "config", None) is not None:
        what = f"excludes the flags that describe a virtual router: {', '.join(used)}"
        problems.append(Problem("--config", what))
    if not _checks(args):
        without_effect = [flag.flag for flag in CHECK_FLAGS if flag.flag in used]
        *others, last = (flag.flag for flag in TARGET_FLAGS)
        what = f"needs {', '.join(others)} or {last}"
        problems += [Problem(flag, what) for flag in without_effect]
    return problems


def _document(args: argparse.Namespace) -> dict[str, object]:
    checks = _checks(args)
    router = _values(args, ROUTER_FLAGS)
    router.setdefault("name", DEFAULT_NAME)
    router["checks"] = list(checks)
    if args.router_no_preempt:
        router["preempt"] = False
    if args.router_strict:
        router["strict"] = True
    document = {"virtual_router": [router], "check": checks, **_values(args, (CONTROL_SOCKET,))}
    if args.router_no_guardian:
        document["guardian"] = False
    return document


def _values(args: argparse.Namespace, flags: tuple[Flag, ...]) -> dict[str, object]:
    values: dict[str, object] = {}
    for flag in flags:
        given_value = getattr(args, flag.attribute)
        if given_value is not None:
            values[flag.key] = given_value if flag.repeatable else flag.value(given_value)
    return values


def _checks(args: argparse.Namespace) -> dict[str, dict[str, object]]:
    common = _values(args, CHECK_FLAGS)
    if args.router_netns is not None:
        common["netns"] = args.router_netns
    checks: dict[str, dict[str, object]] = {}
    for flag in TARGET_FLAGS:
        for number, target in enumerate(getattr(args, flag.attribute) or (), start=1):
            name = flag.key if number == 1 else f"{flag.key}-{number}"
            checks[name] = {flag.key: target, **common}
    return checks


def _by_flag(problem: Problem) -> Problem:
    of_check = problem.path.startswith("check.")
    flags = (*TARGET_FLAGS, *CHECK_FLAGS) if of_check else (*ROUTER_FLAGS, CONTROL_SOCKET)
    by_key = {flag.key: flag.flag for flag in flags} | {"node": "--node", "netns": "--netns"}
    by_key |= {key: switch for switch, (key, _) in SWITCHES.items()}
    match = _PATH.fullmatch(problem.path)
    if match is None or match["key"] not in by_key:
        return problem
    place = f" ({int(match['index']) + 1})" if match["index"] else ""
    return Problem(f"{by_key[match['key']]}{place}", problem.what)
