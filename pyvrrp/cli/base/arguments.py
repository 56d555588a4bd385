"""Command line arguments that several commands have. Importing this module is cheap."""

import argparse
from pathlib import Path

from pyvrrp.config.model.paths import CONFIGURATION_FILE


def add_file(parser: argparse.ArgumentParser) -> None:
    """Add the optional argument FILE: the configuration to read."""
    parser.add_argument(
        "file",
        nargs="?",
        type=Path,
        default=CONFIGURATION_FILE,
        metavar="FILE",
        help=f"configuration file (default: {CONFIGURATION_FILE})",
    )


def add_identifier(parser: argparse.ArgumentParser) -> None:
    """Add ``-i``: which lines of a keepalived.conf are meant."""
    parser.add_argument(
        "-i",
        "--identifier",
        metavar="ID",
        help="of a keepalived.conf take the lines of @ID (default: --node if given, else the host "
        "name up to its first dot)",
    )


def add_node(parser: argparse.ArgumentParser) -> None:
    """Add ``--node``: the name of this node."""
    parser.add_argument(
        "--node", help="name of this node (default: the one in the file, else the host name)"
    )


def add_json(parser: argparse.ArgumentParser) -> None:
    """Add ``--json``."""
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def add_log_format(parser: argparse.ArgumentParser) -> None:
    """Add ``--log-format``."""
    parser.add_argument(
        "--log-format",
        choices=("text", "json"),
        default="text",
        help="format of the printed events (default: text)",
    )
