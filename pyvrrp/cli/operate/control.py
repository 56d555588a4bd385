"""Talk to a running daemon over its control socket."""

import argparse
import json
import socket
from pathlib import Path

from pyvrrp.errors import ControlError, UsageError

DIRECTORY = Path("/run/pyvrrp")
PATIENCE_SECONDS = 5.0
LARGEST_ANSWER = 64 * 1024 * 1024


def add_flags(parser: argparse.ArgumentParser) -> None:
    """Add the flags that say which daemon is meant."""
    parser.add_argument("--socket", type=Path, metavar="PATH", help="control socket of the daemon")
    parser.add_argument("--node", help=f"the daemon of this node: {DIRECTORY}/NODE.sock")


def find_socket(args: argparse.Namespace) -> Path:
    """Return the control socket meant; raise ControlError if that is not clear."""
    if args.socket is not None:
        return Path(args.socket)
    if args.node:
        return DIRECTORY / f"{args.node}.sock"
    found = sorted(DIRECTORY.glob("*.sock"))
    if not found:
        raise ControlError(
            f"no daemon found: there is no control socket in {DIRECTORY}; "
            "if it has another place, name it with --socket"
        )
    if len(found) > 1:
        names = ", ".join(path.stem for path in found)
        raise ControlError(f"several daemons run here ({names}); choose one with --node")
    return found[0]


def ask(path: Path, command: str, **arguments: object) -> dict[str, object]:
    """Send one command and return the answer.

    Raise ControlError if there is none, or the daemon cannot; UsageError for what is not meant.
    """
    request = json.dumps({"command": command, **arguments}).encode() + b"\n"
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as daemon:
            daemon.settimeout(PATIENCE_SECONDS)
            daemon.connect(str(path))
            daemon.sendall(request)
            with daemon.makefile("rb") as stream:
                line = stream.readline(LARGEST_ANSWER)
    except TimeoutError as error:
        raise ControlError(
            f"the daemon at {path} did not answer within {PATIENCE_SECONDS:g} s"
        ) from error
    except OSError as error:
        raise ControlError(f"cannot reach a daemon at {path}: {error.strerror or error}") from error
    try:
        answer = json.loads(line)
    except ValueError as error:
        raise ControlError(f"the daemon at {path} gave no usable answer") from error
    if not isinstance(answer, dict):
        raise ControlError(f"the daemon at {path} gave no usable answer")
    if "error" in answer:
        if answer.get("kind") == "usage":
            raise UsageError(str(answer["error"]))
        raise ControlError(f"the daemon at {path} refused: {answer['error']}")
    return answer
