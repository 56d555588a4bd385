"""``pyvrrp decode``: explain the advertisements in a capture file or in one hex string."""

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from ipaddress import ip_address
from pathlib import Path
from typing import BinaryIO

from pyvrrp.cli.base.exit_status import GOOD, NO, USAGE
from pyvrrp.cli.captures.capture_files import CaptureError, read_packets
from pyvrrp.cli.captures.explain import Explanation, as_json, as_text, explain
from pyvrrp.cli.captures.link_layers import READABLE_LINK_TYPES, ip_packet
from pyvrrp.errors import MalformedAdvertisementError, VrrpError
from pyvrrp.identity import Address
from pyvrrp.packet.datagram import build_datagram
from pyvrrp.packet.layout import family_of, group_of

_LARGEST_MESSAGE = 65_515  # octets; the largest payload of an IPv4 packet
_LINK_TYPES = "Ethernet, Linux cooked (1 or 2) or raw IP"


class _ArgumentsError(VrrpError):
    """The arguments contradict each other."""


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to the command line."""
    parser = subparsers.add_parser(
        "decode",
        help="explain the advertisements in a capture file",
        description="Print each VRRP advertisement of a capture with an explanation.",
        epilog="Exit status: 0 all advertisements are valid, 1 some are not, 2 the file cannot be "
        "read.",
    )
    parser.add_argument(
        "file", nargs="?", metavar="FILE", help="pcap or pcapng file, - for standard input"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object per line")
    parser.add_argument("--hex", metavar="OCTETS", help="explain this VRRP message, not a file")
    parser.add_argument("--source", type=_address, metavar="A", help="source address for --hex")
    parser.add_argument(
        "--destination",
        type=_address,
        metavar="A",
        help="destination address for --hex (default: the VRRP group)",
    )
    parser.set_defaults(func=run)


def run(args: argparse.Namespace) -> int:
    """Run the command; return its exit status."""
    skipped: Counter[str] = Counter()
    validity: Counter[bool] = Counter()
    try:
        for explanation in _explanations(args, skipped):
            validity[explanation.valid] += 1
            text = json.dumps(as_json(explanation)) if args.json else as_text(explanation)
            print(text, flush=True)
        status = NO if validity[False] else GOOD
    except _ArgumentsError as error:
        print(f"pyvrrp decode: {error}", file=sys.stderr)
        return USAGE
    except CaptureError as error:
        print(f"pyvrrp decode: {error}", file=sys.stderr)
        status = USAGE
    _print_summary(validity, skipped)
    return status


def _print_summary(validity: Counter[bool], skipped: Counter[str]) -> None:
    parts = [f"advertisements: {validity.total()}, invalid: {validity[False]}"]
    parts += [f"{what} skipped: {count}" for what, count in skipped.items()]
    print(", ".join(parts), file=sys.stderr)


def _explanations(args: argparse.Namespace, skipped: Counter[str]) -> Iterator[Explanation]:
    if (args.file is None) == (args.hex is None):
        raise _ArgumentsError("give either a FILE (- for standard input) or --hex")
    if args.hex is not None:
        yield from _from_hex(args.hex, args.source, args.destination)
        return
    if args.source is not None or args.destination is not None:
        raise _ArgumentsError("--source and --destination have a meaning with --hex only")
    yield from _from_file(args.file, skipped)


def _from_file(name: str, skipped: Counter[str]) -> Iterator[Explanation]:
    with ExitStack() as stack:
        if name == "-":
            name, stream = "standard input", sys.stdin.buffer
        else:
            stream = stack.enter_context(_opened(name))
        unreadable: set[int] = set()
        some_readable = False
        for packet in read_packets(stream, name):
            if packet.link_type not in READABLE_LINK_TYPES:
                unreadable.add(packet.link_type)
                skipped[f"packets of the unreadable link type {packet.link_type}"] += 1
                continue
            some_readable = True
            inner = ip_packet(packet.link_type, packet.data)
            explanation = explain(inner.data, inner.family, packet.time) if inner else None
            if explanation is None:
                skipped["other packets"] += 1
            else:
                yield explanation
        if unreadable and not some_readable:
            raise CaptureError(f"{name}: link type {min(unreadable)}: must be {_LINK_TYPES}")


def _opened(name: str) -> BinaryIO:
    try:
        return Path(name).open("rb")
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise CaptureError(f"{name}: cannot be opened: {reason}") from error


def _from_hex(
    text: str, source: Address | None, destination: Address | None
) -> Iterator[Explanation]:
    if source is None:
        raise _ArgumentsError(
            "--hex needs --source, because the family and the checksum depend on it"
        )
    try:
        message = bytes.fromhex(text.replace(":", " "))
    except ValueError as error:
        raise _ArgumentsError(f"--hex: {error}") from error
    if len(message) > _LARGEST_MESSAGE:
        raise _ArgumentsError(f"--hex: {len(message)} octets do not fit into a packet")
    family = family_of(source)
    try:
        packet = build_datagram(message, source, destination or group_of(family))
    except MalformedAdvertisementError as error:
        raise _ArgumentsError(f"--destination: {error}") from error
    explanation = explain(packet, family)
    if explanation is not None:
        yield explanation


def _address(text: str) -> Address:
    try:
        return ip_address(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
