"""Watch one segment from outside: the wire and the kernels' addresses, on one clock.

    python -m pyvrrp.testing.measure.observer
        --switch NAMESPACE --port PORT ... --node NAME=NAMESPACE ...

prints one JSON object a line until its standard input is closed: first `ready`, then
`advertisement`, `announcement` and `malformed` (with the port it came from as `node`) and
`address` (`held` true or false). `time` is Unix seconds.
"""

import argparse
import json
import selectors
import sys
import time
from collections.abc import Iterable, Sequence

from pyvrrp.testing.measure.address_monitor import AddressTruth
from pyvrrp.testing.measure.capture import PortCapture


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the observer."""
    parser = argparse.ArgumentParser(prog="observer", description=__doc__)
    parser.add_argument("--switch", required=True, help="the switch's network namespace")
    parser.add_argument("--port", action="append", default=[], help="a port to capture on")
    parser.add_argument("--node", action="append", default=[], metavar="NAME=NAMESPACE")
    options = parser.parse_args(arguments)
    watch(
        [PortCapture(options.switch, port) for port in options.port],
        {
            name: AddressTruth(namespace)
            for name, _equals, namespace in (node.partition("=") for node in options.node)
        },
    )
    return 0


def watch(captures: Iterable[PortCapture], truths: dict[str, AddressTruth]) -> None:
    """Print what is seen until standard input is closed."""
    with selectors.DefaultSelector() as selector:
        selector.register(sys.stdin, selectors.EVENT_READ, None)
        for capture in captures:
            selector.register(capture.socket, selectors.EVENT_READ, capture)
        for node, truth in truths.items():
            selector.register(truth.socket, selectors.EVENT_READ, (node, truth))
        _print({"time": time.time(), "kind": "ready"})
        while True:
            for key, _events in selector.select():
                if key.data is None:
                    return
                if isinstance(key.data, PortCapture):
                    _print_seen(key.data)
                else:
                    _print_holdings(*key.data)


def _print_seen(capture: PortCapture) -> None:
    seen = capture.read()
    if seen is not None:
        _print(seen)


def _print_holdings(node: str, truth: AddressTruth) -> None:
    for holding in truth.read():
        _print(
            {
                "time": time.time(),
                "kind": "address",
                "node": node,
                "address": holding.address,
                "interface": holding.interface,
                "held": holding.held,
            }
        )


def _print(event: dict[str, object]) -> None:
    sys.stdout.write(json.dumps(event) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
