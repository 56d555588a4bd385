"""The style sheet of the pages of the lab and of the simulator."""

from pathlib import Path


def style() -> str:
    """Return the style sheet, to be put into a page that needs nothing else."""
    return (Path(__file__).parent / "report.css").read_text(encoding="utf-8")
