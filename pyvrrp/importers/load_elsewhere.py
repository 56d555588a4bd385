"""Read a configuration in a process of its own, so that a large file delays nothing.

The process is this module as a program. It writes pickled values: what a configuration is apart
from its virtual routers, and then each virtual router alone. So the process that reads them can do
something else in between.
"""

import os
import pickle  # between two processes of the same program
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

from pyvrrp.config.model.configuration import Configuration, VirtualRouterConfig
from pyvrrp.errors import ConfigurationError, Problem
from pyvrrp.importers.load import load_file

LONGEST = 30  # seconds; a file on a disk that does not answer
_NICE = 10  # so that the daemon runs first
_CODE = (
    "import sys; n = int(sys.argv[1]) + 2; sys.path[:] = sys.argv[2:n]; "
    "from pyvrrp.importers.load_elsewhere import main; main(sys.argv[n:])"
)


def load_elsewhere(
    path: Path,
    node: str | None,
    identifier: str | None = None,
    environment: Mapping[str, str] | None = None,
) -> Configuration:
    """Return the configuration that `load_file` returns. It blocks for 30 s at most.

    Raise ConfigurationError with all problems.
    """
    source = [str(Path(entry or ".").absolute()) for entry in sys.path]
    asked = (str(path), node or "", identifier or "")
    words = ("-I", "-S", "-B", "-c", _CODE, str(len(source)), *source, *asked)
    command = (sys.executable, *words)
    try:
        done = subprocess.run(  # noqa: S603 - this very program
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=LONGEST,
            check=False,
            env=dict(os.environ if environment is None else environment),
        )
    except subprocess.TimeoutExpired as error:
        raise _failed(path, f"could not be read within {LONGEST} s") from error
    except OSError as error:
        raise _failed(path, f"no process to read it: {error.strerror}") from error
    if done.returncode != 0:
        last = done.stderr.decode(errors="replace").strip().splitlines()[-1:]
        raise _failed(path, f"the process that reads it has failed: {''.join(last)}")
    return _unpacked(path, done.stdout)


def _failed(path: Path, what: str) -> ConfigurationError:
    return ConfigurationError(str(path), [Problem("", what)])


def _unpacked(path: Path, octets: bytes) -> Configuration:
    head, *routers = _pieces(octets)
    if isinstance(head, list):
        raise ConfigurationError(str(path), [Problem(*one) for one in head])
    if not isinstance(head, Configuration):
        raise _failed(path, "the process that reads it has answered nothing")
    here = [one for one in routers if isinstance(one, VirtualRouterConfig)]
    return replace(head, virtual_routers=tuple(here))


def _pieces(octets: bytes) -> list[object]:
    pieces: list[object] = []
    at = 0
    while at < len(octets):
        length = int.from_bytes(octets[at : at + 4])
        pieces.append(pickle.loads(octets[at + 4 : at + 4 + length]))  # noqa: S301 - our own child
        at += 4 + length
    return pieces


def _write(stream: BinaryIO, value: object) -> None:
    piece = pickle.dumps(value, pickle.HIGHEST_PROTOCOL)
    stream.write(len(piece).to_bytes(4) + piece)


def main(words: list[str]) -> None:
    """Run the program: *words* are the file, the name of the node and its identifier."""
    signal.alarm(LONGEST)  # the daemon may have died
    os.nice(_NICE)
    path, node, identifier = words
    out = sys.stdout.buffer
    try:
        loaded = load_file(Path(path), node=node or None, identifier=identifier or None)
        configuration = loaded.configuration
    except ConfigurationError as error:
        _write(out, [(problem.path, problem.what) for problem in error.problems])
    else:
        _write(out, replace(configuration, virtual_routers=()))
        for router in configuration.virtual_routers:
            _write(out, router)
    out.flush()
