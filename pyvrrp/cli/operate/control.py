"""Send requests to a running daemon over its control socket."""

import argparse
import json
import socket
from pathlib import Path

from pyvrrp.config.model.paths import CONTROL_DIRECTORY
from pyvrrp.errors import ControlError, UsageError
from pyvrrp.foreign_text import printable

TIMEOUT_SECONDS = 5.0
LARGEST_ANSWER = 64 * 1024 * 1024  # octets
_LONGEST_TEXT = 16_384  # characters


def add_flags(parser: argparse.ArgumentParser) -> None:
    """Add the flags that choose a daemon."""
    parser.add_argument("--socket", type=Path, metavar="PATH", help="control socket of the daemon")
    parser.add_argument("--node", help=f"use the control socket {CONTROL_DIRECTORY}/NODE.sock")


def find_socket(args: argparse.Namespace) -> Path:
    """Return the control socket of the chosen daemon, else of the only one that runs.

    Raise ControlError if none runs or several do.
    """
    if args.socket is not None:
        return Path(args.socket)
    if args.node:
        return CONTROL_DIRECTORY / f"{args.node}.sock"
    found = sorted(CONTROL_DIRECTORY.glob("*.sock"))
    if not found:
        raise ControlError(
            f"no daemon found: there is no control socket in {CONTROL_DIRECTORY}; "
            "use --socket if it is at another path"
        )
    if len(found) > 1:
        names = ", ".join(path.stem for path in found)
        raise ControlError(f"several daemons run here ({names}); choose one with --node")
    return found[0]


def ask(path: Path, command: str, **arguments: object) -> dict[str, object]:
    """Send one request and return the answer of the daemon, for which it has 5 s.

    Raise what `ask_within` raises.
    """
    return ask_within(TIMEOUT_SECONDS, path, command, **arguments)


def ask_within(patience: float, path: Path, command: str, **arguments: object) -> dict[str, object]:
    """Send one request and return the answer of the daemon, for which it has *patience* seconds.

    Raise ControlError if there is no usable answer or the daemon refuses. Raise UsageError if the
    request is wrong.
    """
    request = json.dumps({"command": command, **arguments}).encode() + b"\n"
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as daemon:
            daemon.settimeout(patience)
            daemon.connect(str(path))
            daemon.sendall(request)
            with daemon.makefile("rb") as stream:
                line = stream.readline(LARGEST_ANSWER)
    except TimeoutError as error:
        raise ControlError(f"the daemon at {path} did not answer within {patience:g} s") from error
    except OSError as error:
        raise ControlError(f"cannot reach a daemon at {path}: {error.strerror or error}") from error
    try:
        answer = _clean(json.loads(line))
    except (ValueError, RecursionError) as error:
        raise no_usable_answer(path) from error
    if not isinstance(answer, dict):
        raise no_usable_answer(path)
    if "error" in answer:
        if answer.get("kind") == "usage":
            raise UsageError(str(answer["error"]))
        raise ControlError(f"the daemon at {path} refused: {answer['error']}")
    return answer


def no_usable_answer(path: Path) -> ControlError:
    """Return the error for an answer that is not one of pyvrrp."""
    return ControlError(f"the daemon at {path} gave no usable answer")


def _clean(value: object) -> object:
    """Return a value of JSON with all its texts printable: they are shown on a terminal."""
    match value:
        case str():
            return printable(value, _LONGEST_TEXT)
        case list():
            return [_clean(inner) for inner in value]
        case dict():
            return {printable(key, _LONGEST_TEXT): _clean(inner) for key, inner in value.items()}
        case _:
            return value
