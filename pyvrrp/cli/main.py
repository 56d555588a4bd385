"""The command ``pyvrrp``: one module per sub-command.

Exit status: 0 good, 1 the answer is no, 2 usage or configuration, 3 refused by the system.
"""

import argparse
import importlib
import io
import os
import sys
from collections.abc import Sequence

from pyvrrp import __version__
from pyvrrp.errors import ConfigurationError, ControlError, KernelError, VrrpError

COMMANDS = {  # with the module of each, below pyvrrp.cli
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
USAGE = 2
REFUSED = 3
INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    if isinstance(sys.stdout, io.TextIOWrapper):
        # A name that this terminal cannot show is no reason to fail.
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
        # Whoever read our output has gone; keep the interpreter from trying again at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    return status


def _parser(words: Sequence[str]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="pyvrrp",
        description="VRRP for Linux with a health fence: one address, one healthy node.",
    )
    parser.add_argument("--version", action="version", version=f"pyvrrp {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    # Only the command that is asked for is imported: `run` forks its guardian while the process
    # is still small, and `status` need not wait for what `check` imports.
    wanted = [name for name in COMMANDS if name in words[:1]] or list(COMMANDS)
    for name in wanted:
        importlib.import_module(f"pyvrrp.cli.{COMMANDS[name]}").register(commands)
    return parser
