"""How many plays begin: two nodes with pyvrrp, the better one first."""

from collections.abc import Callable

from plays.node import LabNode
from plays.play import Play


def two_nodes(
    play: Play, configuration: Callable[[int], str], priorities: tuple[int, int] = (200, 100)
) -> tuple[LabNode, LabNode]:
    """Add r1 and r2; *configuration* gives the text for a priority."""
    nodes = play.node("r1", "10.9.0.1/24"), play.node("r2", "10.9.0.2/24")
    for node, priority in zip(nodes, priorities, strict=True):
        node.pyvrrp(configuration(priority))
    return nodes


def start_in_turn(play: Play, first: LabNode, second: LabNode, address: str, within: float) -> None:
    """Start *first*, and *second* when *first* has *address*: at most *within* seconds later."""
    play.mark(f"{first.name} starts, then {second.name}")
    first.start()
    play.wait_for_holder(address, first.name, within=within)
    second.start()
