"""The command ``pyvrrp``. Each of its commands is a module."""

import argparse
import importlib
import io
import os
import sys
from collections.abc import Sequence

from pyvrrp import __version__
from pyvrrp.cli.exit_status import REFUSED, USAGE
from pyvrrp.errors import ConfigurationError, ControlError, KernelError, VrrpError

COMMANDS = {  # the name of each command, and its module below pyvrrp.cli
    "run": "run",
    "check": "check",
    "plan": "plan",
    "status": "operate.status",
    "drain": "operate.drain",
    "undrain": "operate.undrain",
    "resign": "operate.resign",
    "priority": "operate.priority",
    "announce": "operate.announce",
    "takeover": "takeover",
    "decode": "captures.decode",
    "simulate": "simulate",
    "verify": "verify",
    "interfaces": "interfaces",
    "import-heartbeat": "import_heartbeat",
}
INTERRUPTED = 130  # 128 + SIGINT, as shells have it


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    if isinstance(sys.stdout, io.TextIOWrapper):
        # Print characters that the terminal cannot show as escapes instead of failing.
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        args = _parser(words).parse_args(words)
        status: int = args.func(args)
        sys.stdout.flush()
    except ConfigurationError as error:
        print(error, file=sys.stderr)
        return USAGE
    except (KernelError, ControlError) as error:
        print(f"pyvrrp: {error}", file=sys.stderr)
        return REFUSED
    except VrrpError as error:
        print(f"pyvrrp: {error}", file=sys.stderr)
        return USAGE
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # The reader of our output ended. Python would write the rest at exit and fail again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    return status


def _parser(words: Sequence[str]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="pyvrrp",
        description="VRRP for Linux. Only a node whose health checks pass holds the addresses.",
    )
    parser.add_argument("--version", action="version", version=f"pyvrrp {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    # Only the module of the given command is imported. So `run` forks its guardian while the
    # process is still small, and `status` does not wait for the modules of `check`.
    wanted = [name for name in COMMANDS if name in words[:1]] or list(COMMANDS)
    for name in wanted:
        importlib.import_module(f"pyvrrp.cli.{COMMANDS[name]}").register(commands)
    return parser
