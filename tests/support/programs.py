"""Small programs that tests run."""

from pathlib import Path


def script(path: Path, text: str = "#!/bin/sh\nexit 0\n", mode: int = 0o755) -> Path:
    """Write an executable script to *path* and return the path."""
    path.write_text(text)
    path.chmod(mode)
    return path
