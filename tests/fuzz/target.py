"""What is fuzzed: a function that reads octets of a stranger, and what may come out of it."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

CORPUS = Path(__file__).parent / "corpus"


def unchanged(octets: bytes) -> bytes:
    return octets


@dataclass(frozen=True)
class Target:
    """One reader.

    *run* returns for every input. It handles the errors that the reader documents; every other
    exception is a finding. *tokens* are words of the format. *repair* makes lengths and checksums
    of an input right, so that mutations get past the first checks.
    """

    name: str
    run: Callable[[bytes], None]
    tokens: tuple[bytes, ...] = ()
    repair: Callable[[bytes], bytes] = unchanged

    def corpus(self) -> list[bytes]:
        """Return the inputs of the repository, in the order of their names."""
        return [file.read_bytes() for file in sorted((CORPUS / self.name).iterdir())]
