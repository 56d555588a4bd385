"""Read the words of the command line, run the command, and turn its errors into exit statuses."""

import argparse
import importlib
import io
import os
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from pyvrrp import __version__
from pyvrrp.cli.base.exit_status import REFUSED, USAGE
from pyvrrp.errors import ConfigurationError, ControlError, KernelError, VrrpError

if TYPE_CHECKING:
    from pyvrrp.net.guardian.parent import GuardianProcess

INTERRUPTED = 130  # 128 + SIGINT, as shells have it


def run_command(
    words: Sequence[str], modules: Mapping[str, str], guardian: "GuardianProcess | None"
) -> int:
    """Run the command that *words* name and return its exit status.

    *modules* has the module of each command, below ``pyvrrp.cli``. The command finds *guardian* as
    ``args.guardian``.
    """
    if isinstance(sys.stdout, io.TextIOWrapper):
        # Print characters that the terminal cannot show as escapes instead of failing.
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        args = _parser(words, modules).parse_args(words)
        args.guardian = guardian
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


def _parser(words: Sequence[str], modules: Mapping[str, str]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="pyvrrp",
        description="VRRP for Linux. Only a node whose health checks pass holds the addresses.",
    )
    parser.add_argument("--version", action="version", version=f"pyvrrp {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    # Only the module of the given command is imported: `status` does not wait for the modules of
    # `check`.
    wanted = [name for name in modules if name in words[:1]] or list(modules)
    for name in wanted:
        importlib.import_module(f"pyvrrp.cli.{modules[name]}").register(commands)
    return parser
