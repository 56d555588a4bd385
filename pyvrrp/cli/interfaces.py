"""``pyvrrp interfaces``: list the interfaces with their addresses and default gateways."""

import argparse
import json

from pyvrrp.cli.base.arguments import add_json
from pyvrrp.net.system.discovery import ListedInterface, list_interfaces


def register(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = commands.add_parser(
        "interfaces",
        help="list the interfaces with their addresses and default gateways",
        description="List the interfaces of this network namespace with their addresses and "
        "default gateways.",
    )
    add_json(parser)
    parser.set_defaults(func=run)


def run(args: argparse.Namespace) -> int:
    """Print the interfaces."""
    interfaces = list_interfaces()
    if args.json:
        print(json.dumps({"interfaces": [_as_object(one) for one in interfaces]}, indent=2))
    else:
        print("\n".join(_lines(interfaces)))
    return 0


def _as_object(interface: ListedInterface) -> dict[str, str | list[str]]:
    return {
        "name": interface.name,
        "mac": interface.mac,
        "addresses": [str(address) for address in interface.addresses],
        "default_gateways": [str(gateway) for gateway in interface.gateways],
    }


def _lines(interfaces: tuple[ListedInterface, ...]) -> list[str]:
    width = max((len(one.name) for one in interfaces), default=0)
    return [_line(one, width) for one in interfaces]


def _line(interface: ListedInterface, width: int) -> str:
    addresses = ", ".join(str(address) for address in interface.addresses) or "no address"
    line = f"{interface.name:<{width}}  {interface.mac or 'no MAC':<17}  {addresses}"
    if interface.gateways:
        gateways = ", ".join(str(gateway) for gateway in interface.gateways)
        line += f"  (default gateway {gateways})"
    return line
